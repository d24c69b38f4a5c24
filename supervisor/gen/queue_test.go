package gen

import (
	"math/rand/v2"
	"testing"
)

// The ring keeps the order whatever is put and taken, and gives a burst's memory back.
func TestQueueKeepsOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var q queue
	next, want := 0, 0
	for range 1000 {
		for range r.IntN(40) {
			q.put(next)
			next++
		}
		for range min(r.IntN(40), q.count) {
			if got := q.take(); got != want {
				t.Fatalf("%v instead of %d", got, want)
			}
			want++
		}
	}
	for q.count > 0 {
		q.take()
	}
	if len(q.items) > 64 {
		t.Errorf("holds memory for %d messages", len(q.items))
	}
}

func TestClosedMailbox(t *testing.T) {
	b := newMailbox(1)
	if err := b.put(laneMain, 1); err != nil {
		t.Fatal(err)
	}
	room := b.waitRoom()
	if left := b.close(); len(left) != 1 {
		t.Errorf("%d messages were left", len(left))
	}
	<-room                                           // who waits for room looks again
	if err := b.put(laneUrgent, 1); err != ErrDown { //nolint:errorlint // never wrapped
		t.Error(err)
	}
	<-b.waitRoom()
	if b.depth() != 0 {
		t.Error(b.depth())
	}
}
