package qemu

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/gentest"
)

// TestProber wants that the binary is asked once, that nobody waits for it at the start, and that the
// end of the daemon does not wait for it either.
func TestProber(t *testing.T) {
	for _, c := range []struct {
		binary string
		hangs  bool
		asked  int32
	}{{"/qemu", false, 1}, {"/slow", true, 1}, {"", false, 0}} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int32
			get := func(ctx context.Context, binary string) error {
				if asked.Add(1); binary != c.binary {
					t.Errorf("asked %s", binary)
				}
				if c.hangs {
					<-ctx.Done()
				}
				return ctx.Err()
			}
			stage := gentest.New(t)
			tree := act.Supervisor{Type: act.RestForOne, Children: []gen.Child{{
				Name: nameProber, Restart: gen.Transient,
				New: func() gen.Behavior { return &prober{binary: c.binary, get: get} },
			}}}
			stage.Start(tree.Child("top", gen.Permanent))
			if asked.Load() != 0 {
				t.Error("asked before the start was over")
			}
			time.Sleep(10 * proberDelay)
			stage.Settled()
			if n := asked.Load(); n != c.asked {
				t.Errorf("%q: asked %d times", c.binary, n)
			}
			stage.End()
		})
	}
}
