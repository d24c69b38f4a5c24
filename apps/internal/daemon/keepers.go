package daemon

import (
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/rpc"
	"virtree.dev/internal/logging"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const logName = "log"

// reopen asks the log for new files after a rotation.
type reopen struct{}

// logKeeper is the log's place in the tree: it shows the settings and reopens
// the outputs. Messages are written by whoever has them.
type logKeeper struct {
	act.Actor
	log *logging.Log
}

// HandleMessage reopens the outputs.
func (k *logKeeper) HandleMessage(_ *gen.Process, msg any) error {
	if _, ok := msg.(reopen); ok {
		if err := k.log.Reopen(); err != nil {
			k.log.Logger(logName).Error("cannot reopen the log", zap.Error(err))
		}
	}
	return nil
}

// HandleInspect shows the settings.
func (k *logKeeper) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{
		"priority": k.log.Priority().String(), "filters": k.log.Filters(), "outputs": k.log.Outputs(),
	}
}

// reportTo logs what the runtime has to tell of its processes.
func reportTo(log *zap.Logger) func(gen.Report) {
	return func(r gen.Report) {
		var panicked *gen.PanicError
		switch {
		case r.Stuck:
			log.Error(r.Reason.Error())
		case errors.As(r.Reason, &panicked):
			log.Error(fmt.Sprintf("process %s: %v\n%s", r.Who(), r.Reason, panicked.Stack))
		default:
			log.Warn(fmt.Sprintf("process %s ended: %v", r.Who(), r.Reason))
		}
	}
}

// idleWatch ends a daemon that has had nothing to do for a while.
type idleWatch struct {
	act.Actor
	timeout time.Duration
	busy    func() bool
	clients func() uint64 // how many there were, ever
	idled   chan<- struct{}
	seen    uint64 // of clients
	idle    bool
	since   time.Time // when it last became so
}

type look struct{}

// Init begins to count.
func (w *idleWatch) Init(p *gen.Process) error {
	w.idle, w.since = true, time.Now()
	w.next(p)
	return nil
}

// next looks a few times within the timeout.
func (w *idleWatch) next(p *gen.Process) {
	p.SendAfter(min(w.timeout/4, time.Second), look{})
}

// HandleMessage looks whether there is anything to do. It may find out late
// that there is not, never early.
func (w *idleWatch) HandleMessage(p *gen.Process, msg any) error {
	if _, ok := msg.(look); !ok {
		return nil
	}
	// A client that came and went between two looks counts as well.
	n := w.clients()
	idle := !w.busy() && n == w.seen
	if idle && !w.idle {
		w.since = time.Now()
	}
	w.idle, w.seen = idle, n
	if idle && time.Since(w.since) >= w.timeout {
		select {
		case w.idled <- struct{}{}:
		default: // already told
		}
	}
	w.next(p)
	return nil
}

// HandleInspect shows for how long there has been nothing to do.
func (w *idleWatch) HandleInspect(*gen.Process) map[string]string {
	page := map[string]string{"timeout": w.timeout.String(), "idle": "no"}
	if w.idle {
		page["idle"] = time.Since(w.since).Round(time.Second).String()
	}
	return page
}

// idleChild watches the server and the drivers.
func (t *tree) idleChild(timeout time.Duration, server *rpc.Server) gen.Child {
	busy := func() bool {
		return server.Busy() || t.service.Busy()
	}
	return gen.Child{Name: "idle", New: func() gen.Behavior {
		return &idleWatch{timeout: timeout, busy: busy, clients: server.Accepted, idled: t.idled}
	}}
}
