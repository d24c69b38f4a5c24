package gen_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// script is a behavior of functions; those that are nil do nothing.
type script struct {
	act.Actor
	init      func(p *gen.Process) error
	message   func(p *gen.Process, m any) error
	call      func(p *gen.Process, from gen.From, text string) (any, error)
	terminate func(p *gen.Process, reason error)
}

// ask is the one request that a script understands.
type ask struct {
	gen.Returns[string]
	text string
}

func (s *script) Init(p *gen.Process) error {
	if s.init == nil {
		return nil
	}
	return s.init(p)
}

func (s *script) HandleMessage(p *gen.Process, m any) error {
	if s.message == nil {
		return nil
	}
	return s.message(p, m)
}

func (s *script) HandleCall(p *gen.Process, from gen.From, req any) (any, error) {
	a, ok := req.(ask)
	if !ok || s.call == nil {
		return s.Actor.HandleCall(p, from, req)
	}
	return s.call(p, from, a.text)
}

func (s *script) Terminate(p *gen.Process, reason error) {
	if s.terminate != nil {
		s.terminate(p, reason)
	}
}

func (s *script) child(name string) gen.Child {
	return gen.Child{Name: name, Register: true, New: func() gen.Behavior { return s }}
}

// start starts a script under its name.
func start(t testing.TB, sys *gen.System, name string, s *script) gen.Ref {
	t.Helper()
	ref, err := sys.Start(s.child(name))
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func stop(t testing.TB, sys *gen.System, refs ...gen.Ref) {
	t.Helper()
	for _, r := range refs {
		if err := sys.Stop(r, gen.Shutdown); err != nil {
			t.Error(err)
		}
	}
}

// diary is written by several processes.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, " ")
}

// reports collects what a system reports.
func reports(sys *gen.System) func() []gen.Report {
	var mu sync.Mutex
	var all []gen.Report
	sys.OnReport(func(r gen.Report) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, r)
	})
	return func() []gen.Report {
		mu.Lock()
		defer mu.Unlock()
		return all
	}
}

// inBackground makes a call and gives its error when it is over.
func inBackground(ctx context.Context, to gen.Ref, text string) <-chan error {
	done := make(chan error, 1)
	go func() {
		_, err := gen.Call(ctx, to, ask{text: text})
		done <- err
	}()
	return done
}

var errCrash = errors.New("crash")

// obey ends with an error that comes as a message.
func obey(_ *gen.Process, m any) error {
	err, _ := m.(error)
	return err
}

func bubble(t *testing.T, f func(t *testing.T)) { t.Helper(); synctest.Test(t, f) }
