package act

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"virtree.dev/supervisor/gen"
)

// Type says who is restarted when a child ends.
type Type uint8

// The types of supervisors.
const (
	OneForOne       Type = iota // the child
	AllForOne                   // all children
	RestForOne                  // the child and those started after it
	SimpleOneForOne             // the child; children are started on demand
)

func (t Type) String() string {
	return [...]string{"one for one", "all for one", "rest for one", "simple one for one"}[t]
}

// ErrGaveUp is the exit reason of a supervisor whose children end too often.
var ErrGaveUp = errors.New("restarts exceed the intensity")

// Supervisor starts, restarts and stops children. The zero values of Intensity
// and Period stand for 5 in 5 s.
type Supervisor struct {
	Actor
	Type      Type
	Intensity int
	Period    time.Duration
	Children  []gen.Child

	running  []running
	restarts []time.Time
}

// running is a child and its place in the order; an invalid ref is down.
type running struct {
	gen.Child
	ref      gen.Ref
	restarts int
	delay    time.Duration
}

// Child makes a supervisor a child of another.
func (s Supervisor) Child(name string, restart gen.Restart) gen.Child {
	return gen.Child{Name: name, Restart: restart, Shutdown: time.Minute, New: func() gen.Behavior {
		fresh := s
		fresh.running, fresh.restarts = nil, nil
		return &fresh
	}}
}

// Init starts the children in order.
func (s *Supervisor) Init(p *gen.Process) error {
	if s.Intensity <= 0 {
		s.Intensity = 5
	}
	if s.Period <= 0 {
		s.Period = 5 * time.Second
	}
	for _, c := range s.Children {
		ref, err := p.Spawn(c)
		if err != nil {
			return fmt.Errorf("child %s: %w", c.Name, err)
		}
		s.running = append(s.running, running{Child: c, ref: ref})
	}
	return nil
}

type (
	startChild struct {
		gen.Returns[gen.Ref]
		child gen.Child
	}
	stopChild struct {
		gen.Returns[struct{}]
		ref    gen.Ref
		reason error
	}
	again struct{ name string }
)

// HandleCall starts and stops children on demand.
func (s *Supervisor) HandleCall(p *gen.Process, _ gen.From, req any) (any, error) {
	switch req := req.(type) {
	case startChild:
		ref, err := p.Spawn(req.child)
		if err == nil {
			s.running = append(s.running, running{Child: req.child, ref: ref})
		}
		return ref, err
	case stopChild:
		err := p.StopChild(req.ref, req.reason)
		s.forget(req.ref)
		return struct{}{}, err
	}
	return nil, fmt.Errorf("unknown request %T", req)
}

func (s *Supervisor) forget(ref gen.Ref) {
	s.running = slices.DeleteFunc(s.running, func(r running) bool { return r.ref == ref })
}

// HandleMessage restarts children.
func (s *Supervisor) HandleMessage(p *gen.Process, m any) error {
	switch m := m.(type) {
	case gen.ChildExit:
		return s.exited(p, m)
	case again:
		if i := s.find(m.name); i >= 0 && !s.running[i].ref.Valid() {
			return s.start(p, i)
		}
	}
	return nil
}

func (s *Supervisor) find(name string) int {
	return slices.IndexFunc(s.running, func(r running) bool { return r.Name == name })
}

func (s *Supervisor) exited(p *gen.Process, m gen.ChildExit) error {
	i := slices.IndexFunc(s.running, func(r running) bool { return r.ref == m.Who })
	if i < 0 {
		return nil
	}
	c := &s.running[i]
	orderly := gen.Orderly(m.Reason)
	if c.Significant && orderly {
		return gen.Normal
	}
	if stays(c.Restart, orderly) {
		s.running = slices.Delete(s.running, i, i+1)
		return nil
	}
	if s.tooOften() {
		return fmt.Errorf("%w: %s: %w", ErrGaveUp, m.Name, m.Reason)
	}
	return s.restart(p, i, m.Reason)
}

// tooOften counts a restart and says whether it is one too many.
func (s *Supervisor) tooOften() bool {
	now := time.Now()
	s.restarts = append(s.restarts, now)
	s.restarts = slices.DeleteFunc(s.restarts, func(t time.Time) bool { return now.Sub(t) > s.Period })
	return len(s.restarts) > s.Intensity
}

// restart stops who has to stop with the child, last first, and starts them in order.
func (s *Supervisor) restart(p *gen.Process, i int, reason error) error {
	from, to := i, i
	switch s.Type {
	case AllForOne:
		from, to = 0, len(s.running)-1
	case RestForOne:
		to = len(s.running) - 1
	}
	for j := to; j >= from; j-- {
		if j != i && s.running[j].ref.Valid() {
			_ = p.StopChild(s.running[j].ref, gen.Shutdown)
		}
		s.running[j].ref = gen.Ref{}
	}
	s.running[i].restarts++
	for j := from; j <= to; j++ {
		if err := s.startLater(p, j); err != nil {
			return err
		}
		p.NoteRestart(s.running[j].ref, s.running[j].restarts, reason)
	}
	return nil
}

// startLater starts a child at once, or after its backoff.
func (s *Supervisor) startLater(p *gen.Process, i int) error {
	c := &s.running[i]
	if c.Backoff == 0 {
		return s.start(p, i)
	}
	if c.delay == 0 {
		c.delay = c.Backoff
	} else {
		c.delay = min(2*c.delay, s.Period)
	}
	p.SendAfter(c.delay, again{c.Name})
	return nil
}

// start starts a child again; a failing Init counts as another exit.
func (s *Supervisor) start(p *gen.Process, i int) error {
	c := s.running[i].Child
	for _, later := range s.running[i+1:] {
		if later.ref.Valid() {
			c.Before = later.ref
			break
		}
	}
	for {
		ref, err := p.Spawn(c)
		if err == nil {
			s.running[i].ref = ref
			return nil
		}
		if s.tooOften() {
			return fmt.Errorf("%w: %s: %w", ErrGaveUp, s.running[i].Name, err)
		}
	}
}

// HandleInspect shows the strategy.
func (s *Supervisor) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{"type": s.Type.String(), "children": strconv.Itoa(len(s.running))}
}
