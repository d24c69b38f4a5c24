package gen_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

// blocked is a meta process that ends when it is told, if it wants to.
type blocked struct {
	told   chan error
	deaf   atomic.Bool
	onStop func()
}

func newBlocked() *blocked { return &blocked{told: make(chan error, 4)} }

func (b *blocked) Start(*gen.Process) error {
	for {
		if err := <-b.told; !b.deaf.Load() {
			return err
		}
	}
}

func (b *blocked) Stop(cause error) {
	if b.onStop != nil {
		b.onStop()
	}
	b.told <- cause
}

func (b *blocked) Describe() string { return "waits" }

// owner starts metas and jobs and tells what it hears.
func owner(t *testing.T, sys *gen.System, begin func(p *gen.Process) error) (gen.Ref, chan any) {
	t.Helper()
	got := make(chan any, 8)
	return start(t, sys, "owner", &script{init: begin, message: func(p *gen.Process, m any) error {
		if f, ok := m.(func(*gen.Process)); ok {
			f(p)
			return nil
		}
		got <- m
		return nil
	}}), got
}

func TestOwnersHearOfTheirMetas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		told := reports(sys)
		failing := newBlocked()
		ref, got := owner(t, sys, func(p *gen.Process) error {
			return errors.Join(p.SpawnMeta("m", failing),
				p.Go("panics", func(context.Context) error { panic("job") }),
				p.Go("waits", func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }))
		})
		exit := (<-got).(gen.MetaExit)
		var panicked *gen.PanicError
		if exit.Name != "panics" || exit.Meta != nil || !errors.As(exit.Reason, &panicked) || panicked.Value != "job" {
			t.Errorf("%+v", exit)
		}
		failing.told <- errCrash
		exit = (<-got).(gen.MetaExit)
		if exit.Name != "m" || exit.Meta != failing || exit.Reason != errCrash { //nolint:errorlint // the very error
			t.Errorf("%+v", exit)
		}
		stop(t, sys, ref)
		if len(got) != 0 {
			t.Errorf("told of a wanted end: %v", <-got)
		}
		if r := told(); len(r) != 1 || r[0].Who() != "owner/panics" || r[0].Stuck {
			t.Errorf("reports: %+v", r)
		}
	})
}

func TestStopMeta(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		m := newBlocked()
		ref, got := owner(t, sys, func(p *gen.Process) error { return p.SpawnMeta("m", m) })
		done := make(chan error)
		_ = gen.Send(ref, func(p *gen.Process) {
			err := p.StopMeta(m, errCrash)
			if again := p.StopMeta(m, errCrash); !errors.Is(again, gen.ErrNoProc) {
				t.Error(again)
			}
			done <- err
		})
		if err := <-done; err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if len(got) != 0 {
			t.Error("told of a wanted end")
		}
		stop(t, sys, ref)
	})
}

// Metas end together; one that does not is left behind and reported, and a Stop
// that blocks or panics holds nobody up.
func TestStuckMetasAreLeftBehind(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		told := reports(sys)
		deaf, alsoDeaf, sticky, clumsy := newBlocked(), newBlocked(), newBlocked(), newBlocked()
		deaf.deaf.Store(true)
		alsoDeaf.deaf.Store(true)
		release := make(chan struct{})
		sticky.onStop = func() { <-release }
		clumsy.onStop = func() { clumsy.told <- nil; panic("in Stop") }
		ref, _ := owner(t, sys, func(p *gen.Process) error {
			return errors.Join(p.SpawnMeta("deaf", deaf), p.SpawnMeta("deaf too", alsoDeaf), p.SpawnMeta("sticky", sticky), p.SpawnMeta("clumsy", clumsy))
		})
		begin := time.Now()
		stop(t, sys, ref)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("the owner ended after %v", took)
		}
		stuck, panics := 0, 0
		for _, r := range told() {
			switch {
			case r.Stuck && errors.Is(r.Reason, gen.ErrZombie):
				stuck++
			case r.Who() == "owner/clumsy":
				panics++
			}
		}
		if stuck != 3 || panics != 1 {
			t.Errorf("reports: %+v", told())
		}
		close(release)
		for _, b := range []*blocked{deaf, alsoDeaf} {
			b.deaf.Store(false)
			b.told <- nil
		}
	})
}

func TestAStoppingProcessTakesNoMetas(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ended := make(chan [2]error, 1)
		ref := start(t, sys, "s", &script{terminate: func(p *gen.Process, _ error) {
			_, err := p.Spawn((&script{}).child("c"))
			ended <- [2]error{p.SpawnMeta("m", newBlocked()), err}
		}})
		stop(t, sys, ref)
		for _, err := range <-ended {
			if !errors.Is(err, gen.ErrStopping) {
				t.Error(err)
			}
		}
	})
}

// parentOf is a meta process that tries to be more.
type parentOf struct{ got chan error }

func (m *parentOf) Start(p *gen.Process) error {
	_, err := p.Spawn((&script{}).child("c"))
	m.got <- err
	m.got <- p.StopChild(p.Self(), gen.Shutdown)
	// It may call its owner, as it is no process that somebody waits for.
	_, err = gen.Call(p, p.Parent(), ask{text: "up"})
	m.got <- err
	return nil
}

func (*parentOf) Stop(error) {}

func TestAMetaHasNoChildren(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		m := &parentOf{got: make(chan error, 3)}
		ref := start(t, sys, "s", &script{init: func(p *gen.Process) error { return p.SpawnMeta("m", m) }, call: echo})
		if err := <-m.got; !errors.Is(err, gen.ErrMeta) {
			t.Error(err)
		}
		if err := <-m.got; !errors.Is(err, gen.ErrNoProc) {
			t.Error(err)
		}
		if err := <-m.got; err != nil {
			t.Error(err)
		}
		stop(t, sys, ref)
	})
}
