package auth

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailuresCostTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newThrottle()
		waited := func(peer string) time.Duration {
			began := time.Now()
			if err := h.wait(t.Context(), peer); err != nil {
				t.Error(err)
			}
			return time.Since(began)
		}
		if d := waited("a"); d != 0 {
			t.Error("a peer that did not fail waits", d)
		}
		for i, want := range []int{1, 2, 4, 8, 16, 32, 32, 32} {
			h.failed("a")
			if d := waited("a"); d != time.Duration(want)*firstPenalty {
				t.Errorf("failure %d costs %v", i+1, d)
			}
			if d := waited("b"); d != 0 {
				t.Error("another waits", d)
			}
		}
		time.Sleep(forgiven + time.Second)
		if h.failed("a"); waited("a") != firstPenalty {
			t.Error("old failures count")
		}
	})
}

func TestWhoGoesDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newThrottle()
		h.failed("a")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		began := time.Now()
		if err := h.wait(ctx, "a"); err == nil || time.Since(began) != 0 {
			t.Error("a client that has gone is waited for", err)
		}
	})
}

func TestMemoryOfFailuresIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newThrottle()
		for i := range 3 * maxPeers {
			h.failed(fmt.Sprint(i))
		}
		if n := len(h.peers); n > maxPeers+1 {
			t.Error(n, "are remembered")
		}
		if h.until("new").Before(time.Now()) {
			t.Error("who comes when the memory is full costs nothing")
		}
		time.Sleep(forgiven + 10*time.Second)
		h.failed("x")
		if n := len(h.peers); n > 1 {
			t.Error(n, "are remembered for ever")
		}
	})
}
