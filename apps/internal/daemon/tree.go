package daemon

import (
	"fmt"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/config/daemonconf"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
	"virtree.dev/supervisor/observe"
)

// tree is a running daemon: its processes, and the two ways in which they end
// without being asked to.
type tree struct {
	system    *gen.System
	root      gen.Ref
	ended     chan error    // the root's exit reason
	idled     chan struct{} // nothing to do for the time of --timeout
	service   Service
	server    *rpc.Server
	listeners []*rpc.Listener
	observer  *observe.Listener
}

func (t *tree) reload() {
	_ = gen.Send(t.system.Named(logName), reopen{}) // a log that is down starts anew anyway
	t.service.Reload()
}

// stop ends the servers first and the log last, then takes the sockets away.
func (t *tree) stop() error {
	defer t.close()
	return t.system.Stop(t.root, gen.Shutdown)
}

// close gives up what the processes share.
func (t *tree) close() {
	closeAll(t.listeners)
	t.observer.Close()
	if t.service != nil {
		t.service.Close()
	}
}

// root is the supervisor at the top; it tells those outside when it ends.
type root struct {
	act.Supervisor
	ended chan<- error
}

// Terminate passes the reason on.
func (r *root) Terminate(_ *gen.Process, reason error) { r.ended <- reason }

// boot binds the sockets, so that clients may queue, and starts the tree.
func (s *setup) boot() (*tree, error) {
	if s.config.Server.MaxClients < s.config.MaxAnonymousClients {
		return nil, failAt(stageInit, "internal error: The overall maximum number of clients must not be less than the number of clients waiting for authentication")
	}
	listeners, err := s.listen()
	if err != nil {
		return nil, err
	}
	t := &tree{
		system: gen.NewSystem(), listeners: listeners,
		ended: make(chan error, 1), idled: make(chan struct{}, 1),
	}
	t.system.OnReport(reportTo(s.log.Logger("supervisor")))
	if t.observer, err = observe.Listen(s.dirs.ObserveSocket(s.spec.Name)); err != nil {
		closeAll(listeners)
		return nil, &startError{stageNetwork, err}
	}
	if t.service, err = s.spec.Service(s.host(t.system)); err != nil {
		t.close()
		return nil, &startError{stageDriver, err}
	}
	t.server = s.newServer(t.service)
	children := []gen.Child{
		{Name: logName, Register: true, New: func() gen.Behavior { return &logKeeper{log: s.log} }},
	}
	children = append(children, t.service.Children()...)
	children = append(children, t.server.Child(s.box.Take(t.server.ClientsName()), listeners...), t.observer.Child())
	if n := s.options.timeout; n > 0 {
		children = append(children, t.idleChild(time.Duration(n)*time.Second, t.server))
	}
	t.root, err = t.system.Start(gen.Child{Name: s.spec.Name, Shutdown: time.Minute, New: func() gen.Behavior {
		return &root{act.Supervisor{Type: act.RestForOne, Children: children}, t.ended}
	}})
	if err != nil {
		t.close()
		return nil, &startError{stageDriver, fmt.Errorf("Driver state initialization failed: %w", err)}
	}
	return t, nil
}

func (s *setup) host(system *gen.System) Host {
	return Host{
		System: system, Dirs: s.dirs, Log: s.log, UUID: s.hostUUID, Settings: s.settings, Box: s.box, Store: keep.None{},
	}
}

func (s *setup) newServer(service Service) *rpc.Server {
	return rpc.New(rpc.Options{
		Name:       s.spec.Name,
		Dispatcher: dispatch.New(service.Tables()...),
		Sessions:   service.Sessions(),
		Limits:     limitsOf(s.config),
		OwnerOnly:  s.spec.OwnerOnly,
		Log:        s.log.Logger("rpc.server"),
		Errors:     s.log.Logger("util.error"),
	})
}

func limitsOf(c *daemonconf.Config) rpc.Limits {
	return rpc.Limits{
		Limits: act.Limits{
			Min: int(c.Server.MinWorkers), Max: int(c.Server.MaxWorkers), Priority: int(c.PrioWorkers),
		},
		MaxClients:          int(c.Server.MaxClients),
		MaxAnonymousClients: int(c.MaxAnonymousClients),
		MaxClientRequests:   int(c.Server.MaxClientRequests),
		KeepaliveInterval:   time.Duration(c.Server.KeepaliveInterval) * time.Second,
		KeepaliveCount:      int(c.Server.KeepaliveCount),
	}
}
