package rpc

import (
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// rig is a server with two sockets and a driver that a test puts handlers into.
type rig struct {
	t        *testing.T
	server   *Server
	table    *dispatch.Table
	bus      *events.Bus
	path     string
	readOnly string // the other socket
}

func (r *rig) Name() string        { return "QEMU" }
func (r *rig) Kind() program.Owner { return program.Hypervisor }
func (r *rig) DefaultURI() string  { return "qemu:///session" }
func (r *rig) Table(p uint32) *dispatch.Table {
	return map[uint32]*dispatch.Table{remote.ID: r.table}[p]
}
func (r *rig) Open(*dispatch.Session, *url.URL) (driver.Verdict, error) { return driver.Accepted, nil }

// few are the limits of tests that want to reach them.
func few(change func(l *Limits)) Limits {
	l := Limits{Limits: act.Limits{Min: 1, Max: 2, Priority: 1}, MaxClients: 100, MaxClientRequests: 3}
	if change != nil {
		change(&l)
	}
	return l
}

// newRig starts a server; handlers are put in before, by change.
func newRig(t *testing.T, l Limits, change ...func(r *rig, o *Options, listeners []*Listener)) *rig {
	t.Helper()
	sys := gen.NewSystem()
	dir := t.TempDir()
	r := &rig{t: t, table: dispatch.NewTable(&remote.Program), bus: events.NewBus(sys, "events"), path: filepath.Join(dir, "rw"), readOnly: filepath.Join(dir, "ro")}
	var listeners []*Listener
	for i, path := range []string{r.path, r.readOnly} {
		socket, err := Listen(filepath.Base(path), path, 0o700, 0, i == 1)
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, socket)
	}
	o := Options{
		Name: "rig", Limits: l, Log: zap.NewNop(), DrainTime: time.Second,
		Dispatcher: dispatch.New(connection.New(driver.Roster{r}, r.bus).Tables()...),
	}
	for _, f := range change {
		f(r, &o, listeners)
	}
	r.server = New(o)
	top, err := sys.Start(act.Supervisor{Children: []gen.Child{r.bus.Child(), r.server.Child(nil, listeners...)}}.Child("top", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sys.Stop(top, gen.Shutdown); err != nil {
			t.Error(err)
		}
		for _, l := range listeners {
			l.Close()
		}
	})
	return r
}

func (r *rig) dial() *wiretest.Client { r.t.Helper(); return wiretest.Dial(r.t, r.path) }

func (r *rig) open() *wiretest.Client {
	r.t.Helper()
	c := r.dial()
	c.Open("")
	return c
}

// client gives the only client there is.
func (r *rig) client() *client {
	r.t.Helper()
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	if len(r.server.clients) != 1 {
		r.t.Fatalf("%d clients", len(r.server.clients))
	}
	return r.server.all()[0]
}

func (r *rig) clients() int { return len(r.server.Clients()) }

func (r *rig) eventually(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	r.t.Fatalf("not within 30 s: %s", what)
}

// asked hears whether a client is served, without waiting for it.
func asked(c *wiretest.Client) <-chan struct{} {
	served := make(chan struct{})
	go func() {
		if _, err := c.Next(); err == nil {
			close(served)
		}
	}()
	return served
}

// with puts in handlers.
func with(f func(r *rig)) func(*rig, *Options, []*Listener) {
	return func(r *rig, _ *Options, _ []*Listener) { f(r) }
}

// hostname answers at once.
func (r *rig) hostname() {
	dispatch.Handle(r.table, remote.ProcConnectGetHostname, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
		return &remote.ConnectGetHostnameRet{Hostname: "rig"}, nil
	})
}
