package gen_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

func TestStartWaitsForInit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		begin := time.Now()
		ref := start(t, sys, "s", &script{init: func(p *gen.Process) error {
			time.Sleep(time.Second)
			_, err := p.Spawn((&script{init: func(*gen.Process) error { time.Sleep(time.Second); return nil }}).child("below"))
			return err
		}})
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("took %v", took)
		}
		stop(t, sys, ref)
	})
}

func TestFailedInitLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ended := 0
		failing := &script{
			init:      func(*gen.Process) error { return errCrash },
			terminate: func(*gen.Process, error) { ended++ },
		}
		if _, err := sys.Start(failing.child("x")); !errors.Is(err, errCrash) {
			t.Error(err)
		}
		parent := start(t, sys, "parent", &script{init: func(p *gen.Process) error {
			if _, err := p.Spawn(failing.child("x")); !errors.Is(err, errCrash) {
				t.Error(err)
			}
			_, err := p.Spawn((&script{init: func(*gen.Process) error { panic("in Init") }}).child("y"))
			var panicked *gen.PanicError
			if !errors.As(err, &panicked) || panicked.Value != "in Init" || !strings.Contains(string(panicked.Stack), "life_test.go") {
				t.Error(err)
			}
			return nil
		}})
		if tree := sys.Tree(false); len(tree) != 1 || len(tree[0].Children) != 0 {
			t.Errorf("left in the tree: %+v", tree)
		}
		if sys.Named("x").Alive() || ended != 2 {
			t.Errorf("the name is taken, or Terminate was called %d times", ended)
		}
		stop(t, sys, parent)
	})
}

func TestChildrenStopInReverseBeforeTheirParent(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		var d diary
		leaf := func(name string) gen.Child {
			return (&script{terminate: func(_ *gen.Process, why error) { d.note(name + ":" + why.Error()) }}).child(name)
		}
		ref := start(t, sys, "top", &script{
			init: func(p *gen.Process) error {
				_, a := p.Spawn(leaf("a"))
				b, err := p.Spawn(leaf("b"))
				before := leaf("before-b")
				before.Before = b
				_, c := p.Spawn(before)
				return errors.Join(a, err, c)
			},
			terminate: func(p *gen.Process, _ error) {
				d.note("top")
				if p.Err() != nil {
					t.Error("the context ended before the process")
				}
			},
		})
		if err := sys.Stop(ref, errCrash); err != nil {
			t.Error(err)
		}
		if got := d.String(); got != "b:shutdown before-b:shutdown a:shutdown top" {
			t.Error(got)
		}
	})
}

func TestContextEndsWithTheProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		var handle *gen.Process
		ref := start(t, sys, "s", &script{init: func(p *gen.Process) error { handle = p; return nil }, message: obey})
		if handle.Err() != nil || handle.Path() != "s" || handle.Name() != "s" || handle.Self() != ref || handle.Parent().Valid() {
			t.Error(handle.Path(), handle.Err())
		}
		_ = gen.Send(ref, errCrash)
		<-handle.Done()
		if cause := context.Cause(handle); cause != errCrash { //nolint:errorlint // the very error
			t.Error(cause)
		}
	})
}

// How a child ends is told to its parent, unless that is what the parent asked for.
func TestParentHearsOfEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		heard := make(chan gen.ChildExit, 1)
		ref := start(t, sys, "parent", &script{
			init: func(p *gen.Process) error {
				for _, name := range []string{"a", "b", "c"} {
					s := &script{message: obey, call: func(*gen.Process, gen.From, string) (any, error) { panic("asked to") }}
					if _, err := p.Spawn(s.child(name)); err != nil {
						return err
					}
				}
				return nil
			},
			message: func(p *gen.Process, m any) error {
				switch m := m.(type) {
				case gen.ChildExit:
					heard <- m
				case gen.Ref:
					if err := p.StopChild(m, gen.Shutdown); err != nil {
						t.Error(err)
					}
				}
				return nil
			},
		})
		a := sys.Named("a")
		_ = gen.Send(a, errCrash)
		if e := <-heard; e.Name != "a" || e.Reason != errCrash { //nolint:errorlint // the very error
			t.Errorf("%+v", e)
		}
		<-inBackground(t.Context(), sys.Named("b"), "")
		var panicked *gen.PanicError
		if e := <-heard; e.Name != "b" || !errors.As(e.Reason, &panicked) || panicked.Value != "asked to" {
			t.Errorf("%+v", e)
		}
		_ = gen.Send(ref, sys.Named("c"))
		synctest.Wait()
		if len(heard) != 0 || sys.Named("c").Alive() {
			t.Error("heard of an end that it asked for, or there was none")
		}
		stop(t, sys, ref)
	})
}

