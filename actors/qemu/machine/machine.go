package machine

import (
	"slices"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// Type is a machine type of an architecture.
type Type struct{ Arch, Name string }

// Of gives the machine type of a document.
func Of(d *domain.Domain) Type { return Type{d.OS.Arch, d.OS.Machine} }

// named says whether the name is one of the given, or a version of one that ends in a dash.
func (t Type) named(names ...string) bool {
	for _, n := range names {
		if t.Name == n || strings.HasSuffix(n, "-") && strings.HasPrefix(t.Name, n) {
			return true
		}
	}
	return false
}

func (t Type) arch(names ...string) bool { return slices.Contains(names, t.Arch) }

// X86 is i686 or x86_64.
func (t Type) X86() bool { return t.arch("i686", "x86_64") }

// ARM is a 32 or 64 bit ARM.
func (t Type) ARM() bool { return t.arch("armv6l", "armv7l", "armv7b", "aarch64") }

// PPC64 is a 64 bit POWER.
func (t Type) PPC64() bool { return t.arch("ppc64", "ppc64le") }

// PPC is any POWER.
func (t Type) PPC() bool { return t.PPC64() || t.arch("ppc") }

// S390 is a mainframe.
func (t Type) S390() bool { return t.arch("s390", "s390x") }

// RISCV is a RISC-V.
func (t Type) RISCV() bool { return t.arch("riscv32", "riscv64") }

// MIPS is any MIPS.
func (t Type) MIPS() bool { return strings.HasPrefix(t.Arch, "mips") }

// LoongArch is a LoongArch.
func (t Type) LoongArch() bool { return t.arch("loongarch64") }

// Q35 is a PC with PCI Express.
func (t Type) Q35() bool { return t.X86() && t.named("q35", "pc-q35-") }

// I440FX is a PC with PCI.
func (t Type) I440FX() bool {
	old := []string{"pc-0.", "pc-1.", "rhel"} // before versions had a board in their name
	return t.X86() && (t.named("pc", "pc-i440fx-") ||
		slices.ContainsFunc(old, func(p string) bool { return strings.HasPrefix(t.Name, p) }))
}

// ISAPC is a PC without PCI.
func (t Type) ISAPC() bool { return t.X86() && t.Name == "isapc" }

// MicroVM is the minimal PC.
func (t Type) MicroVM() bool { return t.X86() && t.named("microvm") }

// XenFV is QEMU's emulation of a Xen guest.
func (t Type) XenFV() bool { return t.X86() && t.named("xenfv", "xenfv-") }

// S390CCW is a mainframe with channel devices.
func (t Type) S390CCW() bool {
	return t.S390() && strings.HasPrefix(t.Name, "s390-ccw")
}

// ARMVirt is the paravirtual ARM board.
func (t Type) ARMVirt() bool {
	return t.arch("armv6l", "armv7l", "aarch64") && t.named("virt", "virt-")
}

// RISCVVirt is the paravirtual RISC-V board.
func (t Type) RISCVVirt() bool { return t.RISCV() && t.named("virt", "virt-") }

// LoongArchVirt is the paravirtual LoongArch board.
func (t Type) LoongArchVirt() bool { return t.LoongArch() && t.named("virt", "virt-") }

// PSeries is a POWER partition.
func (t Type) PSeries() bool { return t.PPC64() && t.named("pseries", "pseries-") }

// MIPSMalta is the Malta board.
func (t Type) MIPSMalta() bool { return t.MIPS() && t.Name == "malta" }

// BuiltinIDE says whether the board has an IDE controller of its own.
func (t Type) BuiltinIDE() bool { return t.I440FX() || t.named("malta", "sun4u", "g3beige") }

// BuiltinESP says whether the board has an NCR 53C90 SCSI controller of its own.
func (t Type) BuiltinESP() bool {
	return t.Arch == "sparc" || strings.HasPrefix(t.Arch, "mips64") && t.named("magnum", "pica61") ||
		t.Arch == "m68k" && t.Name == "q800"
}

// PS2 says whether the board has a keyboard controller.
func (t Type) PS2() bool { return t.I440FX() || t.Q35() || t.XenFV() || t.Name == "isapc" }

// PCI says whether PCI devices can be there at all.
func (t Type) PCI() bool {
	switch {
	case t.ARM():
		return t.ARMVirt() || t.Name == "versatilepb"
	case t.RISCV():
		return t.RISCVVirt()
	}
	return true
}

// PCIMultibus says whether QEMU names the root bus pci.0.
func (t Type) PCIMultibus() bool {
	return t.X86() || t.PPC() || t.S390() || t.ARMVirt() || t.LoongArchVirt() || t.RISCVVirt()
}
