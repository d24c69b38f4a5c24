package address

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/xml/domain"
)

// Host tells what only the host knows.
type Host interface {
	// PCIExpress says whether a host device is PCI Express; known is false
	// where the device is not there.
	PCIExpress(a domain.PCIAddress) (express, known bool)
	// IOMMUGroup is the group of a host device, of which the IOMMU cannot tell the members apart.
	IOMMUGroup(a domain.PCIAddress) (group uint, known bool)
}

// assigner works on one document.
type assigner struct {
	doc    *domain.Domain
	m      machine.Type
	binary *caps.Caps
	host   Host
}

// Assign gives every device of a document its address and adds the PCI
// controllers and USB hubs that this takes. fresh says that the document is
// being defined: one from before USB addresses keeps to having none. The
// errors are libvirt's.
func Assign(d *domain.Domain, b *caps.Caps, h Host, fresh bool) error {
	a := &assigner{d, machine.Of(d), b, h}
	if err := a.serial(); err != nil {
		return err
	}
	if err := a.spaprVIO(); err != nil {
		return err
	}
	if err := a.ccw(); err != nil {
		return err
	}
	a.mmio()
	if err := a.pci(); err != nil {
		return err
	}
	if err := a.usb(fresh); err != nil {
		return err
	}
	return a.memory()
}

// controllers gives those of one type.
func (a *assigner) controllers(typ string) []*domain.Controller {
	var out []*domain.Controller
	for _, c := range a.doc.Devices.Controllers {
		if c.Type == typ {
			out = append(out, c)
		}
	}
	return out
}

// wantsPCI says whether a device has no address, or asks for any on PCI.
func wantsPCI(i *domain.DeviceInfo) bool {
	return i.Address.Type == "" || i.Address.Type == "pci" && i.Address.PCI.Empty()
}

// hasPCI says whether a device has a place on PCI.
func hasPCI(i *domain.DeviceInfo) bool {
	return i.Address.Type == "pci" && !i.Address.PCI.Empty()
}

func placeOf(i *domain.DeviceInfo) pciAddr {
	p := i.Address.PCI
	return pciAddr{p.Domain, p.Bus, p.Slot, p.Function}
}

// place puts a device somewhere and keeps what else its address says.
func place(i *domain.DeviceInfo, at pciAddr) {
	i.Address.Type = "pci"
	p := &i.Address.PCI
	p.Domain, p.Bus, p.Slot, p.Function = at.Domain, at.Bus, at.Slot, at.Function
}