func TestStopChildRefusesWhatIsNoChild(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		other := start(t, sys, "other", &script{})
		ref := start(t, sys, "s", &script{init: func(p *gen.Process) error {
			if err := p.StopChild(other, gen.Shutdown); !errors.Is(err, gen.ErrNoProc) {
				t.Error(err)
			}
			return nil
		}})
		if !other.Alive() {
			t.Error("it was stopped")
		}
		stop(t, sys, ref, other)
	})
}

func TestExitFromOutsideIsAnOrdinaryEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		var why error
		ref := start(t, sys, "s", &script{terminate: func(_ *gen.Process, reason error) { why = reason }})
		// It comes before everything that waits.
		for range 3 {
			_ = gen.Send(ref, "m")
		}
		if err := gen.Exit(ref, errCrash); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if why != errCrash || ref.Alive() { //nolint:errorlint // the very error
			t.Error(why)
		}
		if err := gen.Exit(ref, errCrash); !errors.Is(err, gen.ErrNoProc) {
			t.Error(err)
		}
	})
}

func TestPanicInTerminateStopsNothing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &script{terminate: func(*gen.Process, error) { panic("late") }})
		stop(t, sys, ref)
		if ref.Alive() || len(sys.Tree(false)) != 0 {
			t.Error("it is still there")
		}
	})
}

func TestNamesAreTakenOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		named := sys.Named("s")
		if named.Alive() || named.PID() != 0 || gen.Send(named, 1) == nil {
			t.Error("somebody has the name already")
		}
		first := start(t, sys, "s", &script{})
		if named.PID() != first.PID() || named.String() != "s" {
			t.Error(named)
		}
		if _, err := sys.Start((&script{}).child("s")); !errors.Is(err, gen.ErrTaken) {
			t.Error(err)
		}
		stop(t, sys, first)
		second := start(t, sys, "s", &script{})
		if named.PID() != second.PID() || first.PID() == second.PID() || first.Alive() {
			t.Error("the name means the one before")
		}
		stop(t, sys, second)
	})
}

// frozen is a behavior that lives through a re-exec.
type frozen struct {
	script
	value string
}

func (f *frozen) Freeze(*gen.Process) (gen.Frozen, error) {
	state, err := json.Marshal(f.value)
	return gen.Frozen{Version: 1, State: state}, err
}

func (f *frozen) Thaw(_ *gen.Process, state gen.Frozen) error {
	if state.Version != 1 {
		return errors.New("a version of the future")
	}
	return json.Unmarshal(state.State, &f.value)
}

func TestThawTakesThePlaceOfInit(t *testing.T) {
	bubble(t, func(t *testing.T) {
		old := &frozen{value: "kept"}
		state, err := old.Freeze(nil)
		if err != nil {
			t.Fatal(err)
		}
		sys := gen.NewSystem()
		b := &frozen{script: script{init: func(*gen.Process) error { t.Error("Init was called"); return nil }}}
		child := gen.Child{Name: "s", Thaw: &state, New: func() gen.Behavior { return b }}
		ref, err := sys.Start(child)
		if err != nil || b.value != "kept" {
			t.Error(b.value, err)
		}
		stop(t, sys, ref)
		state.Version = 2
		if _, err := sys.Start(child); err == nil {
			t.Error("thawed what it does not know")
		}
	})
}

func TestSendAfter(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		begin, got := time.Now(), make(chan any, 4)
		ref := start(t, sys, "s", &script{
			init: func(p *gen.Process) error {
				p.SendAfter(time.Second, "one")
				cancel := p.SendAfter(2*time.Second, "cancelled")
				p.SendAfter(time.Hour, "after the end")
				cancel()
				return nil
			},
			message: func(_ *gen.Process, m any) error { got <- m; return nil },
		})
		if m := <-got; m != "one" || time.Since(begin) != time.Second {
			t.Error(m, time.Since(begin))
		}
		time.Sleep(10 * time.Second)
		stop(t, sys, ref)
		time.Sleep(2 * time.Hour)
		if len(got) != 0 {
			t.Error(<-got)
		}
	})
}
