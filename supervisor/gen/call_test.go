package gen_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

func echo(_ *gen.Process, _ gen.From, text string) (any, error) { return text, nil }

func TestCallAndItsErrors(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &script{call: func(_ *gen.Process, _ gen.From, text string) (any, error) {
			switch text {
			case "fail":
				return nil, errCrash
			case "odd":
				return 5, nil
			case "nothing":
				return nil, nil
			}
			return text, nil
		}})
		if v, err := gen.Call(t.Context(), sys.Named("s"), ask{text: "hi"}); v != "hi" || err != nil {
			t.Error(v, err)
		}
		// An error goes to the caller and does not end the process.
		if _, err := gen.Call(t.Context(), ref, ask{text: "fail"}); err != errCrash { //nolint:errorlint // the very error
			t.Error(err)
		}
		if _, err := gen.Call(t.Context(), ref, ask{text: "odd"}); err == nil || err.Error() != "s answered gen_test.ask with int" {
			t.Error(err)
		}
		if v, err := gen.Call(t.Context(), ref, ask{text: "nothing"}); v != "" || err != nil {
			t.Error(v, err)
		}
		type unknown struct{ gen.Returns[int] }
		if _, err := gen.Call(t.Context(), ref, unknown{}); err == nil {
			t.Error("answered what it does not know")
		}
		stop(t, sys, ref)
		if _, err := gen.Call(t.Context(), ref, ask{}); !errors.Is(err, gen.ErrDown) || !errors.Is(err, gen.ErrNoProc) {
			t.Error(err)
		}
	})
}

func TestReplyLater(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		var later []gen.From
		ref := start(t, sys, "s", &script{
			call: func(_ *gen.Process, from gen.From, _ string) (any, error) {
				later = append(later, from)
				return nil, gen.ErrLater
			},
			message: func(*gen.Process, any) error {
				for _, f := range later {
					f.Reply("late", nil)
					f.Reply("again", errCrash) // dropped
				}
				return nil
			},
		})
		first, second := inBackground(t.Context(), ref, "1"), inBackground(t.Context(), ref, "2")
		synctest.Wait()
		_ = gen.Send(ref, "answer")
		if err := errors.Join(<-first, <-second); err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := gen.Call(ctx, ref, ask{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		_ = gen.Send(ref, "answer") // nobody waits any more
		synctest.Wait()
		gen.From{}.Reply("to nobody", nil)
		stop(t, sys, ref)
	})
}

// All who wait are freed: for the call that panics, for those behind it in the
// mailbox, and for one put off. The first two wait for no teardown.
func TestDeathFreesCallers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &script{
			call: func(_ *gen.Process, _ gen.From, text string) (any, error) {
				switch text {
				case "later":
					return nil, gen.ErrLater
				case "boom":
					time.Sleep(time.Second)
					panic("as asked")
				}
				return text, nil
			},
			terminate: func(*gen.Process, error) { time.Sleep(3 * time.Second) },
		})
		begin := time.Now()
		later := inBackground(t.Context(), ref, "later")
		synctest.Wait()
		boom := inBackground(t.Context(), ref, "boom")
		synctest.Wait()
		queued := inBackground(t.Context(), ref, "queued")
		for _, c := range []struct {
			name string
			done <-chan error
			took time.Duration
		}{{"in hand", boom, time.Second}, {"queued", queued, time.Second}, {"put off", later, 4 * time.Second}} {
			err := <-c.done
			var panicked *gen.PanicError
			if !errors.Is(err, gen.ErrDown) || !errors.As(err, &panicked) || panicked.Value != "as asked" {
				t.Errorf("%s: %v", c.name, err)
			}
			if took := time.Since(begin); took != c.took {
				t.Errorf("%s was freed after %v, not %v", c.name, took, c.took)
			}
		}
	})
}

func TestCallToWhoIsStopping(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &script{call: echo, terminate: func(*gen.Process, error) { time.Sleep(time.Second) }})
		_ = gen.Exit(ref, errCrash)
		synctest.Wait()
		if _, err := gen.Call(t.Context(), ref, ask{}); !errors.Is(err, gen.ErrDown) || !errors.Is(err, gen.ErrStopping) {
			t.Error(err)
		}
		time.Sleep(2 * time.Second)
	})
}

// passOn calls the next one of a ring of processes.
func passOn(next string) func(*gen.Process, gen.From, string) (any, error) {
	return func(p *gen.Process, _ gen.From, text string) (any, error) {
		// A context made of the process counts as the process.
		ctx, cancel := context.WithCancel(p)
		defer cancel()
		return gen.Call(ctx, p.Named(next), ask{text: text})
	}
}

func TestCyclesAreRefused(t *testing.T) {
	for _, ring := range [][]string{{"a"}, {"a", "b"}, {"a", "b", "c", "d"}} {
		bubble(t, func(t *testing.T) {
			sys := gen.NewSystem()
			var refs []gen.Ref
			for i, name := range ring {
				refs = append(refs, start(t, sys, name, &script{call: passOn(ring[(i+1)%len(ring)])}))
			}
			begin := time.Now()
			if _, err := gen.Call(t.Context(), refs[0], ask{}); !errors.Is(err, gen.ErrCycle) || time.Since(begin) != 0 {
				t.Errorf("a ring of %d: %v after %v", len(ring), err, time.Since(begin))
			}
			stop(t, sys, refs...)
		})
	}
}

func TestCallsUpAreRefusedWhileTheParentWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		up := func(p *gen.Process) error {
			_, err := gen.Call(p, p.Parent(), ask{})
			return err
		}
		ended := make(chan error, 1)
		ref := start(t, sys, "parent", &script{
			init: func(p *gen.Process) error {
				if _, err := p.Spawn((&script{init: up}).child("x")); !errors.Is(err, gen.ErrCycle) {
					t.Errorf("from Init: %v", err)
				}
				c, err := p.Spawn((&script{terminate: func(p *gen.Process, _ error) { ended <- up(p) }}).child("y"))
				if err != nil {
					return err
				}
				return p.StopChild(c, gen.Shutdown)
			},
		})
		if err := <-ended; !errors.Is(err, gen.ErrCycle) {
			t.Errorf("from Terminate: %v", err)
		}
		stop(t, sys, ref)
	})
}

// A call on its way up when the parent begins to stop the child would have both
// wait for each other until the grace is over.
func TestStoppingAChildFreesItsCallUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		failed := make(chan error, 1)
		child := &script{message: func(p *gen.Process, _ any) error {
			_, err := gen.Call(p, p.Parent(), ask{})
			failed <- err
			return nil
		}}
		ref := start(t, sys, "parent", &script{
			init: func(p *gen.Process) error { _, err := p.Spawn(child.child("child")); return err },
			message: func(p *gen.Process, _ any) error {
				time.Sleep(time.Second) // the child calls meanwhile
				return p.StopChild(p.Named("child"), gen.Shutdown)
			},
			call: echo,
		})
		begin := time.Now()
		_ = gen.Send(ref, "stop it")
		_ = gen.Send(sys.Named("child"), "call")
		if err := <-failed; !errors.Is(err, gen.ErrStopping) || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		synctest.Wait()
		if !ref.Alive() {
			t.Error("the parent ended")
		}
		stop(t, sys, ref)
	})
}
