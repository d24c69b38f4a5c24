// Package program describes RPC programs: what the generator knows of each
// procedure, for those who dispatch, check and print calls.
package program

import "virtree.dev/protocol/xdr"

// Kind is who sends a procedure's messages.
type Kind uint8

// The kinds of procedures.
const (
	Call    Kind = iota // client asks, server answers
	Event               // server tells
	Message             // either side tells
)

// Priority says which workers may run a call.
type Priority uint8

// The priorities.
const (
	Low  Priority = iota // ordinary workers
	High                 // priority workers too: never blocks on a hypervisor
)

// Rule says what a read-only connection may do.
type Rule uint8

// The rules of read-only connections.
const (
	Allow Rule = iota
	Deny
	Conditional // denied with a flag of DenyFlags
	Preauth     // before authentication
)

// Owner is the kind of driver that answers a procedure.
type Owner uint8

// The owners.
const (
	Server Owner = iota // the daemon itself
	Hypervisor
	Network
	Interface
	Storage
	NodeDevice
	Secret
	NWFilter
	Owners // how many there are
)

var ownerNames = [Owners]string{"server", "hypervisor", "network", "interface", "storage", "nodedev", "secret", "nwfilter"}

func (o Owner) String() string { return ownerNames[o] }

// Procedure is one procedure of a program.
type Procedure struct {
	Num         int32
	Name        string // DOMAIN_LOOKUP_BY_NAME
	API         string // virDomainLookupByName; empty where none
	Kind        Kind
	Args        func() xdr.Value // nil for void; the message of an event
	Ret         func() xdr.Value // nil for void
	Priority    Priority
	ReadOnly    Rule
	DenyFlags   uint64 // flags that Conditional denies
	ACL         []string
	ACLFilter   []string
	Owner       Owner
	ReadStream  bool // server to client
	WriteStream bool // client to server
}

// Program is a numbered set of procedures.
type Program struct {
	Name       string
	ID         uint32
	Version    uint32
	Procedures []Procedure // by number; entry 0 is empty
}

// Procedure finds a procedure by number, nil if there is none.
func (p *Program) Procedure(num int32) *Procedure {
	if num <= 0 || int(num) >= len(p.Procedures) || p.Procedures[num].Name == "" {
		return nil
	}
	return &p.Procedures[num]
}
