package events

import (
	"fmt"
	"regexp"
	"slices"
	"testing"
	"testing/synctest"

	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// ear is a sink that remembers what it heard, by procedure and callback.
type ear struct{ heard []string }

func (e *ear) Deliver(frame []byte, callback int32) {
	h, payload, err := wire.Parse(frame)
	if err != nil {
		e.heard = append(e.heard, err.Error())
		return
	}
	if callback != NoCallback {
		frame = slices.Clone(frame)
		SetCallback(frame, callback)
		if got := xdr.NewDecoder(frame[CallbackAt:]).Int32(); got != callback {
			e.heard = append(e.heard, fmt.Sprintf("callback %d became %d", callback, got))
		}
	}
	e.heard = append(e.heard, fmt.Sprintf("%d/%d:%d", h.Procedure, callback, len(payload)))
}

// run gives a bus that delivers until the test's end.
func run(t *testing.T) *Bus {
	t.Helper()
	sys := gen.NewSystem()
	bus := NewBus(sys, "events")
	top, err := sys.Start(act.Supervisor{Children: []gen.Child{bus.Child()}}.Child("top", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sys.Stop(top, gen.Shutdown) })
	return bus
}

func lifecycle(dom remote.NonnullDomain, event int32) *remote.DomainEventLifecycleMsg {
	return &remote.DomainEventLifecycleMsg{Dom: dom, Event: event}
}

var (
	one = remote.NonnullDomain{Name: "one", UUID: remote.UUID{1}}
	two = remote.NonnullDomain{Name: "two", UUID: remote.UUID{2}}
)

func TestEachHearsWhatItAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := run(t)
		old, all, only, other := new(ear), new(ear), new(ear), new(ear)
		subs := []*Subscription{
			{Kind: Domain, ID: 0, Callback: NoCallback, Sink: old},
			{Kind: Domain, ID: 0, Sink: all},
			{Kind: Domain, ID: 0, Object: string(one.UUID[:]), Sink: only},
			{Kind: Domain, ID: 1, Sink: other},
		}
		for _, s := range subs {
			bus.Subscribe(s)
		}
		if subs[0].Callback != NoCallback || subs[1].Callback == subs[2].Callback {
			t.Error("callback numbers", subs[1].Callback, subs[2].Callback)
		}
		bus.Domain(one, 0, lifecycle(one, 2))
		bus.Domain(two, 0, lifecycle(two, 2))
		synctest.Wait()
		const size = 4 + 4 + 16 + 4 + 4 + 4 // name, UUID, number, event, detail
		plain := fmt.Sprintf("%d/-1:%d", remote.ProcDomainEventLifecycle, size)
		numbered := func(s *Subscription) string {
			return fmt.Sprintf("%d/%d:%d", remote.ProcDomainEventCallbackLifecycle, s.Callback, size+4)
		}
		expect(t, "old", old.heard, plain, plain)
		expect(t, "all", all.heard, numbered(subs[1]), numbered(subs[1]))
		expect(t, "only", only.heard, numbered(subs[2]))
		expect(t, "other", other.heard)
		bus.Unsubscribe(subs[0], subs[1])
		bus.Domain(one, 0, lifecycle(one, 5))
		synctest.Wait()
		expect(t, "old, gone", old.heard, plain, plain)
		expect(t, "only, still there", only.heard, numbered(subs[2]), numbered(subs[2]))
		if n := bus.Subscribers(Domain); n != 2 {
			t.Error(n, "subscribers")
		}
	})
}

func expect(t *testing.T, who string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s heard %q instead of %q", who, got, want)
	}
}

func TestOrderIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := run(t)
		e := new(order)
		bus.Subscribe(&Subscription{Kind: Domain, Sink: e})
		for i := range int32(1000) {
			bus.Domain(one, 0, lifecycle(one, i))
		}
		synctest.Wait()
		if len(e.events) != 1000 || !slices.IsSorted(e.events) {
			t.Error(len(e.events), "events, or out of order")
		}
	})
}

