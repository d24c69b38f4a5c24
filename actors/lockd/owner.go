package lockd

import (
	"time"

	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/xml/uuid"
)

// bond says what ties an owner to its lock.
type bond uint8

const (
	bound  bond = iota // its connection, or that of whoever asked for it
	orphan             // itself: its connection did not outlive a former daemon
	lost               // nothing: its connection has ended, and it is to end too
)

// owner is who holds a lock: a machine's process, as the client registered it.
type owner struct {
	PID   int
	ID    uint32
	Name  string
	UUID  uuid.UUID
	Start uint64 // of the process, in ticks since boot; 0: not known
	Since time.Time
	Bond  bond
}

// is says whether two owners are the same machine's process.
func (o *owner) is(other *owner) bool {
	return o.PID == other.PID && o.ID == other.ID && o.UUID == other.UUID
}

// started gives the time at which a process began, 0 where there is none.
func started(pid int) uint64 {
	if pid <= 0 {
		return 0
	}
	times, err := hostinfo.Host{}.ProcessTimes(pid)
	if err != nil {
		return 0
	}
	return times.Start
}

// client is what stands behind a session. locks.mu guards it.
type client struct {
	pid        int // of the process at the other end
	owner      owner
	registered bool
	restricted bool
	ended      bool
}

// own says whether the client is the owner itself, whose locks end with the connection.
func (c *client) own() bool { return c.registered && c.pid == c.owner.PID }
