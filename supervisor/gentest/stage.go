package gentest

import (
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// Stage is a system with as few processes as a test needs.
type Stage struct {
	System *gen.System

	t       testing.TB
	started []gen.Ref
}

// New makes a stage. Inside a bubble, End must be called before the bubble's end.
func New(t testing.TB) *Stage {
	t.Helper()
	return &Stage{System: gen.NewSystem(), t: t}
}

// Start starts a process.
func (s *Stage) Start(c gen.Child) gen.Ref {
	s.t.Helper()
	ref, err := s.System.Start(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.started = append(s.started, ref)
	return ref
}

// End stops what still runs, the last first.
func (s *Stage) End() {
	s.t.Helper()
	for _, ref := range slices.Backward(s.started) {
		if err := s.System.Stop(ref, gen.Shutdown); err != nil && !errors.Is(err, gen.ErrNoProc) {
			s.t.Error(err)
		}
	}
	s.started = nil
}

// Settled waits, inside a bubble, until nobody has anything to do but to wait for time or for the test.
func (s *Stage) Settled() { synctest.Wait() }

// Stand is a process in place of another: it keeps what it gets.
type Stand struct {
	act.Actor
	t      testing.TB
	answer func(request any) (any, error)

	mu  sync.Mutex
	got []any
}

// Stand puts a stand where a process of that name would be. A nil answer refuses calls.
func (s *Stage) Stand(name string, answer func(request any) (any, error)) *Stand {
	s.t.Helper()
	d := &Stand{t: s.t, answer: answer}
	s.Start(gen.Child{Name: name, Register: true, New: func() gen.Behavior { return d }})
	return d
}

// HandleMessage keeps a message.
func (d *Stand) HandleMessage(_ *gen.Process, msg any) error {
	d.keep(msg)
	return nil
}

// HandleCall keeps a request and answers it.
func (d *Stand) HandleCall(p *gen.Process, from gen.From, req any) (any, error) {
	d.keep(req)
	if d.answer == nil {
		return d.Actor.HandleCall(p, from, req)
	}
	return d.answer(req)
}

func (d *Stand) keep(msg any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.got = append(d.got, msg)
}

// Got gives what came since the last time it was asked.
func (d *Stand) Got() []any {
	d.mu.Lock()
	defer d.mu.Unlock()
	got := d.got
	d.got = nil
	return got
}

// Expect wants exactly these messages since the last time, in their order.
func (d *Stand) Expect(want ...any) {
	d.t.Helper()
	got := d.Got()
	if len(got) == 0 && len(want) == 0 || reflect.DeepEqual(got, want) {
		return
	}
	d.t.Errorf("sent %+v, want %+v", got, want)
}
