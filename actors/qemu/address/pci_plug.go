package address

import (
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// plugs are the three kinds of endpoints in one machine.
type plugs struct {
	pci  plug // conventional, wherever the machine has such slots
	pcie plug // PCI Express where the machine has it
}

func (a *assigner) plugs() plugs {
	p := plugs{pci: plug{kinds: pciDevice, auto: true}}
	p.pcie = p.pci
	if a.root("pcie-root") {
		p.pcie.kinds = pcieDevice
	}
	return p
}

// root says whether the machine's first PCI controller is of that model.
func (a *assigner) root(model string) bool {
	for _, c := range a.controllers("pci") {
		if c.Index == 0 {
			return c.Model == model
		}
	}
	return false
}

// byModel is for virtio devices whose model may insist on conventional PCI.
func (p plugs) byModel(model string) plug {
	if strings.HasSuffix(model, "virtio-transitional") {
		return p.pci
	}
	return p.pcie
}

// plugOf says how a device connects; the zero plug is no PCI device.
func (a *assigner) plugOf(dev domain.Device, p plugs) plug {
	switch v := dev.(type) {
	case *domain.Controller:
		return controllerPlug(v, p)
	case *domain.Filesystem:
		return filesystemPlug(v, p)
	case *domain.Interface:
		if v.Type == "hostdev" {
			return a.passedPlug(v, p)
		}
		return interfacePlug(v, p)
	case *domain.Sound:
		return soundPlugs(v, p)
	case *domain.Disk:
		if v.Bus == "virtio" {
			return p.byModel(v.Model)
		}
	case *domain.Hostdev:
		return a.hostdevPlug(v, p)
	case *domain.Video:
		return videoPlug(v, p)
	case *domain.Input:
		if v.Bus == "virtio" {
			return p.byModel(v.Model)
		}
	case *domain.Memballoon:
		if strings.HasPrefix(v.Model, "virtio") {
			return p.byModel(v.Model)
		}
	case *domain.RNG:
		return p.byModel(v.Model)
	case *domain.VSock:
		return p.byModel(v.Model)
	default:
		return lesserPlug(dev, p)
	}
	return plug{}
}

// lesserPlug is for devices of which one model at the most is on PCI.
func lesserPlug(dev domain.Device, p plugs) plug {
	none := plug{}
	switch v := dev.(type) {
	case *domain.Watchdog:
		if v.Model == "i6300esb" {
			return p.pci
		}
	case *domain.Shmem, *domain.Crypto, *domain.PStore:
		return p.pci
	case *domain.Chardev:
		if v.Kind == "serial" && v.TargetType == "pci-serial" {
			return p.pci
		}
	case *domain.IOMMU:
		if v.Model == "virtio" {
			q := p.pcie
			q.integrated = true
			return q
		}
	case *domain.MemoryDevice:
		if strings.HasPrefix(v.Model, "virtio") {
			return p.pcie
		}
	case *domain.Panic:
		if v.Model == "pvpanic" {
			q := p.pci
			q.integrated = true
			return q
		}
	}
	return none
}

func controllerPlug(c *domain.Controller, p plugs) plug {
	switch c.Type {
	case "pci":
		return controllerPlugs[c.Model]
	case "sata", "ide":
		return p.pci
	case "virtio-serial":
		return p.byModel(c.Model)
	case "usb":
		switch c.Model {
		case "none", "qusb1", "qusb2":
			return plug{}
		case "nec-xhci", "qemu-xhci":
			return p.pcie
		}
		return p.pci
	case "scsi":
		switch c.Model {
		case "", "auto", "ncr53c90":
			return plug{}
		case "virtio-scsi", "virtio-non-transitional":
			return p.pcie
		}
		return p.pci
	}
	return plug{}
}

func filesystemPlug(f *domain.Filesystem, p plugs) plug {
	switch f.Driver.Type {
	case "", "path", "handle":
		return p.byModel(f.Model)
	case "virtiofs":
		return p.pcie
	}
	return plug{}
}

func interfacePlug(n *domain.Interface, p plugs) plug {
	switch n.Model {
	case "usb-net":
		return plug{}
	case "", "virtio", "virtio-non-transitional", "e1000e", "igb":
		return p.pcie
	}
	return p.pci
}

func soundPlugs(s *domain.Sound, p plugs) plug {
	switch s.Model {
	case "es1370", "ac97", "ich6", "ich9":
		return p.pci
	case "virtio":
		return p.pcie
	}
	return plug{}
}

func videoPlug(v *domain.Video, p plugs) plug {
	switch v.Model {
	case "virtio":
		return p.pcie
	case "bochs":
		return p.pcie
	case "", "default", "gop", "none", "ramfb":
		return plug{}
	}
	return p.pci
}

// passedPlug is that of the host's card behind an interface.
func (a *assigner) passedPlug(n *domain.Interface, p plugs) plug {
	if n.Hostdev == nil {
		return plug{}
	}
	h := *n.Hostdev
	h.DeviceInfo = n.DeviceInfo
	return a.hostdevPlug(&h, p)
}

func (a *assigner) hostdevPlug(h *domain.Hostdev, p plugs) plug {
	if h.Mode != "subsystem" && h.Mode != "" {
		return plug{}
	}
	switch h.Type {
	case "scsi_host":
		return p.byModel(h.Model)
	case "mdev":
		if h.Model != "vfio-pci" {
			return plug{}
		}
	case "pci":
	default:
		return plug{}
	}
	if h.Type == "pci" {
		group := a.isolation(h)
		p.pci.group, p.pcie.group = group, group
	}
	if p.pci == p.pcie || h.Type == "mdev" || hasPCI(&h.DeviceInfo) {
		return p.pcie
	}
	if express, known := a.host.PCIExpress(h.PCI.Address); known && !express {
		return p.pci
	}
	return p.pcie
}

// isolation is a device's group on POWER, where only devices of one IOMMU group of the
// host can share a host bridge. Group 0 is that of emulated devices.
func (a *assigner) isolation(h *domain.Hostdev) uint {
	if !a.m.PSeries() {
		return 0
	}
	if group, known := a.host.IOMMUGroup(h.PCI.Address); known {
		return group + 1
	}
	return 0
}
