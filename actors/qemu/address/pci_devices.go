package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// put finds a place for a device. The dry run takes it without telling the device.
func (a *assigner) put(s *pciSet, i *domain.DeviceInfo, p plug) error {
	at, err := s.reserveNext(p, -1)
	if err == nil && !s.dryRun {
		place(i, at)
	}
	return err
}

// devices finds places for all that have none, in libvirt's order, which is part of what the guest sees.
func (a *assigner) devices(s *pciSet) error {
	p := a.plugs()
	for _, kind := range a.placed() {
		for _, dev := range kind {
			if !wantsPCI(dev.Info()) {
				if err := a.refusesVirtioDisk(dev); err != nil {
					return err
				}
				continue
			}
			want := a.plugOf(dev, p)
			if want.kinds == 0 {
				if onlyPCI(dev) {
					return cannotGrow(want)
				}
				continue
			}
			if err := a.putOne(s, dev, want); err != nil {
				return err
			}
		}
	}
	return nil
}

// onlyPCI is for devices that get a PCI address whatever their model, though none may suit it.
func onlyPCI(dev domain.Device) bool {
	switch v := dev.(type) {
	case *domain.Sound:
		return v.Model != "sb16" && v.Model != "pcspk" && v.Model != "usb"
	case *domain.Memballoon:
		return v.Model != "none"
	}
	return false
}

func (a *assigner) putOne(s *pciSet, dev domain.Device, want plug) error {
	if c, ok := dev.(*domain.Controller); ok && c.Type == "usb" {
		if function, companion := ich9Functions[c.Model]; companion {
			return a.putUSB2(s, c, function, want)
		}
	}
	return a.put(s, dev.Info(), want)
}

// refusesVirtioDisk is for the one kind of device that has to have an address of some sort.
func (a *assigner) refusesVirtioDisk(dev domain.Device) error {
	d, ok := dev.(*domain.Disk)
	if !ok || d.Bus != "virtio" || hasPCI(&d.DeviceInfo) || d.Address.Type == "ccw" {
		return nil
	}
	if d.Address.Type == "virtio-mmio" && a.binary.Has("virtio-mmio") {
		return nil
	}
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "virtio disk cannot have an address of type '%s'", d.Address.Type)
}

// placed lists the devices kind by kind in the order in which they get places.
func (a *assigner) placed() [][]domain.Device {
	d := &a.doc.Devices
	var bridges, adapters []domain.Device
	for _, c := range d.Controllers {
		switch {
		case c.Type == "pci" && c.Model != "pci-root" && c.Model != "pcie-root":
			bridges = append(bridges, c)
		case c.Type != "pci" && (c.Type != "ide" || c.Index != 0):
			adapters = append(adapters, c)
		}
	}
	var cards, passed []domain.Device
	for _, n := range d.Interfaces {
		if n.Type == "hostdev" {
			passed = append(passed, n) // comes with the host's devices, before the others
			continue
		}
		cards = append(cards, n)
	}
	out := [][]domain.Device{bridges, list(d.Filesystems), cards, list(d.Sounds), adapters, list(d.Disks), passed, list(d.Hostdevs)}
	if d.Memballoon != nil {
		out = append(out, []domain.Device{d.Memballoon})
	}
	out = append(out, list(d.RNGs), list(d.Watchdogs), list(d.Videos), list(d.Shmems), list(d.Inputs), list(d.Serials))
	if d.IOMMU != nil {
		out = append(out, []domain.Device{d.IOMMU})
	}
	if d.VSock != nil {
		out = append(out, []domain.Device{d.VSock})
	}
	out = append(out, list(d.Memories), list(d.Cryptos), list(d.Panics))
	if d.PStore != nil {
		out = append(out, []domain.Device{d.PStore})
	}
	return out
}

func list[D domain.Device](in []D) []domain.Device {
	out := make([]domain.Device, len(in))
	for i, d := range in {
		out[i] = d
	}
	return out
}

// ich9Functions are the functions of the parts of a USB 2 controller, which share a slot.
var ich9Functions = map[string]uint{"ich9-ehci1": 7, "ich9-uhci1": 0, "ich9-uhci2": 1, "ich9-uhci3": 2}

func (a *assigner) putUSB2(s *pciSet, c *domain.Controller, function uint, want plug) error {
	multi := domain.Absent
	if function == 0 {
		multi = domain.On
	}
	for _, o := range a.controllers("usb") {
		if _, companion := ich9Functions[o.Model]; !companion || o.Index != c.Index || !hasPCI(&o.DeviceInfo) {
			continue
		}
		at := placeOf(&o.DeviceInfo)
		at.Function = function
		if err := s.reserve(at, want, true); err != nil {
			return err
		}
		place(&c.DeviceInfo, at)
		c.Address.PCI.Multifunction = multi
		return nil
	}
	at, err := s.reserveNext(want, int(function))
	if err != nil {
		return err
	}
	if !s.dryRun {
		place(&c.DeviceInfo, at)
	}
	c.Address.PCI.Multifunction = multi
	return nil
}
