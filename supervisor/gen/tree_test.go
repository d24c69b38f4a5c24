package gen_test

import (
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

func TestTreeShowsWhatAProcessDoes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		release := make(chan struct{})
		callee := start(t, sys, "callee", &script{call: func(*gen.Process, gen.From, string) (any, error) { <-release; return "", nil }})
		ref := start(t, sys, "s", &script{
			init: func(p *gen.Process) error { return p.SpawnMeta("m", newBlocked()) },
			message: func(p *gen.Process, _ any) error {
				_, err := gen.Call(p, callee, ask{})
				return err
			},
		})
		if n := sys.Tree(true)[1]; n.State != "idle" || n.InHand != "" || n.Slow || n.Mailbox != 0 || n.PID != ref.PID() {
			t.Errorf("%+v", n)
		}
		_ = gen.Send(ref, "first")
		synctest.Wait()
		_ = gen.Send(ref, "second")
		time.Sleep(5 * time.Second)
		n := sys.Tree(true)[1]
		if n.State != "busy" || n.InHand != "string" || n.HeldFor != 5*time.Second || n.Slow || n.Mailbox != 1 || n.WaitsFor != "callee" {
			t.Errorf("%+v", n)
		}
		if len(n.Metas) != 1 || n.Metas[0] != (gen.Item{Name: "m", Info: "waits", Up: 5 * time.Second}) {
			t.Errorf("%+v", n.Metas)
		}
		time.Sleep(time.Nanosecond)
		tree := sys.Tree(false)
		if !tree[1].Slow || tree[0].InHand != "call gen_test.ask" || !tree[0].Slow {
			t.Errorf("%+v", tree)
		}
		close(release)
		synctest.Wait()
		if n := sys.Tree(false)[1]; n.State != "idle" || n.WaitsFor != "" {
			t.Errorf("%+v", n)
		}
		stop(t, sys, ref, callee)
	})
}

// A process that does not answer costs its own page only.
func TestPagesDoNotWaitForTheStuck(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		release := make(chan struct{})
		started := make(chan struct{})
		go func() {
			_, _ = sys.Start((&script{init: func(*gen.Process) error { close(started); <-release; return nil }}).child("in Init"))
		}()
		<-started
		begin := time.Now()
		n := sys.Tree(true)
		if len(n) != 1 || n[0].State != "starting" || time.Since(begin) > time.Second {
			t.Errorf("%+v after %v", n, time.Since(begin))
		}
		close(release)
		synctest.Wait()
		stop(t, sys, sys.Named("in Init"))
	})
}

// holder has things that are no processes.
type holder struct{ script }

func (*holder) Held() []gen.Item { return []gen.Item{{Name: "client 1", Info: "pid 7"}} }

func TestTreeShowsWhatIsHeld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref, err := sys.Start(gen.Child{Name: "h", New: func() gen.Behavior { return &holder{} }})
		if err != nil {
			t.Fatal(err)
		}
		if n := sys.Tree(false)[0]; len(n.Held) != 1 || n.Held[0].Name != "client 1" {
			t.Errorf("%+v", n)
		}
		stop(t, sys, ref)
	})
}
