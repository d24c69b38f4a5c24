package gentest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

type question struct {
	gen.Returns[int]
	N int
}

// asker passes numbers on to "peer", later, and what it was answered after that.
type asker struct{ act.Actor }

func (asker) HandleMessage(p *gen.Process, msg any) error {
	n, isNumber := msg.(int)
	if !isNumber {
		return errors.New("that is no number")
	}
	double, err := gen.Call(p, p.Named("peer"), question{N: n})
	if err != nil {
		return err
	}
	return gen.Send(p.Named("peer"), double)
}

func TestStandsTellWhatWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(t)
		defer s.End()
		peer := s.Stand("peer", func(req any) (any, error) { return 2 * req.(question).N, nil })
		ref := s.Start(gen.Child{Name: "asker", New: func() gen.Behavior { return asker{} }})
		peer.Expect()
		if err := gen.Send(ref, 21); err != nil {
			t.Fatal(err)
		}
		s.Settled()
		peer.Expect(question{N: 21}, 42)
		peer.Expect()
	})
}

func TestStandRefusesCallsWithoutAnAnswer(t *testing.T) {
	s := New(t)
	defer s.End()
	s.Stand("peer", nil)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if n, err := gen.Call(ctx, s.System.Named("peer"), question{N: 1}); err == nil {
		t.Errorf("answered %d", n)
	}
}
