package rpc_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// fake is a driver with one of each kind of call.
type fake struct {
	table *dispatch.Table
	hold  chan struct{} // slow calls wait for it
}

func newFake() *fake {
	f := &fake{table: dispatch.NewTable(&remote.Program), hold: make(chan struct{})}
	dispatch.Handle(f.table, remote.ProcConnectGetLibVersion, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetLibVersionRet, error) {
		return &remote.ConnectGetLibVersionRet{LibVer: 11003000}, nil
	})
	dispatch.Handle(f.table, remote.ProcConnectGetHostname, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
		return &remote.ConnectGetHostnameRet{Hostname: "fake.test"}, nil
	})
	dispatch.Handle(f.table, remote.ProcDomainDestroy, dispatch.Worker, func(c *dispatch.Call, _ *remote.DomainDestroyArgs) (*dispatch.Void, error) {
		return nil, c.Wait(func() error { <-f.hold; return nil })
	})
	dispatch.Handle(f.table, remote.ProcDomainGetState, dispatch.Inline, func(*dispatch.Call, *remote.DomainGetStateArgs) (*remote.DomainGetStateRet, error) {
		panic("as asked")
	})
	dispatch.Handle(f.table, remote.ProcDomainOpenConsole, dispatch.Worker, func(c *dispatch.Call, _ *remote.DomainOpenConsoleArgs) (*dispatch.Void, error) {
		here, there := net.Pipe()
		go func() { _, _ = io.Copy(there, there) }() // echo
		return nil, c.Stream(here)
	})
	return f
}

func (f *fake) Name() string        { return "QEMU" }
func (f *fake) Kind() program.Owner { return program.Hypervisor }
func (f *fake) DefaultURI() string  { return "qemu:///session" }
func (f *fake) Table(p uint32) *dispatch.Table {
	return map[uint32]*dispatch.Table{remote.ID: f.table}[p]
}
func (f *fake) Open(_ *dispatch.Session, u *url.URL) (driver.Verdict, error) {
	if u.Scheme != "qemu" {
		return driver.Declined, nil
	}
	return driver.Accepted, nil
}

// serve starts a server with a fake driver; it ends with the test.
func serve(t testing.TB, l rpc.Limits, readOnly bool) (path string, f *fake, bus *events.Bus, s *rpc.Server) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sock")
	f = newFake()
	sys := gen.NewSystem()
	bus = events.NewBus(sys, "events")
	s = rpc.New(rpc.Options{Name: "libvirtd", Limits: l, Log: zap.NewNop(),
		Dispatcher: dispatch.New(connection.New(driver.Roster{f}, bus).Tables()...)})
	socket, err := rpc.Listen("rw", path, 0o700, -1, readOnly)
	if err != nil {
		t.Fatal(err)
	}
	top, err := sys.Start(act.Supervisor{Children: []gen.Child{bus.Child(), s.Child(nil, socket)}}.Child("top", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(top, gen.Shutdown); err != nil {
			t.Error(err)
		}
		socket.Close()
	})
	return path, f, bus, s
}

var limits = rpc.Limits{Limits: act.Limits{Min: 2, Max: 4, Priority: 2}, MaxClients: 2000, MaxClientRequests: 5}

func dial(t testing.TB, path string) *wiretest.Client { return wiretest.Dial(t, path) }

func open(t testing.TB, path string) *wiretest.Client {
	t.Helper()
	c := dial(t, path)
	c.Open("")
	return c
}

