package admin

import (
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// rig is a daemon of two servers: "main", whose calls a test can hold up, and "admin".
type rig struct {
	t           *testing.T
	main        *rpc.Server
	path, admin string        // sockets
	hold        chan struct{} // what CONNECT_GET_CAPABILITIES waits for
	log         *logging.Log
	timeout     chan uint32
	quit        chan struct{}
}

func (r *rig) SetTimeout(seconds uint32) { r.timeout <- seconds }
func (r *rig) Quit()                     { close(r.quit) }

var few = rpc.Limits{Limits: act.Limits{Min: 1, Max: 3, Priority: 1}, MaxClients: 200, MaxAnonymousClients: 20, MaxClientRequests: 5}

func newRig(t *testing.T, adminLimits rpc.Limits) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{
		t: t, path: filepath.Join(dir, "main"), admin: filepath.Join(dir, "admin"), hold: make(chan struct{}),
		log: logging.New("1"), timeout: make(chan uint32, 1), quit: make(chan struct{}),
	}
	table := dispatch.NewTable(&remote.Program)
	dispatch.Handle(table, remote.ProcConnectGetHostname, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
		return &remote.ConnectGetHostnameRet{Hostname: "rig"}, nil
	})
	dispatch.Handle(table, remote.ProcConnectGetCapabilities, dispatch.Worker, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetCapabilitiesRet, error) {
		<-r.hold
		return &remote.ConnectGetCapabilitiesRet{}, nil
	})
	table.Always(remote.ProcConnectGetHostname)
	table.Always(remote.ProcConnectGetCapabilities)
	service := New(Options{Version: 11_003_000, Log: r.log, Daemon: r})
	r.main = rpc.New(rpc.Options{Name: "main", Limits: few, Log: zap.NewNop(), Dispatcher: dispatch.New(table), DrainTime: time.Second})
	admin := rpc.New(rpc.Options{
		Name: "admin", Limits: adminLimits, Log: zap.NewNop(), OwnerOnly: true, Threads: 1,
		Dispatcher: dispatch.New(service.Tables()...), Sessions: service,
	})
	service.Add(r.main)
	service.Add(admin)
	r.start(r.main.Child(nil, r.listen("main.rw", r.path)), admin.Child(nil, r.listen("admin.rw", r.admin)))
	return r
}

func (r *rig) listen(name, path string) *rpc.Listener {
	r.t.Helper()
	l, err := rpc.Listen(name, path, 0o700, 0, false)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { l.Close() })
	return l
}

func (r *rig) start(children ...gen.Child) {
	r.t.Helper()
	system := gen.NewSystem()
	top, err := system.Start(act.Supervisor{Children: children}.Child("top", gen.Permanent))
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := system.Stop(top, gen.Shutdown); err != nil {
			r.t.Error(err)
		}
	})
}

// client is one of the admin server.
func (r *rig) client() *wiretest.Client {
	r.t.Helper()
	c := wiretest.Dial(r.t, r.admin)
	c.Program = &adminprog.Program
	return c
}

// user is a client of the main server that is let in.
func (r *rig) user() *wiretest.Client {
	r.t.Helper()
	c := wiretest.Dial(r.t, r.path)
	if err := c.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		r.t.Fatal(err)
	}
	return c
}

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	r.t.Fatalf("not within 30 s: %s", what)
}

func param(name string, v uint32) adminprog.TypedParam {
	return adminprog.TypedParam{Field: name, Value: adminprog.TypedParamValue{Type: virtype.TypedParamUint, Ui: v}}
}

func asMap(params []adminprog.TypedParam) map[string]uint32 {
	m := map[string]uint32{}
	for _, p := range params {
		m[p.Field] = p.Value.Ui
	}
	return m
}

func limits(c *wiretest.Client, server string) map[string]uint32 {
	c.T.Helper()
	var ret adminprog.ServerGetClientLimitsRet
	if err := c.Call(adminprog.ProcServerGetClientLimits, &adminprog.ServerGetClientLimitsArgs{Srv: named(server)}, &ret); err != nil {
		c.T.Fatal(err)
	}
	return asMap(ret.Params)
}

func workers(c *wiretest.Client, server string) map[string]uint32 {
	c.T.Helper()
	var ret adminprog.ServerGetThreadpoolParametersRet
	if err := c.Call(adminprog.ProcServerGetThreadpoolParameters, &adminprog.ServerGetThreadpoolParametersArgs{Srv: named(server)}, &ret); err != nil {
		c.T.Fatal(err)
	}
	return asMap(ret.Params)
}

func setLimits(c *wiretest.Client, values ...adminprog.TypedParam) *virerr.Error {
	c.T.Helper()
	return c.Call(adminprog.ProcServerSetClientLimits, &adminprog.ServerSetClientLimitsArgs{Srv: named("main"), Params: values}, nil)
}

func setWorkers(c *wiretest.Client, values ...adminprog.TypedParam) *virerr.Error {
	c.T.Helper()
	return c.Call(adminprog.ProcServerSetThreadpoolParameters, &adminprog.ServerSetThreadpoolParametersArgs{Srv: named("main"), Params: values}, nil)
}

func named(server string) adminprog.NonnullServer { return adminprog.NonnullServer{Name: server} }

// errorOf makes a plain error of what a call was answered with: nil where that is none.
func errorOf(e *virerr.Error) error {
	if e == nil {
		return nil
	}
	return e
}
