package act

import (
	"time"

	"virtree.dev/supervisor/gen"
)

// running is a child that a supervisor keeps; an invalid ref is down.
type running struct {
	gen.Child
	ref      gen.Ref
	former   gen.Ref // of the life before
	since    time.Time
	restarts int
	delay    time.Duration // the last backoff
	why      error         // it had to be started again
}

// down notes an end. A child that lived longer than the period begins with its
// first backoff again.
func (r *running) down(why error, period time.Duration) {
	r.former, r.ref, r.why = r.ref, gen.Ref{}, why
	if time.Since(r.since) > period {
		r.delay = 0
	}
}

// backoff is how long to wait this time: it doubles up to the period.
func (r *running) backoff(period time.Duration) time.Duration {
	if r.delay == 0 {
		r.delay = r.Backoff
	} else {
		r.delay = max(min(2*r.delay, period), r.Backoff)
	}
	return r.delay
}
