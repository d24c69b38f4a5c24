package gen_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"virtree.dev/supervisor/gen"
)

func TestEvents(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		sys.KeepLast("news", 2)
		for _, m := range []string{"oldest", "old", "newer"} {
			sys.Publish("news", m)
		}
		got := make(chan any, 8)
		ref := start(t, sys, "s", &script{
			init: func(p *gen.Process) error {
				if err := p.Subscribe("news"); err != nil {
					return err
				}
				return p.Subscribe("news") // once is enough
			},
			message: func(p *gen.Process, m any) error {
				if m == "enough" {
					p.Unsubscribe("news")
				}
				got <- m
				return nil
			},
		})
		sys.Publish("news", "fresh")
		sys.Publish("news", "enough")
		synctest.Wait()
		sys.Publish("news", "unheard")
		synctest.Wait()
		close(got)
		var all []any
		for m := range got {
			all = append(all, m)
		}
		if want := []any{"old", "newer", "fresh", "enough"}; !slices.Equal(all, want) {
			t.Errorf("got %v, want %v", all, want)
		}
		stop(t, sys, ref)
	})
}

// A subscriber without room misses a message; nobody waits for it.
func TestMissedEventsAreCounted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sys := gen.NewSystem()
		release := make(chan struct{})
		s := &script{
			init:    func(p *gen.Process) error { return p.Subscribe("news") },
			message: func(*gen.Process, any) error { <-release; return nil },
		}
		ref, err := sys.Start(gen.Child{Name: "s", Mailbox: 1, New: func() gen.Behavior { return s }})
		if err != nil {
			t.Fatal(err)
		}
		sys.Publish("news", "in hand")
		synctest.Wait()
		for range 3 {
			sys.Publish("news", "one waits, two are missed")
		}
		if n := sys.Missed("news"); n != 2 {
			t.Errorf("%d were missed", n)
		}
		close(release)
		stop(t, sys, ref)
	})
}

// All subscribers see one order, and nobody sees a kept value after a fresh one.
func TestEventsHaveOneOrder(t *testing.T) {
	sys := gen.NewSystem()
	sys.KeepLast("n", 1)
	const publishers, each, readers = 4, 200, 3
	var wg sync.WaitGroup
	seen := make([][]any, readers)
	var refs []gen.Ref
	for i := range readers {
		refs = append(refs, start(t, sys, string(rune('a'+i)), &script{
			init:    func(p *gen.Process) error { return p.Subscribe("n") },
			message: func(_ *gen.Process, m any) error { seen[i] = append(seen[i], m); return nil },
		}))
	}
	for i := range publishers {
		wg.Go(func() {
			for n := range each {
				sys.Publish("n", i*each+n)
			}
		})
	}
	wg.Wait()
	for i, r := range refs {
		// Its own answer comes behind all that was published.
		if _, err := gen.Call(t.Context(), r, ask{}); err == nil {
			t.Error("an answer from a script without one")
		}
		if len(seen[i]) != publishers*each || !slices.Equal(seen[i], seen[0]) {
			t.Errorf("reader %d saw %d in another order", i, len(seen[i]))
		}
	}
	stop(t, sys, refs...)
}
