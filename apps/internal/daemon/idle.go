package daemon

import (
	"slices"
	"sync/atomic"
	"time"

	"virtree.dev/actors/rpc"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const idleName = "idle"

// patience is for how many seconds a daemon stays with nothing to do; 0: for good.
type patience struct{ atomic.Uint32 }

func (p *patience) duration() time.Duration { return time.Duration(p.Load()) * time.Second }

// idleWatch ends a daemon that has had nothing to do for a while.
type idleWatch struct {
	act.Actor
	timeout *patience
	busy    func() bool
	clients func() uint64 // how many there were, ever
	idled   chan<- struct{}
	seen    uint64 // of clients
	idle    bool
	since   time.Time // when it last became so
	looking bool      // a look is on its way
}

type (
	look     struct{}
	newLimit struct{} // the timeout was changed
)

// Init begins to count.
func (w *idleWatch) Init(p *gen.Process) error {
	w.idle, w.since = true, time.Now()
	w.next(p)
	return nil
}

// next looks a few times within the timeout.
func (w *idleWatch) next(p *gen.Process) {
	timeout := w.timeout.duration()
	if w.looking = timeout > 0; w.looking {
		p.SendAfter(min(timeout/4, time.Second), look{})
	}
}

// HandleMessage looks whether there is anything to do. It may find out late
// that there is not, never early.
func (w *idleWatch) HandleMessage(p *gen.Process, msg any) error {
	switch msg.(type) {
	case newLimit:
		w.idle = false // whoever changed it is here
		if !w.looking {
			w.next(p)
		}
	case look:
		w.look()
		w.next(p)
	}
	return nil
}

func (w *idleWatch) look() {
	// A client that came and went between two looks counts as well.
	n := w.clients()
	idle := !w.busy() && n == w.seen
	if idle && !w.idle {
		w.since = time.Now()
	}
	w.idle, w.seen = idle, n
	if timeout := w.timeout.duration(); idle && timeout > 0 && time.Since(w.since) >= timeout {
		select {
		case w.idled <- struct{}{}:
		default: // already told
		}
	}
}

// HandleInspect shows for how long there has been nothing to do.
func (w *idleWatch) HandleInspect(*gen.Process) map[string]string {
	page := map[string]string{"timeout": "none"}
	if timeout := w.timeout.duration(); timeout > 0 {
		page["timeout"], page["idle"] = timeout.String(), "no"
		if w.idle {
			page["idle"] = time.Since(w.since).Round(time.Second).String()
		}
	}
	return page
}

// idleChild watches the servers and what they serve.
func (t *tree) idleChild() gen.Child {
	busy := func() bool { return slices.ContainsFunc(t.servers(), (*rpc.Server).Busy) || t.service.Busy() }
	accepted := func() (n uint64) {
		for _, s := range t.servers() {
			n += s.Accepted()
		}
		return n
	}
	return gen.Child{Name: idleName, Register: true, New: func() gen.Behavior {
		return &idleWatch{timeout: &t.patience, busy: busy, clients: accepted, idled: t.idled}
	}}
}

// SetTimeout implements admin.Daemon.
func (t *tree) SetTimeout(seconds uint32) {
	t.patience.Store(seconds)
	_ = gen.Send(t.system.Named(idleName), newLimit{}) // one that is down begins with the new one anyway
}

// Quit implements admin.Daemon.
func (t *tree) Quit() {
	select {
	case t.quit <- struct{}{}:
	default: // already on its way
	}
}
