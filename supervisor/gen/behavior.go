package gen

import (
	"time"
)

// Behavior is what an author writes. Embed act.Actor for the defaults.
// Terminate is called last, after an Init that failed as well: it gives up
// whatever there is by then.
type Behavior interface {
	Init(p *Process) error                                  // runs before the parent goes on
	HandleMessage(p *Process, msg any) error                // non-nil: terminate, this reason
	HandleCall(p *Process, from From, req any) (any, error) // the error goes to the caller; ErrLater: From answers
	HandleInspect(p *Process) map[string]string             // one page of the observer
	Terminate(p *Process, reason error)
}

// Restart says when a child is started again.
type Restart uint8

// The kinds of children.
const (
	Permanent Restart = iota // always
	Transient                // after a disorderly end
	Temporary                // never
)

func (r Restart) String() string { return [...]string{"permanent", "transient", "temporary"}[r] }

// Child describes a process to be started.
type Child struct {
	Name        string
	New         func() Behavior
	Restart     Restart
	Backoff     time.Duration // first delay; doubles up to the supervisor's period; 0: at once
	Shutdown    time.Duration // grace before it is abandoned and reported; 0: 5 s
	Mailbox     int           // bound of the main lane; 0: 1024
	Register    bool          // under Name, for the whole system
	Significant bool          // its orderly end ends the supervisor too
	Before      Ref           // stops after this sibling, as if it had been started before
	Thaw        *Frozen       // starts from this state instead of Init
}

const (
	defaultMailbox  = 1024
	defaultShutdown = 5 * time.Second
)

// ChildExit tells a process that one of its children ended by itself.
type ChildExit struct {
	Who    Ref
	Name   string
	Reason error
}
