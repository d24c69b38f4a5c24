package validation

import "virtree.dev/protocol/xml/domain"

// mebibyte in KiB.
const mebibyte = 1024

// features looks at the switches in the order libvirt keeps them in.
func (v *check) features() {
	f, m := &v.doc.Features, v.machine
	elsewhere := func(bad bool, name string) {
		v.refuse(bad, "The '%s' feature is not supported for architecture '%s' or machine type '%s'", name, m.Arch, m.Name)
	}
	v.refuse(f.APIC.Given() && f.APICEOI.Given() && !m.X86(),
		"The 'eoi' attribute of the 'apic' feature is not supported for architecture '%s' or machine type '%s'", m.Arch, m.Name)
	v.refuse(f.HyperV.Mode != "" && !m.X86() && !m.ARMVirt(),
		"Hyperv features are not supported for architecture '%s' or machine type '%s'", m.Arch, m.Name)
	elsewhere(f.PVSpinlock.Given() && !m.X86(), "pvspinlock")
	v.refuse(f.PMU == domain.Off && m.PPC64(), "PMU is always enabled for architecture '%s'", m.Arch)
	v.vmport()
	elsewhere(f.GIC != nil && !m.ARMVirt(), "gic")
	elsewhere(f.IOAPIC != "" && !m.X86(), "ioapic")
	pseries := !m.PSeries()
	elsewhere(f.HPT != nil && pseries, "hpt")
	elsewhere(f.HTM.Given() && pseries, "htm")
	elsewhere(f.NestedHV.Given() && pseries, "nested-hv")
	v.refuse(f.VMCoreInfo == domain.On && !v.has("vmcoreinfo"), "vmcoreinfo is not available with this QEMU binary")
	elsewhere(f.CCFAssist.Given() && pseries, "ccf-assist")
	elsewhere(f.CFPC != "" && pseries, "cfpc")
	elsewhere(f.SBBC != "" && pseries, "sbbc")
	elsewhere(f.IBS != "" && pseries, "ibs")
	v.tcg()
	v.refuse(f.AsyncTeardown == domain.Yes && !v.has("run-with.async-teardown"),
		"asynchronous teardown is not available with this QEMU binary")
	v.refuse(f.RAS.Given() && !m.ARMVirt(), "ras feature is only supported with ARM Virt machines")
	v.refuse(f.RAS.Given() && !v.has("machine.virt.ras"), "ras feature is not available with this QEMU binary")
	v.refuse(f.PS2.Given() && !v.hasPS2(), "ps2 feature is not available with this QEMU binary")
	v.refuse(f.PS2.Given() && !v.has("machine-i8042-opt"), "ps2 feature state cannot be controlled with this QEMU binary")
}

// hasPS2 says whether the board has a keyboard controller that the binary tells of.
func (v *check) hasPS2() bool { return v.has("i8042") && v.machine.PS2() }

func (v *check) vmport() {
	f, m := &v.doc.Features, v.machine
	there := v.has("machine-vmport-opt") && (m.I440FX() || m.Q35() || m.ISAPC())
	v.refuse(f.VMPort.Given() && !there, "vmport is not available with this QEMU binary")
	v.refuse(f.VMPort == domain.On && f.PS2 == domain.Off, "vmport feature requires the ps2 feature not to be disabled")
}

func (v *check) tcg() {
	t := v.doc.Features.TCG
	if t == nil {
		return
	}
	v.refuse(v.doc.Type != "qemu", "TCG features are incompatible with domain type '%s'", v.doc.Type)
	v.refuse(t.TBCache%mebibyte != 0, "tb-cache size must be an integer multiple of MiB")
}
