package wire

import (
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	libvirt "github.com/digitalocean/go-libvirt"
	"go.uber.org/zap"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// echo is a driver that gives back the parameters that it was given.
type echo struct{ table *dispatch.Table }

func newEcho() echo {
	t := dispatch.NewTable(&remote.Program)
	var kept []remote.TypedParam
	dispatch.Handle(t, remote.ProcDomainSetMemoryParameters, dispatch.Inline, func(_ *dispatch.Call, a *remote.DomainSetMemoryParametersArgs) (*dispatch.Void, error) {
		kept = a.Params
		return nil, nil
	})
	dispatch.Handle(t, remote.ProcDomainGetMemoryParameters, dispatch.Inline, func(*dispatch.Call, *remote.DomainGetMemoryParametersArgs) (*remote.DomainGetMemoryParametersRet, error) {
		return &remote.DomainGetMemoryParametersRet{Params: kept, Nparams: int32(len(kept))}, nil
	})
	return echo{t}
}

func (echo) Name() string        { return "QEMU" }
func (echo) Kind() program.Owner { return program.Hypervisor }
func (e echo) Table(p uint32) *dispatch.Table {
	return map[uint32]*dispatch.Table{remote.ID: e.table}[p]
}
func (echo) Open(*dispatch.Session, *url.URL) (driver.Verdict, error) { return driver.Accepted, nil }

func TestTypedParametersOfEveryType(t *testing.T) {
	sys := gen.NewSystem()
	bus := events.NewBus(sys, "events")
	server := rpc.New(rpc.Options{
		Name: "echo", Limits: rpc.Limits{Limits: act.Limits{Max: 1}, MaxClients: 10, MaxClientRequests: 5}, Log: zap.NewNop(),
		Dispatcher: dispatch.New(connection.New(driver.Roster{newEcho()}, bus).Tables()...),
	})
	path := filepath.Join(t.TempDir(), "s")
	socket, err := rpc.Listen("s", path, 0o700, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	top, err := sys.Start(act.Supervisor{Children: []gen.Child{bus.Child(), server.Child(nil, socket)}}.Child("top", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sys.Stop(top, gen.Shutdown) }()
	l := connect(t, path)
	set := []libvirt.TypedParam{
		{Field: "int", Value: *libvirt.NewTypedParamValueInt(-1 << 31)},
		{Field: "uint", Value: *libvirt.NewTypedParamValueUint(1<<32 - 1)},
		{Field: "llong", Value: *libvirt.NewTypedParamValueLlong(-1 << 63)},
		{Field: "ullong", Value: *libvirt.NewTypedParamValueUllong(1<<64 - 1)},
		{Field: "double", Value: *libvirt.NewTypedParamValueDouble(-1.5e-300)},
		{Field: "boolean", Value: *libvirt.NewTypedParamValueBoolean(1)},
		{Field: "string", Value: *libvirt.NewTypedParamValueString("naïve")},
		{Field: "empty", Value: *libvirt.NewTypedParamValueString("")},
	}
	if err := l.DomainSetMemoryParameters(libvirt.Domain{Name: "x"}, set, 0); err != nil {
		t.Fatal(err)
	}
	got, n, err := l.DomainGetMemoryParameters(libvirt.Domain{Name: "x"}, 8, 0)
	if err != nil || int(n) != len(set) || fmt.Sprint(got) != fmt.Sprint(set) {
		t.Errorf("%v became %v: %v", set, got, err)
	}
}
