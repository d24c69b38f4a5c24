package rpc

import (
	"fmt"
	"time"
)

// strangerTime is how long a client may take to say who it is. A person may have to
// type a password meanwhile.
const strangerTime = 5 * time.Minute

// dismissStrangers ends clients that have not authenticated for too long: they take
// the places of others.
func (s *Server) dismissStrangers(now time.Time) {
	s.mu.Lock()
	var late []*client
	for _, c := range s.strangers {
		if now.Sub(c.since) > strangerTime {
			late = append(late, c)
		}
	}
	s.mu.Unlock()
	for _, c := range late {
		s.log.Error(fmt.Sprintf("authentication failed: %s did not authenticate within %s", c.session, strangerTime))
		c.hangUp()
	}
}
