package caps

import (
	"maps"

	"virtree.dev/protocol/xml/xmltree"
)

// Flag is something a QEMU binary can do, by the name libvirt gives it in
// status documents ("virtio-scsi-pci", "netdev.json"). Flags lists all.
type Flag string

// Caps is what a QEMU binary can do. It does not change once it is made.
type Caps struct {
	Binary  string
	CTime   int64 // of the binary, in seconds, when it was asked
	Version uint  // major*1000000 + minor*1000 + micro
	Package string
	Arch    string // as in documents: x86_64, aarch64
	KVM     bool   // whether /dev/kvm worked for it

	flags  map[Flag]bool
	Accels map[string]*Accel // by virt type: qemu, kvm, hvf
	GICs   []GIC
	SEV    *SEV
	SGX    *SGX
	HyperV *HyperV
}

// Accel is what depends on who executes the guest's code.
type Accel struct {
	Machines []Machine
	CPUs     []CPUModel
	Host     *Expansion

	hostModel hostModel
}

// Expansion is what the binary's best model ("host", or "max" without hardware's help) consists of.
type Expansion struct {
	Model         string
	Migratability bool // whether the properties say if they can migrate
	Properties    []Property
	Deprecated    []string // in QEMU's spelling, as the properties' names
}

// Property is one property of a processor. Its value is a bool, an int64 or a string.
type Property struct {
	Name       string
	Value      any
	Migratable xmltree.Tristate
}

// Machine is a machine type.
type Machine struct {
	Name       string
	Alias      string // empty when it has none
	MaxCPUs    uint
	HotplugCPU bool
	Default    bool   // QEMU's own choice, not ours: see Preferred
	DefaultCPU string // QOM type, as "qemu64-x86_64-cpu", or empty
	DefaultRAM string // id of the main memory, as "pc.ram"
	NUMAMem    bool
	Deprecated bool
	ACPI       xmltree.Tristate // Absent when the binary does not say
}

// CPUModel is a processor model.
type CPUModel struct {
	Name       string
	Type       string // QOM type
	Usable     xmltree.Tristate
	Blockers   []string
	Deprecated bool
	Vendor     string
}

// GIC is an interrupt controller of an ARM host.
type GIC struct {
	Version          uint
	Kernel, Emulated bool
}

// SEV is what AMD's memory encryption offers.
type SEV struct {
	PDH, CertChain, CPU0ID string
	CBitPos, ReducedBits   uint
}

// SGX is what Intel's enclaves offer.
type SGX struct {
	FLC, SGX1, SGX2 bool
	Size            uint64 // KiB of all sections
	Sections        []SGXSection
}

// SGXSection is enclave memory of one NUMA node.
type SGXSection struct {
	Node uint
	Size uint64 // KiB
}

// HyperV are the enlightenments the host offers.
type HyperV struct {
	Features  []string
	Spinlocks uint
	Direct    bool
	VendorID  string
}

// New makes capabilities with the given flags, for tests and the cache.
func New(arch string, version uint, flags ...Flag) *Caps {
	c := &Caps{Arch: arch, Version: version, flags: map[Flag]bool{}, Accels: map[string]*Accel{}}
	for _, f := range flags {
		c.flags[f] = true
	}
	return c
}

// Has says whether the binary can do all of that.
func (c *Caps) Has(flags ...Flag) bool {
	for _, f := range flags {
		if !c.flags[f] {
			return false
		}
	}
	return true
}

// Set adds or takes away a flag while the capabilities are being made.
func (c *Caps) Set(f Flag, on bool) {
	if on {
		c.flags[f] = true
		return
	}
	delete(c.flags, f)
}

// Adjusted is a copy with flags given and taken away.
func (c *Caps) Adjusted(add, take []string) *Caps {
	out := *c
	out.flags = maps.Clone(c.flags)
	for _, f := range add {
		out.Set(Flag(f), true)
	}
	for _, f := range take {
		out.Set(Flag(f), false)
	}
	return &out
}

// FlagNames gives the flags in libvirt's order.
func (c *Caps) FlagNames() []string {
	var out []string
	for _, f := range Flags {
		if c.flags[f] {
			out = append(out, string(f))
		}
	}
	return out
}

// Machine finds a machine type by its name or alias; nil when there is none.
func (c *Caps) Machine(virtType, name string) *Machine {
	a := c.AccelOf(virtType)
	if a == nil {
		return nil
	}
	for i := range a.Machines {
		if m := &a.Machines[i]; name != "" && (m.Name == name || m.Alias == name) {
			return m
		}
	}
	return nil
}

// Canonical gives the name behind an alias of a machine type, or the name itself.
func (c *Caps) Canonical(virtType, name string) string {
	if m := c.Machine(virtType, name); m != nil {
		return m.Name
	}
	return name
}

// Preferred is the machine type for a document that names none; empty when the binary has none.
// It stands first in the list.
func (c *Caps) Preferred(virtType string) string {
	if a := c.AccelOf(virtType); a != nil && len(a.Machines) > 0 {
		return a.Machines[0].Name
	}
	return ""
}

// Accelerated says whether hardware helps guests of a virt type.
func Accelerated(virtType string) bool { return virtType == "kvm" || virtType == "hvf" }

// AccelOf gives what depends on a virt type; those that are not of hardware are all emulated. It may be nil.
func (c *Caps) AccelOf(virtType string) *Accel {
	if !Accelerated(virtType) {
		virtType = "qemu"
	}
	return c.Accels[virtType]
}
