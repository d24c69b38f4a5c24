package daemon

import (
	"fmt"
	"time"

	"virtree.dev/actors/rpc"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/observe"
)

// tree is a running daemon: its processes, and the ways in which they end
// without a signal.
type tree struct {
	system    *gen.System
	root      gen.Ref
	ended     chan error    // the root's exit reason
	idled     chan struct{} // nothing to do for the time of --timeout
	quit      chan struct{} // a client of the admin API wants it to end
	patience  patience
	service   Service
	server    *rpc.Server
	admin     *rpc.Server
	listeners listeners
	observer  *observe.Listener
}

func (t *tree) servers() []*rpc.Server { return []*rpc.Server{t.server, t.admin} }

func (t *tree) reload(s *setup) {
	if _, err := t.server.UpdateTLS(); err != nil {
		s.logger.Error("the TLS certificates cannot be used, the former ones stay: " + err.Error())
	}
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
	t.listeners.close()
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
		ended: make(chan error, 1), idled: make(chan struct{}, 1), quit: make(chan struct{}, 1),
	}
	t.patience.Store(s.timeout())
	t.system.OnReport(reportTo(s.log.Logger("supervisor")))
	if t.observer, err = observe.Listen(s.dirs.ObserveSocket(s.spec.Name)); err != nil {
		listeners.close()
		return nil, &startError{stageNetwork, err}
	}
	if t.service, err = s.spec.Service(s.host(t.system)); err != nil {
		t.close()
		return nil, &startError{stageDriver, err}
	}
	t.server = s.newServer(t.service)
	t.admin = s.newAdmin(t)
	children := []gen.Child{
		{Name: logName, Register: true, New: func() gen.Behavior { return &logKeeper{log: s.log} }},
	}
	children = append(children, t.service.Children()...)
	children = append(children, s.serversChild(t), t.observer.Child(), t.idleChild())
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
		System: system, Dirs: s.dirs, Log: s.log, UUID: s.hostUUID, Settings: s.settings, Audit: s.audit,
		Box: s.box, Store: s.kept.store(),
	}
}
