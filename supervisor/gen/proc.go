package gen

import (
	"context"
	"fmt"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// State is what a process is doing.
type State uint32

// The states of a process.
const (
	Starting State = iota
	Idle
	Busy
	Frosted // between two programs
	Stopping
	Ended
	Zombie
)

func (s State) String() string {
	return [...]string{"starting", "idle", "busy", "frozen", "stopping", "ended", "zombie"}[s]
}

// proc is a process as the runtime sees it.
type proc struct {
	sys    *System
	pid    PID
	path   string
	parent *proc
	child  Child
	box    *mailbox

	behavior Behavior
	handle   *Process
	cancel   context.CancelCauseFunc
	started  time.Time

	state  atomic.Uint32
	wanted atomic.Bool // its parent asked it to stop: no ChildExit
	finish sync.Once
	done   chan struct{}
	reason error // valid when done is closed, or when over is seen

	waitsFor *proc // guarded by sys.waits
	waitsOn  From  // likewise

	mu       sync.Mutex
	children []*proc
	metas    map[*metaProc]struct{}
	monitors map[*proc]struct{} // who wants to know of the end
	watching map[*proc]struct{} // whose end it wants to know of
	topics   []*topic
	over     bool  // nobody is told any more
	restarts int   // of a child by its supervisor
	lastExit error // of the former life
	inHand   any
	since    time.Time
}

type (
	exitMsg    struct{ reason error }
	inspectMsg struct{ reply chan map[string]string }
	callMsg    struct {
		from From
		req  any
	}
)

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

func (s *System) spawn(parent *proc, c Child) (Ref, error) {
	p := &proc{
		sys: s, pid: PID(s.lastID.Add(1)), parent: parent, child: c,
		path: c.Name, box: newMailbox(c.Mailbox), behavior: c.New(),
		done: make(chan struct{}), started: time.Now(),
	}
	if parent != nil {
		p.path = parent.path + "/" + c.Name
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	p.handle, p.cancel = &Process{Context: ctx, proc: p}, cancel
	if err := s.add(p); err != nil {
		cancel(err)
		return Ref{}, fmt.Errorf("start %s: %w", p.path, err)
	}
	if parent != nil && !parent.adopt(p) {
		s.remove(p)
		cancel(ErrStopping)
		return Ref{}, fmt.Errorf("start %s: %w", p.path, ErrStopping)
	}
	ack := make(chan error, 1)
	s.waitFor(parent, p, From{})
	go p.run(ack)
	err := <-ack
	s.waitFor(parent, nil, From{})
	if err != nil {
		if parent != nil {
			parent.forget(p)
		}
		return Ref{}, err
	}
	return p.self(), nil
}

func (p *proc) self() Ref { return Ref{sys: p.sys, pid: p.pid} }

// adopt takes a child unless the process is on its way out.
func (p *proc) adopt(c *proc) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := State(p.state.Load()); s >= Stopping {
		return false
	}
	at := -1
	if next := c.child.Before.pid; next != 0 {
		at = slices.IndexFunc(p.children, func(s *proc) bool { return s.pid == next })
	}
	if at < 0 {
		at = len(p.children)
	}
	p.children = slices.Insert(p.children, at, c)
	return true
}

func (p *proc) run(ack chan<- error) {
	pprof.SetGoroutineLabels(pprof.WithLabels(p.handle.Context, pprof.Labels("process", p.path)))
	if err := p.begin(); err != nil {
		p.wanted.Store(true)
		p.end(err)
		ack <- err
		return
	}
	p.state.Store(uint32(Idle))
	ack <- nil
	p.end(p.serve())
}

// begin runs Init, or Thaw where there is a frozen state.
func (p *proc) begin() (err error) {
	defer rescue(&err)
	if f, ok := p.behavior.(Freezer); ok && p.child.Thaw != nil {
		return f.Thaw(p.handle, *p.child.Thaw)
	}
	return p.behavior.Init(p.handle)
}

// rescue turns a panic into an exit reason.
func rescue(err *error) {
	if v := recover(); v != nil {
		*err = &PanicError{Value: v, Stack: debug.Stack()}
	}
}

// serve handles messages until one ends the process.
func (p *proc) serve() error {
	for {
		m, ok := p.box.take()
		if !ok {
			<-p.box.wake
			continue
		}
		if e, exit := m.(exitMsg); exit {
			return e.reason
		}
		p.hold(m)
		err := p.handleOne(m)
		p.hold(nil)
		if err != nil {
			return err
		}
	}
}

// hold remembers the message in hand for the observer.
func (p *proc) hold(m any) {
	p.mu.Lock()
	p.inHand, p.since = m, time.Now()
	p.mu.Unlock()
	if m == nil {
		p.state.CompareAndSwap(uint32(Busy), uint32(Idle))
	} else {
		p.state.CompareAndSwap(uint32(Idle), uint32(Busy))
	}
}

func (p *proc) handleOne(m any) (err error) {
	defer rescue(&err)
	switch m := m.(type) {
	case callMsg:
		return p.answer(m)
	case freezeMsg:
		return p.freeze(m)
	case inspectMsg:
		m.reply <- p.behavior.HandleInspect(p.handle)
		return nil
	}
	return p.behavior.HandleMessage(p.handle, m)
}

// answer handles a call. Its caller hears of a panic before anything is taken down.
func (p *proc) answer(m callMsg) (err error) {
	defer func() {
		if err != nil {
			m.from.Reply(nil, &DownError{p.path, err})
		}
	}()
	defer rescue(&err)
	v, failed := p.behavior.HandleCall(p.handle, m.from, m.req)
	if failed != ErrLater { //nolint:errorlint // a sentinel that is never wrapped
		m.from.Reply(v, failed)
	}
	return nil
}

// end takes down what hangs below, then the process itself. Calls that wait in
// the mailbox are freed first; those that were put off are free at the latest
// when it is over.
func (p *proc) end(reason error) {
	p.mu.Lock()
	if State(p.state.Load()) < Stopping {
		p.state.Store(uint32(Stopping))
	}
	p.mu.Unlock()
	for _, m := range p.box.close() {
		switch m := m.(type) {
		case callMsg:
			m.from.Reply(nil, &DownError{p.path, orShutdown(reason)})
		case inspectMsg:
			m.reply <- nil
		}
	}
	p.stopMetas(reason)
	p.stopChildren()
	func() {
		var ignored error
		defer rescue(&ignored)
		p.behavior.Terminate(p.handle, reason)
	}()
	p.finishWith(reason, Ended)
	p.sys.bury(p)
}

func (p *proc) stopChildren() {
	for {
		p.mu.Lock()
		n := len(p.children)
		if n == 0 {
			p.mu.Unlock()
			return
		}
		c := p.children[n-1]
		p.mu.Unlock()
		_ = c.stop(Shutdown) // a zombie is reported
		p.forget(c)
	}
}

func (p *proc) forget(c *proc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.children) - 1; i >= 0; i-- { // the last are the first to go
		if p.children[i] == c {
			p.children = slices.Delete(p.children, i, i+1)
			return
		}
	}
}

