package act

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

var errCrash = errors.New("crash")

// scene is a supervisor under test with what its children did.
type scene struct {
	book
	t   *testing.T
	sys *gen.System
	top gen.Ref
}

// stage runs f with a supervisor in a bubble of its own time, and stops what is left.
func stage(t *testing.T, s Supervisor, children func(b *book) []gen.Child, f func(sc *scene)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		sc := &scene{t: t, sys: gen.NewSystem()}
		s.Children = children(&sc.book)
		var err error
		if sc.top, err = sc.sys.Start(s.Child("top", gen.Permanent)); err != nil {
			t.Fatal(err)
		}
		f(sc)
		if sc.top.Alive() {
			if err := sc.sys.Stop(sc.top, gen.Shutdown); err != nil {
				t.Error(err)
			}
		}
	})
}

// end ends a child by name and lets everything that follows happen.
func (sc *scene) end(name string, reason error) {
	sc.t.Helper()
	if err := gen.Exit(sc.sys.Named(name), reason); err != nil {
		sc.t.Fatal(name, err)
	}
	synctest.Wait()
}

// did compares what happened since the last time.
func (sc *scene) did(want string) {
	sc.t.Helper()
	if got := sc.read(); got != want {
		sc.t.Errorf("got %q, want %q", got, want)
	}
}

func with(c gen.Child, backoff time.Duration) gen.Child {
	c.Backoff = backoff
	return c
}

func three(first, second, third gen.Restart) func(b *book) []gen.Child {
	return func(b *book) []gen.Child {
		return []gen.Child{child(b, "a", first), child(b, "b", second), child(b, "c", third)}
	}
}

func TestTemporarySiblingsAreNotStartedAgain(t *testing.T) {
	for _, typ := range []Type{AllForOne, RestForOne} {
		stage(t, Supervisor{Type: typ}, three(gen.Permanent, gen.Permanent, gen.Temporary), func(sc *scene) {
			sc.did("+a +b +c")
			sc.end("a", errCrash)
			sc.did("-a -c -b +a +b")
			sc.end("a", errCrash)
			sc.did("-a -b +a +b")
		})
	}
}

func TestTransientSiblingsAre(t *testing.T) {
	stage(t, Supervisor{Type: AllForOne}, three(gen.Permanent, gen.Transient, gen.Transient), func(sc *scene) {
		sc.did("+a +b +c")
		sc.end("b", errCrash)
		sc.did("-b -c -a +a +b +c")
		sc.end("b", gen.Normal) // and this is an orderly end of its own
		sc.end("c", errCrash)
		sc.did("-b -c -a +a +c")
	})
}

func TestSignificantChildEndsItsSupervisor(t *testing.T) {
	children := func(b *book) []gen.Child {
		s := child(b, "s", gen.Transient)
		s.Significant = true
		return []gen.Child{child(b, "a", gen.Permanent), s}
	}
	stage(t, Supervisor{}, children, func(sc *scene) {
		sc.did("+a +s")
		sc.end("s", errCrash)
		sc.did("-s +s")
		sc.end("s", gen.Normal)
		sc.did("-s -a")
		if sc.top.Alive() {
			sc.t.Error("the supervisor goes on")
		}
	})
}

func TestAPanicIsARestartLikeAnyOther(t *testing.T) {
	children := func(b *book) []gen.Child {
		return []gen.Child{{Name: "p", Register: true, New: func() gen.Behavior { return &panicker{diary{name: "p", book: b}} }}}
	}
	stage(t, Supervisor{}, children, func(sc *scene) {
		_ = gen.Send(sc.sys.Named("p"), 1)
		synctest.Wait()
		sc.did("+p -p +p")
		if n := sc.sys.Tree(false)[0].Children[0]; n.LastExit != "panic: as asked" || n.Restarts != 1 {
			sc.t.Errorf("%+v", n)
		}
	})
}

type panicker struct{ diary }

func (*panicker) HandleMessage(*gen.Process, any) error { panic("as asked") }

