package rpc

import (
	"time"

	"go.uber.org/zap"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// The end of a server waits for the calls that run, as long as libvirt's does.
const (
	drainTime = 30 * time.Second
	drainLook = 10 * time.Millisecond
)

// drain is the process between the listeners and the clients. It ends after
// the former and before the latter: what runs by then is answered, and nothing
// else is begun.
type drain struct {
	act.Actor
	server *Server
}

// drainChild has time enough to wait.
func (s *Server) drainChild() gen.Child {
	return gen.Child{Name: s.name + ".drain", Shutdown: s.drainTime + 5*time.Second, New: func() gen.Behavior { return &drain{server: s} }}
}

// Init lets calls be made.
func (d *drain) Init(*gen.Process) error {
	d.server.draining.Store(false)
	return nil
}

// Terminate waits until no call runs. Where the clients went first, there is
// nobody to answer.
func (d *drain) Terminate(*gen.Process, error) {
	d.server.draining.Store(true)
	deadline := time.Now().Add(d.server.drainTime)
	for d.server.poller.Load() != nil && d.server.pool.Active() > 0 {
		if time.Now().After(deadline) {
			d.server.log.Warn("calls that do not end are given up", zap.Int("calls", d.server.pool.Active()))
			return
		}
		time.Sleep(drainLook)
	}
}

// Draining says whether the server is about to end and begins nothing more.
func (s *Server) Draining() bool { return s.draining.Load() }