// finishWith makes the end known, once: who waits for done finds everybody told.
func (p *proc) finishWith(reason error, s State) {
	p.finish.Do(func() {
		p.state.Store(uint32(s))
		p.sys.remove(p)
		p.unsubscribeAll()
		p.tellMonitors(reason)
		wanted := p.wanted.Load()
		if s == Zombie || isPanic(reason) || !wanted && !Orderly(reason) {
			p.sys.tell(Report{Path: p.path, Reason: reason, Stuck: s == Zombie})
		}
		if p.parent != nil && !wanted {
			p.parent.forget(p)
			_ = p.parent.box.put(laneSystem, ChildExit{p.self(), p.child.Name, reason})
		}
		p.cancel(orShutdown(reason))
		close(p.done)
	})
}

func orShutdown(reason error) error {
	if reason == nil {
		return Shutdown
	}
	return reason
}

// stop asks for the end and waits for it; after its grace the process is a zombie.
func (p *proc) stop(reason error) error {
	p.wanted.Store(true)
	_ = p.box.put(laneUrgent, exitMsg{reason}) // refused: it ends already
	grace := p.child.Shutdown
	if grace <= 0 {
		grace = defaultShutdown
	}
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-p.done:
		return nil
	case <-t.C:
	}
	err := fmt.Errorf("%s: %w after %s", p.path, ErrZombie, grace)
	p.sys.leave(p)
	if p.finishWith(err, Zombie); State(p.state.Load()) != Zombie {
		p.sys.bury(p) // it did end, at the last moment
		return nil
	}
	p.stopMetas(ErrZombie) // closes what it is stuck on
	p.stopChildren()
	return err
}

func (p *proc) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
