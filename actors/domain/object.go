package domain

import (
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// UUID is a domain's identity.
type UUID = domain.UUID

// Object is a domain as everybody sees it; immutable once published.
type Object struct {
	UUID   UUID
	Name   string
	ID     int // of the running machine, or -1
	State  State
	Reason Reason

	Persistent bool
	Updated    bool // the definition differs from what runs
	Autostart  bool
	// AutostartOnce is for the next time only.
	AutostartOnce bool
	ManagedSave   bool
	Snapshots     int
	Checkpoints   int

	// Def is the machine that runs, or the definition without one. Its Next is what
	// the next start will take; nil where that is Def itself.
	Def  *domain.Domain
	Next *domain.Domain

	Job Job
	PID int // of the machine's process
	// Deaf says that its monitor owes somebody an answer for too long.
	Deaf bool

	// Status is what is known of the machine; nil without one.
	Status *domstatus.Status
}

// Active says whether the domain has a machine.
func (o *Object) Active() bool { return o.ID >= 0 }

// Config gives the definition that the next start takes; nil for a transient domain that runs.
func (o *Object) Config() *domain.Domain {
	switch {
	case o.Next != nil:
		return o.Next
	case o.Active() && !o.Persistent:
		return nil
	}
	return o.Def
}
