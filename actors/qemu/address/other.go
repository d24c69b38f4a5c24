package address

import (
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// memory gives DIMMs and NVDIMMs their slots.
func (a *assigner) memory() error {
	if a.doc.Memory.Max == 0 && a.doc.Memory.Slots == 0 {
		return nil
	}
	used := make([]bool, a.doc.Memory.Slots)
	for _, m := range a.doc.Devices.Memories {
		if m.Address.Type != "dimm" || m.Address.DIMM.Slot >= uint(len(used)) {
			continue
		}
		used[m.Address.DIMM.Slot] = true
	}
	for _, m := range a.doc.Devices.Memories {
		if m.Model != "dimm" && m.Model != "nvdimm" || m.Address.Type == "dimm" {
			continue
		}
		slot := freeFrom(used, 0)
		if slot < 0 {
			return virerr.New(virerr.FromQEMU, virerr.InternalError, "failed to find an empty memory slot")
		}
		used[slot] = true
		m.Address.Type, m.Address.DIMM.Slot = "dimm", uint(slot)
	}
	return nil
}

// mmio says where virtio devices of ARM and RISC-V boards go: to PCI where the
// machine has it, unless it uses virtio-mmio already.
func (a *assigner) mmio() {
	if !a.m.ARMVirt() && !a.m.RISCVVirt() && !(a.m.ARM() && strings.HasPrefix(a.m.Name, "vexpress-")) {
		return
	}
	uses := false
	for dev := range a.doc.Devices.All() {
		uses = uses || dev.Info().Address.Type == "virtio-mmio"
	}
	ports := a.binary.Has("pcie-root-port") || a.binary.Has("ioh3420")
	switch {
	case a.root("pcie-root") && ports && !uses:
		a.prime("pci")
	case a.binary.Has("virtio-mmio"):
		a.prime("virtio-mmio")
	}
}

// prime gives all virtio devices without an address one of that type, to be filled in later.
func (a *assigner) prime(typ string) {
	d := &a.doc.Devices
	for dev := range d.All() {
		if i := dev.Info(); i.Address.Type == "" && primed(dev, typ) {
			i.Address.Type = typ
		}
	}
}

func primed(dev domain.Device, typ string) bool {
	switch v := dev.(type) {
	case *domain.Disk:
		return v.Bus == "virtio"
	case *domain.Interface:
		return strings.HasPrefix(v.Model, "virtio")
	case *domain.Video:
		return v.Model == "virtio"
	case *domain.Input:
		return v.Bus == "virtio"
	case *domain.Controller:
		return v.Type == "virtio-serial" || v.Type == "scsi"
	case *domain.Hostdev:
		return v.Type == "scsi_host"
	case *domain.Memballoon:
		return v.Model != "none"
	case *domain.MemoryDevice:
		return strings.HasPrefix(v.Model, "virtio")
	case *domain.Sound:
		return v.Model == "virtio"
	case *domain.RNG, *domain.Crypto:
		return true
	case *domain.Filesystem, *domain.VSock:
		return typ == "ccw"
	}
	return false
}

// spaprBase is where each kind of device begins on POWER's virtual bus, as in QEMU.
const (
	spaprNet    = 0x1000
	spaprSCSI   = 0x2000
	spaprNVRAM  = 0x3000
	spaprTPM    = 0x4000
	spaprSerial = 0x30000000
	spaprStep   = 0x1000
)

// spaprVIO gives registers to devices on POWER's virtual bus.
func (a *assigner) spaprVIO() error {
	for dev := range a.doc.Devices.All() {
		base, own := a.spaprBase(dev)
		i := dev.Info()
		if own {
			i.Address.Type = "spapr-vio"
		}
		if base == 0 || i.Address.Type != "spapr-vio" {
			continue
		}
		if err := a.spaprRegister(i, base); err != nil {
			return err
		}
	}
	return nil
}

func (a *assigner) spaprBase(dev domain.Device) (base uint64, own bool) {
	switch v := dev.(type) {
	case *domain.Interface:
		return spaprNet, v.Model == "spapr-vlan"
	case *domain.Controller:
		return spaprSCSI, v.Type == "scsi" && v.Model == "ibmvscsi"
	case *domain.Chardev:
		if v.Kind == "serial" {
			return spaprSerial, strings.HasPrefix(v.TargetType, "spapr-vio")
		}
	case *domain.NVRAMDevice:
		return spaprNVRAM, a.m.PSeries()
	case *domain.TPM:
		return spaprTPM, a.m.PSeries() && v.Model != "spapr-tpm-proxy"
	}
	return 0, false
}

func (a *assigner) spaprRegister(i *domain.DeviceInfo, base uint64) error {
	used := func(reg uint64) bool {
		for dev := range a.doc.Devices.All() {
			o := dev.Info()
			if o != i && o.Address.Type == "spapr-vio" && o.Address.SpaprVIO.Reg != nil && *o.Address.SpaprVIO.Reg == reg {
				return true
			}
		}
		return false
	}
	if given := i.Address.SpaprVIO.Reg; given != nil {
		if used(*given) {
			return virerr.New(virerr.FromQEMU, virerr.XMLError, "spapr-vio address %#x already in use", *given)
		}
		return nil
	}
	for used(base) {
		base += spaprStep
	}
	i.Address.SpaprVIO.Reg = &base
	return nil
}