func TestErrors(t *testing.T) {
	path, _, _, _ := serve(t, limits, true)
	p := dial(t, path)
	expect := func(e *virerr.Error, from virerr.Domain, code virerr.Code, message string) {
		t.Helper()
		if e == nil || e.From != from || e.Code != code || e.Message != message {
			t.Errorf("%+v instead of %s", e, message)
		}
	}
	expect(p.Call(remote.ProcConnectGetHostname, nil, nil), virerr.FromRPC, virerr.InternalError, "internal error: hypervisor connection not open")
	expect(p.Call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: ptr("xen:///system")}, nil), virerr.FromNone, virerr.NoConnect, "no connection driver available for xen:///system")
	p.Open("")
	expect(p.Call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: ptr("")}, nil), virerr.FromRPC, virerr.InternalError, "internal error: connection already open")
	expect(p.Call(remote.ProcDomainDestroy, &remote.DomainDestroyArgs{}, nil), virerr.FromDomain, virerr.OperationDenied, "operation forbidden: read only access prevents virDomainDestroy")
	expect(p.Call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{Flags: 1}, nil), virerr.FromDomain, virerr.OperationDenied, "operation forbidden: virDomainGetXMLDesc with secure flag")
	expect(p.Call(remote.ProcDomainGetXMLDesc, &remote.DomainGetXMLDescArgs{}, nil), virerr.FromDomain, virerr.NoSupport, "this function is not supported by the connection driver: virDomainGetXMLDesc")
	expect(p.Call(remote.ProcConnectNumOfNetworks, nil, nil), virerr.FromNetwork, virerr.NoSupport, "this function is not supported by the connection driver: virConnectNumOfNetworks")
	expect(p.Call(99999, nil, nil), virerr.FromRPC, virerr.RPC, "unknown procedure: 99999")
	expect(p.Call(-1, nil, nil), virerr.FromRPC, virerr.RPC, "unknown procedure: -1")
	expect(p.Call(remote.ProcDomainEventLifecycle, nil, nil), virerr.FromRPC, virerr.RPC, "unknown procedure: 107")
	expect(p.Call(remote.ProcDomainGetState, nil, nil), virerr.FromRPC, virerr.RPC, "Unable to decode message payload")
	expect(p.Call(remote.ProcDomainGetState, &remote.DomainGetStateArgs{}, nil), virerr.FromRPC, virerr.InternalError, "internal error: DOMAIN_GET_STATE failed: as asked")
	h := p.Header(1)
	h.Program = 4711
	p.Send(h, nil)
	expect(p.Answer(nil), virerr.FromRPC, virerr.RPC, "Cannot find program 4711 version 1")
	h = p.Header(1)
	h.Version = 9
	p.Send(h, nil)
	expect(p.Answer(nil), virerr.FromRPC, virerr.RPC, "Cannot find program 536903814 version 9")
	h = p.Header(1)
	h.Status = wire.Continue
	p.Send(h, nil)
	expect(p.Answer(nil), virerr.FromRPC, virerr.RPC, "Unexpected message status 2")
	var host remote.ConnectGetHostnameRet
	if err := p.Call(remote.ProcConnectGetHostname, nil, &host); err != nil || host.Hostname != "fake.test" {
		t.Error("the connection suffered", err, host)
	}
}

func ptr[T any](v T) *T { return &v }

func TestBadFramesEndTheirConnectionOnly(t *testing.T) {
	path, _, _, _ := serve(t, limits, false)
	good := dial(t, path)
	good.Open("")
	for _, b := range [][]byte{{0, 0, 0, 0}, {0xff, 0xff, 0xff, 0xff},
		wire.AppendRaw(nil, wire.Header{Program: remote.ID, Version: 1, Type: wire.CallWithFDs}, []byte{0, 0, 1, 0}),
	} {
		p := dial(t, path)
		if _, err := p.Conn.Write(b); err != nil {
			t.Fatal(err)
		}
		if n, err := p.Conn.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("%x was answered", b)
		}
	}
	if err := good.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
}

func TestSplitAndJoinedFrames(t *testing.T) {
	path, _, _, _ := serve(t, limits, false)
	p := open(t, path)
	var stream []byte
	for range 50 {
		stream, _ = wire.Append(stream, p.Header(remote.ProcConnectGetHostname), nil)
	}
	for len(stream) > 0 {
		n := min(len(stream), 11)
		if _, err := p.Conn.Write(stream[:n]); err != nil {
			t.Fatal(err)
		}
		stream = stream[n:]
	}
	for i := range 50 {
		if h := p.Receive(); int(h.Serial) != i+2 {
			t.Fatalf("answer %d has serial %d", i, h.Serial)
		}
	}
}

func TestQuotaLeavesKeepaliveAlone(t *testing.T) {
	path, f, _, s := serve(t, limits, false)
	p := open(t, path)
	for range 20 { // more than the client's requests and than all workers
		p.Send(p.Header(remote.ProcDomainDestroy), &remote.DomainDestroyArgs{})
	}
	p.Send(wire.Header{Program: keepalive.ID, Version: 1, Procedure: keepalive.ProcPing, Type: wire.Message}, nil)
	if h := p.Receive(); h.Program != keepalive.ID || h.Procedure != keepalive.ProcPong {
		t.Fatalf("%+v instead of a pong", h)
	}
	if c := s.Clients(); len(c) != 1 || c[0].Requests > 5 {
		t.Errorf("%+v", c)
	}
	other := dial(t, path)
	other.Open("")
	if err := other.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
	close(f.hold)
	for range 20 {
		if err := p.Answer(nil); err != nil {
			t.Error(err)
		}
	}
}

