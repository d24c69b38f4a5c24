package act

import (
	"errors"
	"runtime/debug"
	"sync"

	"virtree.dev/supervisor/gen"
)

// ErrClosed is given by a pool that takes no more jobs.
var ErrClosed = errors.New("pool is closed")

// Limits are the settings of a pool, as the admin API has them.
type Limits struct {
	Min, Max, Priority int // workers; Max 0 runs jobs one at a time
}

// Stats are the counts of a pool, as the admin API reports them.
type Stats struct {
	Limits
	Workers, Free, PriorityFree, Queue int
}

// Job is a piece of work. High may run on a priority worker.
type Job struct {
	High bool
	Run  func(*Slot)
}

// Slot is a worker's permission to run. A job that waits for another process
// gives it back meanwhile, so that no number of waiting jobs stops the others.
type Slot struct {
	pool     *Pool
	priority bool
	held     bool
}

// Pool runs jobs on a bounded number of workers. Jobs of low priority wait for
// an ordinary worker; those of high priority take either kind.
type Pool struct {
	mu       sync.Mutex
	limits   Limits
	low      []Job
	high     []Job
	ordinary int // slots in use
	priority int
	active   int // jobs that have not returned, waiting ones too
	most     int // ordinary workers ever in use at once, as libvirt keeps its threads
	waiting  []chan struct{}
	closed   bool
	drained  []chan struct{} // closed when no job is left
	panicked func(*gen.PanicError)
}

// NewPool makes a pool; panicked hears of jobs that panic, and may be nil.
func NewPool(l Limits, panicked func(*gen.PanicError)) *Pool {
	return &Pool{limits: l, most: l.Min, panicked: panicked}
}

// Submit queues a job and never blocks.
func (p *Pool) Submit(j Job) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	if j.High {
		p.high = append(p.high, j)
	} else {
		p.low = append(p.low, j)
	}
	p.dispatch()
	return nil
}

// Here runs f on the caller's own thread, which is no worker and counts against
// no limit. It is a job like any other to those who wait for the end of all.
func (p *Pool) Here(f func() bool) bool {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return false
	}
	p.active++
	p.mu.Unlock()
	defer p.returned()
	return f()
}

// returned is told that a job has.
func (p *Pool) returned() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.active--
	p.tellDrained()
}

// ordinaryFree says whether an ordinary slot is to be had. p.mu is held.
func (p *Pool) ordinaryFree() bool { return p.ordinary < max(p.limits.Max, 1) }

// dispatch starts what may start. p.mu is held.
func (p *Pool) dispatch() {
	for len(p.waiting) > 0 && p.ordinaryFree() {
		p.ordinary++
		close(p.waiting[0])
		p.waiting = p.waiting[1:]
	}
	for len(p.high) > 0 {
		switch {
		case p.ordinaryFree():
			p.ordinary++
			p.launch(p.high[0], false)
		case p.priority < p.limits.Priority:
			p.priority++
			p.launch(p.high[0], true)
		default:
			return
		}
		p.high = p.high[1:]
	}
	for len(p.low) > 0 && p.ordinaryFree() {
		p.ordinary++
		p.launch(p.low[0], false)
		p.low = p.low[1:]
	}
}

func (p *Pool) launch(j Job, priority bool) {
	p.active++
	p.most = max(p.most, p.ordinary)
	go func() {
		s := &Slot{pool: p, priority: priority, held: true}
		defer s.done()
		defer p.rescue()
		j.Run(s)
	}()
}

// rescue keeps a panic within its job.
func (p *Pool) rescue() {
	if v := recover(); v != nil && p.panicked != nil {
		p.panicked(&gen.PanicError{Value: v, Stack: debug.Stack()})
	}
}

// Release gives the slot back until Reacquire.
func (s *Slot) Release() {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	s.release()
}

func (s *Slot) release() {
	if !s.held {
		return
	}
	s.held = false
	if s.priority {
		s.pool.priority--
	} else {
		s.pool.ordinary--
	}
	s.pool.dispatch()
}

// Reacquire waits for a slot again.
func (s *Slot) Reacquire() {
	p := s.pool
	p.mu.Lock()
	if s.held {
		p.mu.Unlock()
		return
	}
	s.held, s.priority = true, false
	if p.ordinaryFree() {
		p.ordinary++
		p.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	p.waiting = append(p.waiting, turn)
	p.mu.Unlock()
	<-turn
}

func (s *Slot) done() {
	s.Release()
	s.pool.returned()
}

// tellDrained wakes who waits for the end of all jobs. p.mu is held.
func (p *Pool) tellDrained() {
	if p.active+len(p.low)+len(p.high) > 0 {
		return
	}
	for _, c := range p.drained {
		close(c)
	}
	p.drained = nil
}

// Drained gives a channel that is closed once no job runs or waits, which new
// jobs may put off.
func (p *Pool) Drained() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := make(chan struct{})
	p.drained = append(p.drained, c)
	p.tellDrained()
	return c
}

// SetLimits changes the limits; they count at once: fewer workers begin nothing
// until enough of those that run are through.
func (p *Pool) SetLimits(l Limits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limits = l
	p.most = max(min(p.most, l.Max), l.Min)
	p.dispatch()
}

// Stats gives the counts.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	st := Stats{
		Limits: p.limits, Workers: max(p.most, p.ordinary),
		PriorityFree: max(p.limits.Priority-p.priority, 0), Queue: len(p.low) + len(p.high),
	}
	if p.limits.Max == 0 {
		st.Workers = 0 // as in libvirt, which runs jobs on its main thread then
		return st
	}
	st.Free = st.Workers - p.ordinary
	return st
}

// Active gives the number of jobs that have not returned or not begun.
func (p *Pool) Active() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.active + len(p.low) + len(p.high)
}

// Close takes no more jobs and waits for those that run; queued ones are dropped.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.low, p.high = nil, nil
	p.mu.Unlock()
	<-p.Drained()
}
