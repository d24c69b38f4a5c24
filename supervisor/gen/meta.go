package gen

import (
	"context"
	"fmt"
	"runtime/pprof"
	"time"
)

// metaGrace is how long a meta process may take to return after Stop; less
// than the grace of its owner, who waits for it.
const metaGrace = 3 * time.Second

// Meta does blocking I/O for its parent: accept, read, waitpid, inotify, netlink.
type Meta interface {
	Start(m *Process) error // blocks; what it returns is its exit reason
	Stop(cause error)       // unblocks Start, from another goroutine
}

// Describer is a Meta that has something to say of itself to the observer: who
// is at the other end.
type Describer interface{ Describe() string }

// MetaExit tells a process that one of its meta processes or jobs ended.
type MetaExit struct {
	Name   string
	Meta   Meta // nil for a job
	Reason error
}

// metaProc is a goroutine that belongs to a process.
type metaProc struct {
	name    string
	owner   *proc
	meta    Meta
	cancel  context.CancelCauseFunc
	done    chan struct{}
	wanted  bool // guarded by owner.mu
	started time.Time
}

// job is a Meta made of a function that heeds its context.
type job struct {
	run func(ctx context.Context) error
}

func (j *job) Start(m *Process) error { return j.run(m) }
func (j *job) Stop(error)             {}

// SpawnMeta starts a meta process, which ends with p; its end gives a MetaExit.
func (p *Process) SpawnMeta(name string, m Meta) error { return p.proc.startMeta(name, m) }

// Go runs slow work of p as a job; its end gives a MetaExit with that name.
func (p *Process) Go(name string, f func(ctx context.Context) error) error {
	return p.proc.startMeta(name, &job{run: f})
}

// StopMeta ends one meta process and waits for it; no MetaExit follows.
func (p *Process) StopMeta(m Meta, cause error) error {
	p.proc.mu.Lock()
	var mp *metaProc
	for candidate := range p.proc.metas {
		if candidate.meta == m {
			mp = candidate
			mp.wanted = true
			break
		}
	}
	p.proc.mu.Unlock()
	if mp == nil {
		return ErrNoProc
	}
	mp.stop(cause)
	return mp.await()
}

func (p *proc) startMeta(name string, m Meta) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	mp := &metaProc{name: name, owner: p, meta: m, cancel: cancel, done: make(chan struct{}), started: time.Now()}
	p.mu.Lock()
	if State(p.state.Load()) >= Stopping {
		p.mu.Unlock()
		cancel(ErrStopping)
		return ErrStopping
	}
	if p.metas == nil {
		p.metas = map[*metaProc]struct{}{}
	}
	p.metas[mp] = struct{}{}
	p.mu.Unlock()
	go mp.run(&Process{Context: ctx, proc: p, meta: mp})
	return nil
}

func (m *metaProc) run(handle *Process) {
	pprof.SetGoroutineLabels(pprof.WithLabels(handle.Context, pprof.Labels("process", m.owner.path+"/"+m.name)))
	err := m.start(handle)
	m.owner.mu.Lock()
	wanted := m.wanted
	delete(m.owner.metas, m)
	m.owner.mu.Unlock()
	m.cancel(orShutdown(err))
	close(m.done)
	if isPanic(err) {
		m.owner.sys.tell(Report{Path: m.owner.path, Name: m.name, Reason: err})
	}
	if wanted {
		return
	}
	exit := MetaExit{Name: m.name, Meta: m.meta, Reason: err}
	if _, isJob := m.meta.(*job); isJob {
		exit.Meta = nil
	}
	_ = m.owner.box.put(laneSystem, exit)
}

func (m *metaProc) start(handle *Process) (err error) {
	defer rescue(&err)
	return m.meta.Start(handle)
}

// stop asks for the end. A Stop that blocks or panics harms nobody.
func (m *metaProc) stop(cause error) {
	m.cancel(orShutdown(cause))
	if _, isJob := m.meta.(*job); isJob {
		return
	}
	go func() {
		var err error
		defer func() {
			if err != nil {
				m.owner.sys.tell(Report{Path: m.owner.path, Name: m.name, Reason: err})
			}
		}()
		defer rescue(&err)
		m.meta.Stop(cause)
	}()
}

// await waits for the end; after the grace it is left behind.
func (m *metaProc) await() error {
	t := time.NewTimer(metaGrace)
	defer t.Stop()
	select {
	case <-m.done:
		return nil
	case <-t.C:
	}
	err := fmt.Errorf("%s/%s: %w after %s", m.owner.path, m.name, ErrZombie, metaGrace)
	m.owner.sys.tell(Report{Path: m.owner.path, Name: m.name, Reason: err, Stuck: true})
	return err
}

// stopMetas ends all at once, so that they share one grace.
func (p *proc) stopMetas(cause error) {
	p.mu.Lock()
	metas := make([]*metaProc, 0, len(p.metas))
	for m := range p.metas {
		m.wanted = true
		metas = append(metas, m)
	}
	p.mu.Unlock()
	for _, m := range metas {
		m.stop(cause)
	}
	var deadline <-chan time.Time
	for _, m := range metas {
		if m.ended() {
			continue
		}
		if deadline == nil {
			t := time.NewTimer(metaGrace)
			defer t.Stop()
			deadline = t.C
		}
		select {
		case <-m.done:
		case <-deadline:
			p.reportStuckMetas(metas)
			return
		}
	}
}

func (p *proc) reportStuckMetas(metas []*metaProc) {
	for _, m := range metas {
		if !m.ended() {
			err := fmt.Errorf("%s/%s: %w after %s", p.path, m.name, ErrZombie, metaGrace)
			p.sys.tell(Report{Path: p.path, Name: m.name, Reason: err, Stuck: true})
		}
	}
}

func (m *metaProc) ended() bool {
	select {
	case <-m.done:
		return true
	default:
		return false
	}
}