// order keeps the numbers of lifecycle events.
type order struct{ events []int32 }

func (o *order) Deliver(frame []byte, _ int32) {
	var m remote.DomainEventCallbackLifecycleMsg
	m.DecodeXDR(xdr.NewDecoder(frame[CallbackAt:]))
	o.events = append(o.events, m.Msg.Event)
}

// An event that nobody listens to is not queued, and a bus that nobody empties
// takes a bounded number.
func TestPublishingNeverBlocks(t *testing.T) {
	bus := NewBus(gen.NewSystem(), "nowhere")
	bus.Domain(one, 0, lifecycle(one, 2))
	bus.Subscribe(&Subscription{Kind: Domain, Sink: new(ear)})
	bus.Domain(one, 0, lifecycle(one, 2)) // there is no process
}

func TestOtherKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := run(t)
		for _, c := range []struct {
			kind Kind
			id   int32
			msg  xdr.Value
			proc int32
		}{
			{Network, 0, &remote.NetworkEventLifecycleMsg{}, remote.ProcNetworkEventLifecycle},
			{Network, 1, &remote.NetworkEventCallbackMetadataChangeMsg{}, remote.ProcNetworkEventCallbackMetadataChange},
			{StoragePool, 0, &remote.StoragePoolEventLifecycleMsg{}, remote.ProcStoragePoolEventLifecycle},
			{StoragePool, 1, &remote.StoragePoolEventRefreshMsg{}, remote.ProcStoragePoolEventRefresh},
			{NodeDevice, 0, &remote.NodeDeviceEventLifecycleMsg{}, remote.ProcNodeDeviceEventLifecycle},
			{NodeDevice, 1, &remote.NodeDeviceEventUpdateMsg{}, remote.ProcNodeDeviceEventUpdate},
			{Secret, 0, &remote.SecretEventLifecycleMsg{}, remote.ProcSecretEventLifecycle},
			{Secret, 1, &remote.SecretEventValueChangedMsg{}, remote.ProcSecretEventValueChanged},
		} {
			e, stranger := new(ear), new(ear)
			s := &Subscription{Kind: c.kind, ID: c.id, Object: "mine", Sink: e}
			bus.Subscribe(s)
			bus.Subscribe(&Subscription{Kind: c.kind, ID: c.id, Object: "another", Sink: stranger})
			bus.Object(c.kind, "mine", c.id, c.msg)
			bus.Object(c.kind, "mine", 1-c.id, c.msg)
			synctest.Wait()
			want := fmt.Sprintf("%d/%d:%d", c.proc, s.Callback, len(c.msg.AppendXDR(nil)))
			expect(t, c.kind.String(), e.heard, want)
			expect(t, c.kind.String()+" of another object", stranger.heard)
		}
	})
}

func TestMonitorEventsByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bus := run(t)
		all, stop := new(ear), new(ear)
		bus.Subscribe(&Subscription{Kind: Monitor, Sink: all})
		bus.Subscribe(&Subscription{Kind: Monitor, Match: regexp.MustCompile("^STOP$"), Sink: stop})
		for _, name := range []string{"STOP", "RESUME", "STOPPED"} {
			bus.Monitor(&qemuprog.DomainMonitorEventMsg{Dom: one, Event: name})
		}
		synctest.Wait()
		if len(all.heard) != 3 || len(stop.heard) != 1 {
			t.Error(all.heard, stop.heard)
		}
	})
}

func TestKnownEvents(t *testing.T) {
	if Domain.Known(-1) || Domain.Known(99) || !Domain.Known(0) || !Secret.Known(1) || Secret.Known(2) {
		t.Error("the wrong events are known")
	}
	if !Plain(0) || Plain(16) || Plain(17) || Plain(-1) || Plain(99) {
		t.Error("the wrong events can be told in the old way")
	}
}
