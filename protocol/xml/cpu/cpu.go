package cpu

import "virtree.dev/protocol/xml/xmltree"

// Tristate is yes, no or left open.
type Tristate = xmltree.Tristate

// Kind tells whose processor it is.
type Kind uint8

// The kinds of processors.
const (
	Auto Kind = iota // while parsing: a guest's when there is a match or mode, else a host's
	Host
	Guest
)

// CPU is a <cpu> element without its <numa>, which a domain keeps beside it.
type CPU struct {
	Kind       Kind
	Mode       string // custom, host-model, host-passthrough, maximum; a guest always has one
	Match      string // of mode custom: minimum, exact, strict
	Check      string // none, partial, full; empty for the default
	Migratable Tristate
	Deprecated Tristate // deprecated_features of host-model
	Arch       string   // of a host
	Model      string
	Fallback   string // allow, forbid: of a guest's model; empty counts as allow
	VendorID   string // what CPUID tells the guest
	Vendor     string
	Microcode  uint       // host
	Signature  *Signature // host
	Counter    *Counter   // host
	Topology   *Topology
	Cache      *Cache
	PhysAddr   *PhysAddr
	Features   []Feature
}

// Signature is a host's family, model and stepping.
type Signature struct {
	Family, Model, Stepping uint
}

// Counter is a host's time stamp counter.
type Counter struct {
	Name      string // tsc
	Frequency uint64 // Hz
	Scaling   Tristate
}

// Topology is what a socket is made of. All are at least 1.
type Topology struct {
	Sockets, Dies, Clusters, Cores, Threads uint
}

// Total gives the number of logical processors.
func (t *Topology) Total() uint { return t.Sockets * t.Dies * t.Clusters * t.Cores * t.Threads }

// Cache tells how caches show in the guest.
type Cache struct {
	Level int    // -1 when not given
	Mode  string // emulate, passthrough, disable
}

// PhysAddr is the width of physical addresses.
type PhysAddr struct {
	Mode  string // emulate, passthrough
	Bits  int    // -1 when not given
	Limit uint   // 0 when not given
}

// Feature is a CPU flag with what the guest's owner wants of it.
type Feature struct {
	Name   string
	Policy string // force, require, optional, disable, forbid; empty for a host
}

// Feature finds a feature by name, or nil.
func (c *CPU) Feature(name string) *Feature {
	for i := range c.Features {
		if c.Features[i].Name == name {
			return &c.Features[i]
		}
	}
	return nil
}

// Clone copies the processor; nil stays nil.
func (c *CPU) Clone() *CPU {
	if c == nil {
		return nil
	}
	d := *c
	d.Signature = clone(c.Signature)
	d.Counter = clone(c.Counter)
	d.Topology = clone(c.Topology)
	d.Cache = clone(c.Cache)
	d.PhysAddr = clone(c.PhysAddr)
	d.Features = append([]Feature(nil), c.Features...)
	return &d
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
