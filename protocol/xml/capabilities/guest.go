package capabilities

import (
	"slices"

	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/xmlout"
)

// Guest is one architecture of guests.
type Guest struct {
	Arch     string
	Emulator string
	Machines []Machine
	Types    []string // of domains: qemu, kvm, hvf
}

// Machine is a machine type.
type Machine struct {
	Name, Canonical string
	MaxCPUs         uint
	Deprecated      bool
}

func (g *Guest) format(w *xmlout.Writer) {
	w.Start("guest")
	w.Elem("os_type", "hvm")
	w.Start("arch")
	w.Attr("name", g.Arch)
	a, _ := arch.Find(g.Arch)
	w.UintElem("wordsize", uint64(a.Bits))
	w.Elem("emulator", g.Emulator)
	for _, m := range g.Machines {
		w.Start("machine")
		w.OptAttr("canonical", m.Canonical)
		w.OptUintAttr("maxCpus", uint64(m.MaxCPUs))
		if m.Deprecated {
			w.Attr("deprecated", "yes")
		}
		w.Text(m.Name)
		w.End()
	}
	for _, t := range g.Types {
		w.AttrElem("domain", "type", t)
	}
	w.EndFull()
	w.Start("features")
	for _, f := range guestFeatures {
		if f.archs == nil || slices.Contains(f.archs, g.Arch) {
			w.Start(f.name)
			w.OptAttr("default", f.on)
			w.OptAttr("toggle", f.toggle)
			w.End()
		}
	}
	w.EndFull()
	w.EndFull()
}

// guestFeatures are what guests have, of these architectures or of all, in the order of the document.
var guestFeatures = []struct {
	name, on, toggle string
	archs            []string
}{
	{"pae", "", "", []string{"i686"}},
	{"nonpae", "", "", []string{"i686"}},
	{"acpi", "on", "yes", []string{"i686", "x86_64", "aarch64", "loongarch64"}},
	{"apic", "on", "no", []string{"i686", "x86_64"}},
	{"cpuselection", "", "", nil},
	{"deviceboot", "", "", nil},
	{"disksnapshot", "on", "no", nil},
	{"externalSnapshot", "", "", nil},
}