// Those that lean on a child wait with it for its backoff.
func TestBackoffKeepsTheOrder(t *testing.T) {
	children := func(b *book) []gen.Child {
		return []gen.Child{child(b, "a", gen.Permanent), with(child(b, "b", gen.Permanent), time.Second), child(b, "c", gen.Permanent)}
	}
	stage(t, Supervisor{Type: RestForOne, Period: time.Minute}, children, func(sc *scene) {
		sc.did("+a +b +c")
		sc.end("b", errCrash)
		sc.did("-b -c")
		time.Sleep(1001 * time.Millisecond)
		sc.did("+b +c")
		if n := sc.sys.Tree(false)[0].Children[1]; n.Name != "b" || n.Restarts != 1 || n.LastExit != "crash" {
			sc.t.Errorf("%+v", n)
		}
		// Another end while b waits starts them all, and the timer finds nothing to do.
		sc.end("b", errCrash)
		sc.end("a", errCrash)
		sc.did("-b -c -a +a +b +c")
		time.Sleep(time.Minute)
		sc.did("")
	})
}

func TestBackoffBeginsAnewAfterALongLife(t *testing.T) {
	children := func(b *book) []gen.Child {
		return []gen.Child{with(child(b, "x", gen.Permanent), time.Second)}
	}
	stage(t, Supervisor{Intensity: 10, Period: 10 * time.Second}, children, func(sc *scene) {
		for _, wait := range []int{1, 2, 4, 8, 10, 10} {
			sc.end("x", errCrash)
			time.Sleep(time.Duration(wait)*time.Second - time.Nanosecond)
			synctest.Wait()
			if sc.sys.Named("x").Alive() {
				sc.t.Errorf("back before %d s", wait)
			}
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			if !sc.sys.Named("x").Alive() {
				sc.t.Fatalf("not back after %d s", wait)
			}
		}
		time.Sleep(11 * time.Second)
		sc.end("x", errCrash)
		time.Sleep(time.Second)
		synctest.Wait()
		if !sc.sys.Named("x").Alive() {
			sc.t.Error("a long life is not honoured")
		}
	})
}

func TestFailingInitWaitsForItsBackoff(t *testing.T) {
	fails := 0
	children := func(b *book) []gen.Child {
		c := gen.Child{Name: "x", Register: true, New: func() gen.Behavior { return &diary{name: "x", book: b, fails: &fails} }}
		return []gen.Child{with(c, time.Second)}
	}
	stage(t, Supervisor{Intensity: 9, Period: time.Minute}, children, func(sc *scene) {
		fails = 2
		sc.end("x", errCrash)
		begin := time.Now()
		for !sc.sys.Named("x").Alive() {
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		if took := time.Since(begin); took != 7*time.Second { // 1 + 2 + 4
			sc.t.Errorf("back after %v", took)
		}
	})
}

// A child that waits for its backoff can be taken out all the same.
func TestStopWhileWaiting(t *testing.T) {
	children := func(b *book) []gen.Child {
		return []gen.Child{with(child(b, "x", gen.Permanent), time.Second)}
	}
	stage(t, Supervisor{}, children, func(sc *scene) {
		ref := sc.sys.Named("x")
		was, err := StartChild(sc.t.Context(), sc.top, with(child(&sc.book, "y", gen.Permanent), time.Second))
		if err != nil {
			sc.t.Fatal(err)
		}
		sc.end("y", errCrash)
		if err := StopChild(sc.t.Context(), sc.top, was, gen.Shutdown); err != nil {
			sc.t.Error(err)
		}
		if err := StopChild(sc.t.Context(), sc.top, was, gen.Shutdown); !errors.Is(err, gen.ErrNoProc) {
			sc.t.Error(err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		sc.did("+x +y -y")
		if !ref.Alive() {
			sc.t.Error("the other one is gone")
		}
	})
}

// Children on demand need no names of their own.
func TestNamesakes(t *testing.T) {
	stage(t, Supervisor{Type: SimpleOneForOne}, func(*book) []gen.Child { return nil }, func(sc *scene) {
		var refs []gen.Ref
		for range 3 {
			c := with(child(&sc.book, "n", gen.Permanent), time.Second)
			c.Register = false
			ref, err := StartChild(sc.t.Context(), sc.top, c)
			if err != nil {
				sc.t.Fatal(err)
			}
			refs = append(refs, ref)
		}
		_ = gen.Exit(refs[1], errCrash)
		_ = gen.Exit(refs[2], errCrash)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := len(sc.sys.Tree(false)[0].Children); n != 3 || !refs[0].Alive() {
			sc.t.Errorf("%d children", n)
		}
	})
}

func TestAFailedStartStopsWhatWasStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b book
		sys := gen.NewSystem()
		fails := 1
		s := Supervisor{Children: []gen.Child{
			child(&b, "a", gen.Permanent), child(&b, "b", gen.Permanent),
			{Name: "c", New: func() gen.Behavior { return &diary{name: "c", book: &b, fails: &fails} }},
		}}
		if _, err := sys.Start(s.Child("top", gen.Permanent)); err == nil || !strings.Contains(err.Error(), "child c: not yet") {
			t.Error(err)
		}
		if got := b.read(); got != "+a +b -c -b -a" || len(sys.Tree(false)) != 0 {
			t.Errorf("%s, tree %+v", got, sys.Tree(false))
		}
	})
}

