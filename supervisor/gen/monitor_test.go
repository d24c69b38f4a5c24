package gen_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/gen"
)

func TestMonitorTellsOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		victim := start(t, sys, "victim", &script{message: obey})
		spared := start(t, sys, "spared", &script{message: obey})
		got := make(chan gen.Down, 8)
		ref := start(t, sys, "watcher", &script{
			init: func(p *gen.Process) error {
				err := errors.Join(p.Monitor(victim), p.Monitor(sys.Named("victim")), p.Monitor(spared))
				p.Demonitor(spared)
				return err
			},
			message: func(p *gen.Process, m any) error {
				if d, ok := m.(gen.Down); ok {
					got <- d
					return nil
				}
				p.Demonitor(m.(gen.Ref))
				return p.Monitor(m.(gen.Ref))
			},
		})
		_ = gen.Send(victim, errCrash)
		_ = gen.Send(spared, errCrash)
		synctest.Wait()
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		if d := <-got; d.Who != victim || d.Reason != errCrash { //nolint:errorlint // the very error
			t.Errorf("%+v", d)
		}
		_ = gen.Send(ref, victim) // which is gone by now
		if d := <-got; d.Who != victim || !errors.Is(d.Reason, gen.ErrNoProc) {
			t.Errorf("%+v", d)
		}
		stop(t, sys, ref)
	})
}
