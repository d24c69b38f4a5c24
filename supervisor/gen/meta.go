package gen

import (
	"context"
	"runtime/pprof"
	"slices"
	"time"
)

// metaGrace is how long a meta process may take to return after Stop.
const metaGrace = 5 * time.Second

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

func (p *proc) startMeta(name string, m Meta) error {
	ctx, cancel := context.WithCancelCause(context.Background())
	mp := &metaProc{name: name, owner: p, meta: m, cancel: cancel, done: make(chan struct{}), started: time.Now()}
	p.mu.Lock()
	if State(p.state.Load()) >= Stopping {
		p.mu.Unlock()
		cancel(ErrStopping)
		return ErrStopping
	}
	p.metas = append(p.metas, mp)
	p.mu.Unlock()
	go mp.run(&Process{Context: ctx, proc: p, meta: mp})
	return nil
}

func (m *metaProc) run(handle *Process) {
	pprof.SetGoroutineLabels(pprof.WithLabels(handle.Context, pprof.Labels("process", m.owner.path+"/"+m.name)))
	err := m.start(handle)
	m.owner.mu.Lock()
	wanted := m.wanted
	if i := slices.Index(m.owner.metas, m); i >= 0 {
		m.owner.metas = slices.Delete(m.owner.metas, i, i+1)
	}
	m.owner.mu.Unlock()
	m.cancel(orShutdown(err))
	close(m.done)
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

// StopMeta ends one meta process and waits for it; no MetaExit follows.
func (p *Process) StopMeta(m Meta, cause error) error {
	p.proc.mu.Lock()
	i := slices.IndexFunc(p.proc.metas, func(mp *metaProc) bool { return mp.meta == m })
	if i < 0 {
		p.proc.mu.Unlock()
		return ErrNoProc
	}
	mp := p.proc.metas[i]
	mp.wanted = true
	p.proc.mu.Unlock()
	mp.tell(cause)
	return mp.await()
}

func (m *metaProc) tell(cause error) {
	m.cancel(orShutdown(cause))
	m.meta.Stop(cause)
}

func (m *metaProc) await() error {
	t := time.NewTimer(metaGrace)
	defer t.Stop()
	select {
	case <-m.done:
		return nil
	case <-t.C:
		return ErrZombie
	}
}

func (p *proc) stopMetas(cause error) {
	p.mu.Lock()
	metas := slices.Clone(p.metas)
	for _, m := range metas {
		m.wanted = true
	}
	p.mu.Unlock()
	for _, m := range metas {
		m.tell(cause)
	}
	for _, m := range metas {
		_ = m.await()
	}
}