// hung is a child that does not stop while it holds a message.
type hung struct {
	Actor
	release chan struct{}
}

func (h *hung) HandleMessage(*gen.Process, any) error { <-h.release; return nil }

func TestAZombieHoldsNobodyUp(t *testing.T) {
	var release chan struct{}
	children := func(b *book) []gen.Child {
		release = make(chan struct{}) // of the bubble
		return []gen.Child{
			child(b, "a", gen.Permanent),
			{Name: "h", Register: true, Shutdown: time.Second, New: func() gen.Behavior { return &hung{release: release} }},
		}
	}
	stage(t, Supervisor{Type: AllForOne}, children, func(sc *scene) {
		before := sc.sys.Named("h").PID()
		_ = gen.Send(sc.sys.Named("h"), 1)
		synctest.Wait()
		sc.end("a", errCrash)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		sc.did("+a -a +a")
		if h := sc.sys.Named("h"); !h.Alive() || h.PID() == before {
			sc.t.Error("it has no successor")
		}
		if n := len(sc.sys.Tree(false)); n != 2 {
			sc.t.Errorf("%d at the top, want the supervisor and the zombie", n)
		}
		close(release)
	})
}

func TestWhyASupervisorGaveUp(t *testing.T) {
	stage(t, Supervisor{Intensity: 1}, three(gen.Permanent, gen.Permanent, gen.Permanent), func(sc *scene) {
		var why error
		watcher, err := sc.sys.Start(gen.Child{Name: "watcher", New: func() gen.Behavior { return &mourner{of: sc.top, why: &why} }})
		if err != nil {
			sc.t.Fatal(err)
		}
		sc.end("b", errCrash)
		sc.end("b", errCrash)
		if !errors.Is(why, ErrGaveUp) || !errors.Is(why, errCrash) || !strings.Contains(why.Error(), "b: crash") {
			sc.t.Error(why)
		}
		sc.did("+a +b +c -b +b -b -c -a")
		if err := sc.sys.Stop(watcher, gen.Shutdown); err != nil {
			sc.t.Error(err)
		}
	})
}

// mourner notes why another one ended.
type mourner struct {
	Actor
	of  gen.Ref
	why *error
}

func (m *mourner) Init(p *gen.Process) error { return p.Monitor(m.of) }

func (m *mourner) HandleMessage(_ *gen.Process, msg any) error {
	if d, ok := msg.(gen.Down); ok {
		*m.why = d.Reason
	}
	return nil
}
