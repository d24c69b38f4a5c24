package auth

import (
	"context"
	"sync"
	"time"
)

// What a failed attempt costs: its peer waits before it is answered, and before it
// may try again, twice as long each time. No worker waits with it.
const (
	firstPenalty = 100 * time.Millisecond
	maxDoublings = 5 // 3.2 s
	forgiven     = time.Minute
	maxPeers     = 1024 // that are remembered; beyond, the rest are one
)

// throttle remembers who failed lately.
type throttle struct {
	mu    sync.Mutex
	peers map[string]*offence
}

type offence struct {
	count int
	next  time.Time // when the peer may go on
}

func newThrottle() *throttle { return &throttle{peers: map[string]*offence{}} }

// everybody is who fails while there are too many others to remember.
const everybody = ""

// failed notes a failure, and gives how many there were lately.
func (t *throttle) failed(peer string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	o := t.peers[peer]
	if o == nil && len(t.peers) >= maxPeers {
		t.forget(now)
		if len(t.peers) >= maxPeers {
			peer = everybody
			o = t.peers[peer]
		}
	}
	if o == nil || now.Sub(o.next) > forgiven {
		o = &offence{}
		t.peers[peer] = o
	}
	o.next = now.Add(firstPenalty << min(o.count, maxDoublings))
	o.count++
	return o.count
}

// forget drops those who have not failed for long. t.mu is held.
func (t *throttle) forget(now time.Time) {
	for peer, o := range t.peers {
		if now.Sub(o.next) > forgiven {
			delete(t.peers, peer)
		}
	}
}

// until is when a peer may go on.
func (t *throttle) until(peer string) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	o := t.peers[peer]
	if o == nil && len(t.peers) >= maxPeers {
		o = t.peers[everybody]
	}
	if o == nil {
		return time.Time{}
	}
	return o.next
}

// wait waits until a peer may go on, or the context ends.
func (t *throttle) wait(ctx context.Context, peer string) error {
	d := time.Until(t.until(peer))
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