func TestMaxClientsPausesAndResumes(t *testing.T) {
	l := limits
	l.MaxClients = 1
	path, _, _, s := serve(t, l, false)
	first := dial(t, path)
	first.Open("")
	second := dial(t, path) // waits in the kernel
	answered := make(chan struct{})
	go func() { second.Open(""); close(answered) }()
	select {
	case <-answered:
		t.Fatal("served beyond max_clients")
	case <-time.After(50 * time.Millisecond):
	}
	first.Conn.Close()
	<-answered
	if n := len(s.Clients()); n != 1 {
		t.Errorf("%d clients", n)
	}
}

func TestDisconnect(t *testing.T) {
	path, _, _, s := serve(t, limits, false)
	p := open(t, path)
	c := s.Clients()
	if len(c) != 1 || !s.Disconnect(c[0].ID) || s.Disconnect(99) {
		t.Fatal(c)
	}
	if _, err := p.Conn.Read(make([]byte, 1)); err == nil {
		t.Error("still connected")
	}
}

func TestStreamEcho(t *testing.T) {
	path, _, _, _ := serve(t, limits, false)
	p := open(t, path)
	h := p.Header(remote.ProcDomainOpenConsole)
	p.Send(h, &remote.DomainOpenConsoleArgs{})
	if err := p.Answer(nil); err != nil {
		t.Fatal(err)
	}
	h.Type, h.Status = wire.Stream, wire.Continue
	if _, err := p.Conn.Write(wire.AppendRaw(nil, h, []byte("hello"))); err != nil {
		t.Fatal(err)
	}
	got := p.Receive()
	if got.Header != h || string(got.Payload) != "hello" {
		t.Errorf("%+v", got)
	}
	h.Status = wire.OK
	p.Send(h, nil)
	for { // the backend's end may come before the answer to ours
		got = p.Receive()
		if got.Status != wire.Continue || len(got.Payload) != 0 {
			break
		}
	}
	if got.Header != h {
		t.Errorf("%+v", got)
	}
	if err := p.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
}

func TestEvents(t *testing.T) {
	path, _, bus, _ := serve(t, limits, false)
	const n = 50
	var peers []*wiretest.Client
	for range n {
		p := open(t, path)
		var ret remote.ConnectDomainEventCallbackRegisterAnyRet
		if err := p.Call(remote.ProcConnectDomainEventCallbackRegisterAny, &remote.ConnectDomainEventCallbackRegisterAnyArgs{}, &ret); err != nil {
			t.Fatal(err)
		}
		p.Serial = uint32(ret.CallbackID) + 1000
		peers = append(peers, p)
	}
	bus.Domain(remote.NonnullDomain{Name: "d"}, 0, &remote.DomainEventLifecycleMsg{Dom: remote.NonnullDomain{Name: "d"}, Event: 2, Detail: 1})
	var wait sync.WaitGroup
	for _, p := range peers {
		wait.Go(func() {
			h := p.Receive()
			var m remote.DomainEventCallbackLifecycleMsg
			m.DecodeXDR(xdr.NewDecoder(h.Payload))
			if h.Procedure != remote.ProcDomainEventCallbackLifecycle || uint32(m.CallbackID)+1000 != p.Serial || m.Msg.Event != 2 || m.Msg.Dom.Name != "d" {
				t.Errorf("%+v %+v", h, m)
			}
		})
	}
	wait.Wait()
	p := peers[0]
	args := &remote.ConnectDomainEventCallbackDeregisterAnyArgs{CallbackID: int32(p.Serial - 1000)}
	if err := p.Call(remote.ProcConnectDomainEventCallbackDeregisterAny, args, nil); err != nil {
		t.Error(err)
	}
	if err := p.Call(remote.ProcConnectDomainEventCallbackDeregisterAny, args, nil); err == nil || !strings.Contains(err.Message, "not registered") {
		t.Error(err)
	}
	peers[1].Conn.Close()
	for bus.Subscribers(events.Domain) != n-2 {
		time.Sleep(time.Millisecond)
	}
}

func TestVirsh(t *testing.T) {
	if _, err := exec.LookPath("virsh"); err != nil {
		t.Skip("needs virsh (Debian: libvirt-clients)")
	}
	path, _, _, _ := serve(t, limits, false)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "virsh", "-c", "qemu+unix:///session?socket="+path, "hostname").CombinedOutput()
	if strings.TrimSpace(string(out)) != "fake.test" || err != nil {
		t.Errorf("%s %v", out, err)
	}
}

func BenchmarkCall(b *testing.B) {
	path, _, _, _ := serve(b, limits, false)
	p := open(b, path)
	_ = p.Conn.SetDeadline(time.Time{})
	call, _ := wire.Append(nil, p.Header(remote.ProcConnectGetLibVersion), nil)
	answer := make([]byte, 64)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Conn.Write(call); err != nil {
			b.Fatal(err)
		}
		if _, err := p.Conn.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}
