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

	running  []*running
	restarts []time.Time
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
		if _, err := s.add(p, c); err != nil {
			return fmt.Errorf("child %s: %w", c.Name, err)
		}
	}
	return nil
}

func (s *Supervisor) add(p *gen.Process, c gen.Child) (gen.Ref, error) {
	ref, err := p.Spawn(c)
	if err == nil {
		s.running = append(s.running, &running{Child: c, ref: ref, since: time.Now()})
	}
	return ref, err
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
	again struct{ children []*running }
)

// HandleCall starts and stops children on demand.
func (s *Supervisor) HandleCall(p *gen.Process, _ gen.From, req any) (any, error) {
	switch req := req.(type) {
	case startChild:
		return s.add(p, req.child)
	case stopChild:
		return struct{}{}, s.remove(p, req.ref, req.reason)
	}
	return nil, fmt.Errorf("unknown request %T", req)
}

// remove ends a child for good, also one that waits to be started again.
func (s *Supervisor) remove(p *gen.Process, ref gen.Ref, reason error) error {
	i := slices.IndexFunc(s.running, func(r *running) bool { return r.ref == ref || r.former == ref })
	if i < 0 {
		return gen.ErrNoProc
	}
	c := s.running[i]
	s.running = slices.Delete(s.running, i, i+1)
	if !c.ref.Valid() {
		return nil
	}
	return p.StopChild(c.ref, reason)
}

// HandleMessage restarts children.
func (s *Supervisor) HandleMessage(p *gen.Process, m any) error {
	switch m := m.(type) {
	case gen.ChildExit:
		return s.exited(p, m)
	case again:
		return s.startAll(p, m.children)
	}
	return nil
}

func (s *Supervisor) exited(p *gen.Process, m gen.ChildExit) error {
	i := slices.IndexFunc(s.running, func(r *running) bool { return r.ref == m.Who })
	if i < 0 {
		return nil
	}
	c := s.running[i]
	c.down(m.Reason, s.Period)
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
	c.restarts++
	return s.startLater(p, c, s.stopOthers(p, i, m.Reason))
}

// stopOthers stops who has to stop with a child, last first, and gives all that
// have to be started for it, in order. Temporary children are gone for good.
func (s *Supervisor) stopOthers(p *gen.Process, i int, reason error) []*running {
	from, to := i, i
	switch s.Type {
	case AllForOne:
		from, to = 0, len(s.running)-1
	case RestForOne:
		to = len(s.running) - 1
	}
	group := slices.Clone(s.running[from : to+1])
	for _, c := range slices.Backward(group) {
		if c.ref.Valid() {
			_ = p.StopChild(c.ref, gen.Shutdown) // a zombie is reported
			c.down(reason, s.Period)
		}
	}
	temporary := func(c *running) bool { return c.Restart == gen.Temporary }
	s.running = slices.DeleteFunc(s.running, func(c *running) bool { return temporary(c) && !c.ref.Valid() })
	return slices.DeleteFunc(group, temporary)
}

// startLater starts children in order, at once or when the backoff of the one
// that caused it is over.
func (s *Supervisor) startLater(p *gen.Process, cause *running, group []*running) error {
	if cause.Backoff == 0 {
		return s.startAll(p, group)
	}
	p.SendAfter(cause.backoff(s.Period), again{group})
	return nil
}

// startAll starts those of a group that are down and still wanted.
func (s *Supervisor) startAll(p *gen.Process, group []*running) error {
	for i, c := range group {
		at := slices.Index(s.running, c)
		for at >= 0 && !c.ref.Valid() {
			err := s.start(p, at)
			if err == nil {
				break
			}
			c.why = err
			if s.tooOften() {
				return fmt.Errorf("%w: %s: %w", ErrGaveUp, c.Name, err)
			}
			if c.Backoff > 0 {
				return s.startLater(p, c, group[i:])
			}
		}
	}
	return nil
}

// start starts a child in the place that it had.
func (s *Supervisor) start(p *gen.Process, at int) error {
	c := s.running[at]
	child := c.Child
	for _, later := range s.running[at+1:] {
		if later.ref.Valid() {
			child.Before = later.ref
			break
		}
	}
	ref, err := p.Spawn(child)
	if err != nil {
		return err
	}
	c.ref, c.since = ref, time.Now()
	p.NoteRestart(ref, c.restarts, c.why)
	return nil
}

// tooOften counts a restart and says whether it is one too many.
func (s *Supervisor) tooOften() bool {
	now := time.Now()
	s.restarts = append(s.restarts, now)
	s.restarts = slices.DeleteFunc(s.restarts, func(t time.Time) bool { return now.Sub(t) > s.Period })
	return len(s.restarts) > s.Intensity
}

// HandleInspect shows the strategy.
func (s *Supervisor) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{
		"type": s.Type.String(), "children": strconv.Itoa(len(s.running)),
		"intensity": fmt.Sprintf("%d of %d in %v", len(s.restarts), s.Intensity, s.Period),
	}
}
