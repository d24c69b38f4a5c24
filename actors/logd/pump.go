package logd

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const (
	pumpName = "logd"

	// baseWorkers are always there; one more starts where all hang, up to a bound.
	baseWorkers, maxWorkers = 2, 64
	// watchEvery is how often workers are looked after while there is work.
	watchEvery = 50 * time.Millisecond
	// hangs is how long moving bytes takes where a disk is to blame.
	hangs = 200 * time.Millisecond
)

// pump is the process that owns the workers.
type pump struct {
	act.Actor
	service  *Service
	set      *sys.Epoll
	workers  int // that were started and have not ended
	started  int
	busy     atomic.Int32 // workers that move bytes
	watching atomic.Bool  // a look is on its way
	relief   []byte       // for the bytes that are lost
}

// look has the pump look after its workers and the log files in trouble.
type look struct{}

// Init watches all pipes and starts the workers.
func (k *pump) Init(p *gen.Process) error {
	var err error
	if k.set, err = sys.NewEpoll(); err != nil {
		return err
	}
	k.workers, k.relief = 0, make([]byte, copySize)
	k.busy.Store(0)
	k.watching.Store(false)
	k.service.pump.Store(&pumping{k, p})
	for range baseWorkers {
		if err := k.startWorker(p, false); err != nil {
			return err
		}
	}
	for _, f := range k.service.all() {
		k.service.arm(f, true)
	}
	k.watch(p)
	return nil
}

func (k *pump) startWorker(p *gen.Process, extra bool) error {
	k.workers++
	k.started++
	return p.SpawnMeta("worker "+strconv.Itoa(k.started), &worker{pump: k, set: k.set, owner: p, extra: extra})
}

// Terminate comes after the workers.
func (k *pump) Terminate(*gen.Process, error) {
	k.service.pump.Store(nil)
	if k.set != nil {
		k.set.Close()
	}
}

// watch has the pump look in a while; it goes on for as long as there is work.
func (k *pump) watch(p *gen.Process) {
	if !k.watching.Swap(true) {
		p.SendAfter(watchEvery, look{})
	}
}

// HandleMessage looks after workers and log files.
func (k *pump) HandleMessage(p *gen.Process, m any) error {
	switch m := m.(type) {
	case look:
		k.look(p)
	case gen.MetaExit:
		if w, ok := m.Meta.(*worker); ok {
			k.workers--
			if !w.spare {
				return fmt.Errorf("%s: %w", m.Name, m.Reason)
			}
			return nil
		}
		if !gen.Orderly(m.Reason) {
			return m.Reason
		}
	}
	return nil
}

// look relieves the pipes of log files that take nothing, tries those again whose
// time it is, and starts a worker where all hang.
func (k *pump) look(p *gen.Process) {
	k.watching.Store(false)
	now := time.Now()
	hanging, troubled := 0, false
	for _, f := range k.service.all() {
		t := f.trouble.Load()
		switch long := f.busyFor(now); {
		case long > hangs:
			hanging++
			f.relieve("its disk does not answer", k.relief)
		case t != nil && long == 0:
			troubled = true
			f.relieve(reason(t.err), k.relief)
			if now.After(t.next) {
				k.again(p, f)
			}
		}
	}
	if hanging > 0 && int(k.busy.Load()) >= k.workers && k.workers < maxWorkers {
		if err := k.startWorker(p, true); err != nil {
			k.service.log.Error(err.Error())
		}
	}
	if hanging > 0 || troubled || k.busy.Load() > 0 {
		k.watch(p)
	}
}

// again tries a log file that could not be written, in a job: its disk may hang.
func (k *pump) again(p *gen.Process, f *logFile) {
	_ = p.Go("again "+f.Path, func(context.Context) error {
		if f.tryLock() {
			k.service.settle(f, f.move())
		}
		return nil
	})
}

// HandleInspect counts.
func (k *pump) HandleInspect(*gen.Process) map[string]string {
	page := map[string]string{"workers": strconv.Itoa(k.workers), "moving": strconv.Itoa(int(k.busy.Load()))}
	files, troubled := k.service.all(), 0
	for _, f := range files {
		if f.trouble.Load() != nil {
			troubled++
		}
	}
	page["log files"], page["in trouble"] = strconv.Itoa(len(files)), strconv.Itoa(troubled)
	return page
}

// worker is a meta process that moves bytes for whatever pipe has some.
type worker struct {
	pump  *pump
	set   *sys.Epoll
	owner *gen.Process
	extra bool // it was started because others hung
	spare bool // it ended because they do no more
}

// Start moves bytes until it is stopped.
func (w *worker) Start(m *gen.Process) error {
	ready := make([]sys.Ready, 1)
	for m.Err() == nil {
		told, err := w.set.Wait(ready)
		if err != nil {
			return err
		}
		for _, r := range told {
			w.serve(int(r.Fd))
		}
		if w.extra && w.pump.busy.Load() < baseWorkers {
			w.spare = true
			return nil
		}
	}
	return context.Cause(m)
}

func (w *worker) serve(fd int) {
	f := w.pump.service.byPipe(fd)
	if f == nil {
		return
	}
	w.pump.busy.Add(1)
	defer w.pump.busy.Add(-1)
	w.pump.watch(w.owner)
	f.lock()
	f.await()
	o := f.move()
	f.moved = time.Now()
	w.pump.service.settle(f, o)
}

// Stop wakes all workers.
func (w *worker) Stop(error) { w.set.Wake() }
