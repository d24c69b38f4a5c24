package gen_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

type echo struct {
	gen.Returns[string]
	Text string
}

type boom struct{ gen.Returns[string] }

type slow struct{ gen.Returns[string] }

type ask struct {
	gen.Returns[string]
	of gen.Ref
}

// server is a behavior with one of everything.
type server struct {
	act.Actor
	later []gen.From
	got   chan any
}

func (s *server) HandleCall(p *gen.Process, from gen.From, req any) (any, error) {
	switch req := req.(type) {
	case echo:
		return req.Text, nil
	case boom:
		panic("as asked")
	case slow:
		s.later = append(s.later, from)
		return nil, gen.ErrLater
	case ask:
		return gen.Call(p, req.of, ask{of: p.Self()})
	}
	return s.Actor.HandleCall(p, from, req)
}

func (s *server) HandleMessage(_ *gen.Process, m any) error {
	if m == "answer" {
		for _, f := range s.later {
			f.Reply("late", nil)
		}
	}
	if s.got != nil {
		s.got <- m
	}
	return nil
}

func start(t *testing.T, sys *gen.System, name string, b gen.Behavior) gen.Ref {
	t.Helper()
	ref, err := sys.Start(gen.Child{Name: name, Register: true, New: func() gen.Behavior { return b }})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestCallAndReplyLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &server{})
		if v, err := gen.Call(t.Context(), sys.Named("s"), echo{Text: "hi"}); v != "hi" || err != nil {
			t.Fatal(v, err)
		}
		done := make(chan string)
		go func() {
			v, _ := gen.Call(context.Background(), ref, slow{})
			done <- v
		}()
		synctest.Wait()
		if err := gen.Send(ref, "answer"); err != nil {
			t.Fatal(err)
		}
		if v := <-done; v != "late" {
			t.Error(v)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := gen.Call(ctx, ref, slow{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		stop(t, sys, ref)
	})
}

func stop(t *testing.T, sys *gen.System, refs ...gen.Ref) {
	t.Helper()
	for _, r := range refs {
		if err := sys.Stop(r, gen.Shutdown); err != nil {
			t.Error(err)
		}
	}
}

func TestPanicFreesCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		ref := start(t, sys, "s", &server{})
		_, err := gen.Call(t.Context(), ref, boom{})
		var p *gen.PanicError
		if !errors.Is(err, gen.ErrDown) || !errors.As(err, &p) || p.Value != "as asked" || len(p.Stack) == 0 {
			t.Error(err)
		}
		if _, err := gen.Call(t.Context(), ref, echo{}); !errors.Is(err, gen.ErrDown) {
			t.Error(err)
		}
	})
}

func TestCycleIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		a, b := start(t, sys, "a", &server{}), start(t, sys, "b", &server{})
		_, err := gen.Call(t.Context(), a, ask{of: b})
		if !errors.Is(err, gen.ErrCycle) {
			t.Error(err)
		}
		stop(t, sys, a, b)
	})
}

func TestFullMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		s := &server{got: make(chan any)}
		ref, err := sys.Start(gen.Child{Name: "s", Mailbox: 2, New: func() gen.Behavior { return s }})
		if err != nil {
			t.Fatal(err)
		}
		_ = gen.Send(ref, 0)
		synctest.Wait() // 0 is in hand
		if err := errors.Join(gen.Send(ref, 1), gen.Send(ref, 2)); err != nil {
			t.Fatal(err)
		}
		if err := gen.Send(ref, 3); !errors.Is(err, gen.ErrFull) {
			t.Error(err)
		}
		waited := make(chan error)
		go func() { waited <- gen.SendWait(context.Background(), ref, 3) }()
		for want := range 4 {
			if got := <-s.got; got != want {
				t.Errorf("%v instead of %d", got, want)
			}
		}
		if err := <-waited; err != nil {
			t.Error(err)
		}
		stop(t, sys, ref)
	})
}

func TestMonitorAndEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		sys.KeepLast("news", 1)
		sys.Publish("news", "old")
		sys.Publish("news", "newer")
		s := &watcher{got: make(chan any, 8)}
		victim := start(t, sys, "victim", &server{})
		s.victim = victim
		ref := start(t, sys, "w", s)
		if got := <-s.got; got != "newer" {
			t.Error(got)
		}
		sys.Publish("news", "fresh")
		if got := <-s.got; got != "fresh" {
			t.Error(got)
		}
		why := errors.New("why")
		if err := gen.Exit(victim, why); err != nil {
			t.Fatal(err)
		}
		if d, ok := (<-s.got).(gen.Down); !ok || d.Who != victim || d.Reason != why { //nolint:errorlint // the very error
			t.Error(d)
		}
		stop(t, sys, ref)
	})
}

type watcher struct {
	act.Actor
	victim gen.Ref
	got    chan any
}

func (w *watcher) Init(p *gen.Process) error {
	return errors.Join(p.Monitor(w.victim), p.Subscribe("news"))
}

func (w *watcher) HandleMessage(_ *gen.Process, m any) error {
	w.got <- m
	return nil
}

// blocked is a meta process that ends only when told.
type blocked struct{ stop chan error }

func (b *blocked) Start(*gen.Process) error { return <-b.stop }
func (b *blocked) Stop(cause error)         { b.stop <- cause }

type parent struct {
	act.Actor
	metas []gen.Meta
	jobs  []func(context.Context) error
	got   chan any
}

func (q *parent) Init(p *gen.Process) error {
	for _, m := range q.metas {
		if err := p.SpawnMeta("m", m); err != nil {
			return err
		}
	}
	for _, j := range q.jobs {
		if err := p.Go("j", j); err != nil {
			return err
		}
	}
	return nil
}

func (q *parent) HandleMessage(_ *gen.Process, m any) error {
	q.got <- m
	return nil
}

func TestMetasEndWithTheirProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		m := &blocked{stop: make(chan error, 1)}
		q := &parent{got: make(chan any, 4), metas: []gen.Meta{m}, jobs: []func(context.Context) error{
			func(context.Context) error { panic("job") },
			func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}}
		ref := start(t, sys, "q", q)
		exit, ok := (<-q.got).(gen.MetaExit)
		var p *gen.PanicError
		if !ok || exit.Name != "j" || !errors.As(exit.Reason, &p) {
			t.Errorf("%#v", exit)
		}
		stop(t, sys, ref)
		synctest.Wait()
		if len(q.got) != 0 {
			t.Errorf("told of a wanted end: %v", <-q.got)
		}
	})
}

// stuck never returns from a message until released.
type stuck struct {
	act.Actor
	release chan struct{}
}

func (s *stuck) HandleMessage(*gen.Process, any) error {
	<-s.release
	return nil
}

func TestZombieIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sys := gen.NewSystem()
		s := &stuck{release: make(chan struct{})}
		ref := start(t, sys, "s", s)
		_ = gen.Send(ref, 1)
		synctest.Wait()
		time.Sleep(6 * time.Second)
		n := sys.Tree(true)[0]
		if n.State != "busy" || !n.Slow || n.InHand != "int" {
			t.Errorf("%+v", n)
		}
		if err := sys.Stop(ref, gen.Shutdown); !errors.Is(err, gen.ErrZombie) {
			t.Error(err)
		}
		if _, err := gen.Call(t.Context(), ref, echo{}); !errors.Is(err, gen.ErrDown) {
			t.Error(err)
		}
		close(s.release)
	})
}

func TestTable(t *testing.T) {
	var table gen.Table[int, string]
	for i := range 3 {
		table.Put(i, "v")
	}
	table.Put(1, "w")
	table.Delete(0)
	table.Delete(0)
	if v, ok := table.Get(1); v != "w" || !ok || table.Len() != 2 || len(table.Snapshot()) != 2 {
		t.Error(v, ok, table.Len(), table.Snapshot())
	}
	first := table.Snapshot()
	table.Put(9, "x")
	if len(first) != 2 || len(table.Snapshot()) != 3 {
		t.Error("a snapshot changed, or did not")
	}
}

func BenchmarkCall(b *testing.B) {
	sys := gen.NewSystem()
	ref, err := sys.Start(gen.Child{Name: "s", New: func() gen.Behavior { return &server{} }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := gen.Call(b.Context(), ref, echo{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSend(b *testing.B) {
	sys := gen.NewSystem()
	ref, err := sys.Start(gen.Child{Name: "s", New: func() gen.Behavior { return &server{} }})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := gen.SendWait(b.Context(), ref, 1); err != nil {
			b.Fatal(err)
		}
	}
}
