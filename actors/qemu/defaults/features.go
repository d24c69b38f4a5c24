package defaults

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// maxVCPUsWithoutEIM is how many processors a PC can interrupt without extended interrupt mode.
const maxVCPUsWithoutEIM = 255

func (a *applier) needsEIM() bool {
	return a.machine.Q35() && a.doc.VCPU.Max() > maxVCPUsWithoutEIM
}

// enableFeatures turns on what the machine cannot be without.
func (a *applier) enableFeatures() {
	f := &a.doc.Features
	if a.machine.ARMVirt() && f.GIC == nil {
		f.GIC = &domain.GIC{}
	}
	if f.GIC != nil && f.GIC.Version == "" {
		f.GIC.Version = a.gicVersion()
	}
	iommu := a.doc.Devices.IOMMU
	if iommu != nil && (iommu.IntRemap == domain.On || a.needsEIM()) && f.IOAPIC == "" {
		f.IOAPIC = "qemu"
	}
}

// gicVersion is the newest that the host offers; emulated, GICv3 lacks the MSI controller.
func (a *applier) gicVersion() string {
	if a.doc.Type != "qemu" && a.hasGIC(3) {
		return "3"
	}
	return "2"
}

func (a *applier) checkTSEG() error {
	f := a.doc.Features
	if f.SMM != domain.On || f.TSEG == nil {
		return nil
	}
	refuse := func(text string) error { return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "%s", text) }
	switch {
	case !a.machine.Q35():
		return refuse("SMM TSEG is only supported with q35 machine type")
	case !a.binary.Has("mch.extended-tseg-mbytes"):
		return refuse("Setting TSEG size is not supported with this QEMU binary")
	case *f.TSEG%(1<<20) != 0:
		return refuse("SMM TSEG size must be divisible by 1 MiB")
	}
	return nil
}

// dropACPI forgives old documents of mainframes, where <acpi/> never meant anything.
func (a *applier) dropACPI() {
	if a.opts.ABIUpdate || a.doc.Features.ACPI != domain.On || !a.machine.S390() {
		return
	}
	if a.machineType() != nil && a.machineType().ACPI == domain.No {
		a.doc.Features.ACPI = domain.Absent
	}
}

func (a *applier) hasGIC(version uint) bool {
	for _, g := range a.binary.GICs {
		if g.Version == version && (g.Kernel || a.doc.Type == "qemu") {
			return true
		}
	}
	return false
}
