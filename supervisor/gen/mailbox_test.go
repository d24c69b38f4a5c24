package gen_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/gen"
)

// slowReader hands every message on, and waits until somebody takes it.
func slowReader(t *testing.T, sys *gen.System, bound int) (gen.Ref, chan any) {
	t.Helper()
	got := make(chan any)
	s := &script{message: func(_ *gen.Process, m any) error { got <- m; return nil }}
	ref, err := sys.Start(gen.Child{Name: "s", Mailbox: bound, New: func() gen.Behavior { return s }})
	if err != nil {
		t.Fatal(err)
	}
	_ = gen.Send(ref, 0)
	synctest.Wait() // 0 is in hand
	return ref, got
}

func TestOnlyTheMainLaneIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref, got := slowReader(t, sys, 2)
		if err := errors.Join(gen.Send(ref, 2), gen.Send(ref, 3)); err != nil {
			t.Fatal(err)
		}
		if err := gen.Send(ref, 4); !errors.Is(err, gen.ErrFull) {
			t.Error(err)
		}
		if _, err := gen.Call(t.Context(), ref, ask{}); !errors.Is(err, gen.ErrFull) {
			t.Error(err)
		}
		if err := gen.SendUrgent(ref, 1); err != nil {
			t.Error(err)
		}
		waited := make(chan error)
		go func() { waited <- gen.SendWait(context.Background(), ref, 4) }()
		for want := range 5 {
			if m := <-got; m != want {
				t.Errorf("%v instead of %d", m, want)
			}
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		stop(t, sys, ref)
	})
}

func TestSendWaitEndsWithItsContextOrTheReceiver(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref, got := slowReader(t, sys, 1)
		_ = gen.Send(ref, 1)
		ctx, cancel := context.WithCancelCause(context.Background())
		waited := make(chan error, 1)
		wait := func(ctx context.Context) { waited <- gen.SendWait(ctx, ref, 2) }
		go wait(ctx)
		synctest.Wait()
		cancel(errCrash)
		if err := <-waited; err != errCrash { //nolint:errorlint // the very error
			t.Error(err)
		}
		go wait(context.Background())
		synctest.Wait()
		_ = gen.Exit(ref, errCrash)
		<-got
		if err := <-waited; !errors.Is(err, gen.ErrDown) && !errors.Is(err, gen.ErrNoProc) {
			t.Error(err)
		}
		if err := gen.SendWait(context.Background(), ref, 1); !errors.Is(err, gen.ErrNoProc) {
			t.Error(err)
		}
	})
}

// What the runtime itself has to say comes before what others sent.
func TestSystemMessagesComeBeforeOthers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		victim := start(t, sys, "victim", &script{})
		release, got := make(chan struct{}), make(chan any, 8)
		ref := start(t, sys, "s", &script{
			init: func(p *gen.Process) error { return p.Monitor(victim) },
			message: func(_ *gen.Process, m any) error {
				if m == "hold" {
					<-release
					return nil
				}
				got <- m
				return nil
			},
		})
		_ = gen.Send(ref, "hold")
		synctest.Wait()
		_ = gen.Send(ref, "main 1")
		_ = gen.Send(ref, "main 2")
		stop(t, sys, victim)
		_ = gen.SendUrgent(ref, "urgent")
		close(release)
		if m := <-got; m != "urgent" {
			t.Error(m)
		}
		if _, ok := (<-got).(gen.Down); !ok {
			t.Error("the system's lane did not come second")
		}
		if a, b := <-got, <-got; a != "main 1" || b != "main 2" {
			t.Error(a, b)
		}
		stop(t, sys, ref)
	})
}
