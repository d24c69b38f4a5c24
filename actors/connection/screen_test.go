package connection

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/gen"
)

// slow is an access driver that takes its time and lets nobody see "no".
type slow struct {
	refuses string // a permission
	mu      sync.Mutex
	objects []string
}

func (s *slow) Allowed(ctx context.Context, _ dispatch.Identity, questions []dispatch.Question) []bool {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return make([]bool, len(questions))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answers := make([]bool, len(questions))
	for i, q := range questions {
		s.objects = append(s.objects, q.Details[dispatch.DriverDetail]+" "+q.Object+" "+q.Permission)
		answers[i] = q.Details["domain_name"] != "no" && q.Object+":"+q.Permission != s.refuses
	}
	return answers
}

func (b *bench) guard(a dispatch.Access) *bench {
	b.session = dispatch.NewSession(1, dispatch.Identity{PID: 7, UID: 7, GID: 1}, false, a, silent{})
	b.session.Peer = b.peer
	return b
}

func TestOpeningIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, everything).guard(&slow{refuses: "connect:getattr"})
		b.refused(b.open("", 0), virerr.AccessDenied, "access denied: 'qemu' denied access")
		if b.session.Opened() {
			t.Error("the connection is open all the same")
		}
	})
}

func TestEventsAreScreened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &slow{}
		b := newBench(t, everything).guard(a)
		if err := b.open("", 0); err != nil {
			t.Fatal(err)
		}
		hear := b.service.screen(b.session, events.Domain)
		var heard []string
		for _, name := range []string{"a", "no", "b", "no", "c"} {
			hear(&remote.DomainEventLifecycleMsg{Dom: remote.NonnullDomain{Name: name}}, func() { heard = append(heard, name) })
		}
		<-b.service.screens.Drained()
		if !slices.Equal(heard, []string{"a", "b", "c"}) {
			t.Error(heard)
		}
		if want := "qemu domain getattr"; a.objects[len(a.objects)-1] != want {
			t.Error(a.objects)
		}
		before := len(a.objects)
		b.session.End()
		hear(&remote.DomainEventLifecycleMsg{}, func() { t.Error("who has gone hears of an event") })
		<-b.service.screens.Drained()
		if len(a.objects) != before {
			t.Error("polkit is asked for one who has gone")
		}
		b.service.Close()
	})
}

// Each kind of event is asked about as the procedure that registers it says.
func TestScreensAreThoseOfTheRegistrations(t *testing.T) {
	for k, p := range map[events.Kind]*program.Procedure{
		events.Domain:      remote.Program.Procedure(remote.ProcConnectDomainEventCallbackRegisterAny),
		events.Network:     remote.Program.Procedure(remote.ProcConnectNetworkEventRegisterAny),
		events.StoragePool: remote.Program.Procedure(remote.ProcConnectStoragePoolEventRegisterAny),
		events.NodeDevice:  remote.Program.Procedure(remote.ProcConnectNodeDeviceEventRegisterAny),
		events.Secret:      remote.Program.Procedure(remote.ProcConnectSecretEventRegisterAny),
		events.Monitor:     qemuprog.Program.Procedure(qemuprog.ProcConnectDomainMonitorEventRegister),
	} {
		if want := []string{screenedObjects[k] + ":getattr"}; !slices.Equal(p.ACLFilter, want) {
			t.Errorf("%s: %q", p.Name, p.ACLFilter)
		}
	}
	for object, msg := range map[string]xdr.Value{
		"network":      &remote.NetworkEventLifecycleMsg{Net: remote.NonnullNetwork{Name: "n"}},
		"storage_pool": &remote.StoragePoolEventLifecycleMsg{Pool: remote.NonnullStoragePool{Name: "p"}},
		"node_device":  &remote.NodeDeviceEventLifecycleMsg{Dev: remote.NonnullNodeDevice{Name: "d"}},
		"secret":       &remote.SecretEventLifecycleMsg{Secret: remote.NonnullSecret{UsageType: 1, UsageID: "/v"}},
		"domain":       &qemuprog.DomainMonitorEventMsg{},
	} {
		details := detailsOf(dispatch.Named(object, msg))
		if details == nil {
			t.Errorf("an event of a %s does not tell of which", object)
		}
		if object == "secret" && details["secret_usage_volume"] != "/v" {
			t.Error(details)
		}
	}
}

func TestFloodsOfEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, everything).guard(&slow{})
		b.bus = events.NewBus(gen.NewSystem(), "events")
		hear := b.service.screen(b.session, events.Domain)
		n := 0
		for range 3 * screened {
			hear(&remote.DomainEventLifecycleMsg{}, func() { n++ })
		}
		<-b.service.screens.Drained()
		if n < screened || n > screened+screenedAtOnce {
			t.Error(n)
		}
		b.service.Close()
	})
}
