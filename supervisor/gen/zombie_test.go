package gen_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

// stuck is a process that does not come back from a message until released,
// with a meta process and a child below it.
type stuck struct {
	script
	release chan struct{}
	meta    *blocked
	below   diary
}

func newStuck() *stuck {
	s := &stuck{release: make(chan struct{}), meta: newBlocked()}
	s.init = func(p *gen.Process) error {
		child := &script{terminate: func(*gen.Process, error) { s.below.note("child ended") }}
		_, err := p.Spawn(child.child("below"))
		return errors.Join(err, p.SpawnMeta("socket", s.meta))
	}
	s.message = func(*gen.Process, any) error { <-s.release; return nil }
	s.terminate = func(*gen.Process, error) { s.below.note("ended") }
	return s
}

func TestZombies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		told := reports(sys)
		s := newStuck()
		exits := make(chan gen.ChildExit, 1)
		stopped := make(chan error, 1)
		parent := start(t, sys, "parent", &script{
			init: func(p *gen.Process) error {
				c := s.child("s")
				c.Shutdown = 2 * time.Second
				_, err := p.Spawn(c)
				return err
			},
			message: func(p *gen.Process, m any) error {
				if e, ok := m.(gen.ChildExit); ok {
					exits <- e
					return nil
				}
				stopped <- p.StopChild(m.(gen.Ref), gen.Shutdown)
				return nil
			},
		})
		ref := sys.Named("s")
		pid := ref.PID()
		_ = gen.Send(ref, 1)
		synctest.Wait()
		waiting := inBackground(t.Context(), ref, "queued")
		synctest.Wait()
		begin := time.Now()
		_ = gen.Send(parent, ref)
		// It is left behind after its grace, callers are freed, what hung below has ended.
		if err := <-stopped; !errors.Is(err, gen.ErrZombie) || time.Since(begin) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := <-waiting; !errors.Is(err, gen.ErrZombie) {
			t.Error(err)
		}
		if len(s.meta.told) != 0 || s.below.String() != "child ended" {
			t.Errorf("below it: %s", s.below.String())
		}
		// Its name is free, and nothing reaches it.
		successor := start(t, sys, "s", &script{call: echo})
		if _, err := gen.Call(t.Context(), sys.Named("s"), ask{}); err != nil {
			t.Error(err)
		}
		// It is reported and seen until it does end.
		if r := told(); len(r) != 1 || !r[0].Stuck || r[0].Who() != "parent/s" {
			t.Errorf("reports: %+v", r)
		}
		zombie := sys.Tree(false)[2]
		if zombie.Name != "parent/s" || zombie.PID != pid || zombie.State != "zombie" || zombie.InHand != "int" {
			t.Errorf("%+v", zombie)
		}
		close(s.release)
		synctest.Wait()
		if n := len(sys.Tree(false)); n != 2 || !strings.HasSuffix(s.below.String(), " ended") || len(exits) != 0 {
			t.Errorf("%d in the tree, %s", n, s.below.String())
		}
		stop(t, sys, successor, parent)
	})
}

// Who ends at the last moment is no zombie.
func TestGraceIsLongEnough(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		told := reports(sys)
		ref := start(t, sys, "s", &script{terminate: func(*gen.Process, error) { time.Sleep(5*time.Second - 1) }})
		stop(t, sys, ref)
		if len(told()) != 0 || len(sys.Tree(false)) != 0 {
			t.Errorf("%+v", told())
		}
	})
}

func TestDisorderIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		told := reports(sys)
		for _, reason := range []error{gen.Normal, gen.Shutdown, errCrash} {
			ref := start(t, sys, "s", &script{})
			_ = gen.Exit(ref, reason)
			synctest.Wait()
		}
		ref := start(t, sys, "p", &script{message: func(*gen.Process, any) error { panic("here") }})
		_ = gen.Send(ref, 1)
		synctest.Wait()
		r := told()
		if len(r) != 2 || r[0].Reason != errCrash || r[0].Path != "s" { //nolint:errorlint // the very error
			t.Fatalf("%+v", r)
		}
		var panicked *gen.PanicError
		if !errors.As(r[1].Reason, &panicked) || !strings.Contains(string(panicked.Stack), "zombie_test.go") {
			t.Errorf("%+v", r[1])
		}
	})
}
