package rpc

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"
)

// What the log takes of clients that are not let in: a flood of them must not become
// one of lines.
const (
	failuresSaid  = 5 // of one peer in failuresTime
	failuresTime  = time.Minute
	failuresPeers = 256 // that are told apart; all others count as one
)

const otherPeers = "other peers"

// failures counts clients that were not let in, by where they came from.
type failures struct {
	log *zap.Logger

	mu     sync.Mutex
	began  time.Time
	counts map[string]int
}

// note logs why a client was not let in, or counts it where its peer has been told of
// often enough.
func (f *failures) note(peer, text string, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.began, f.counts = now, map[string]int{}
	}
	if _, known := f.counts[peer]; !known && len(f.counts) >= failuresPeers {
		peer = otherPeers
	}
	if f.counts[peer]++; f.counts[peer] <= failuresSaid {
		f.log.Error(text)
	}
}

// settle begins to count anew when it is time, and says what was only counted.
func (f *failures) settle(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil || now.Sub(f.began) < failuresTime {
		return
	}
	for peer, n := range f.counts {
		if n > failuresSaid {
			f.log.Error(fmt.Sprintf("authentication failed: %d more clients from %s were not let in within %s", n-failuresSaid, peer, failuresTime))
		}
	}
	f.counts = nil
}
