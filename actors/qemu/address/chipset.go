package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

func internal(text string) error {
	return virerr.New(virerr.FromQEMU, virerr.InternalError, "%s", text)
}

// chipset gives the board's own devices the places they have in QEMU, and takes those of devices no document names.
func (a *assigner) chipset(s *pciSet) error {
	switch {
	case a.m.I440FX():
		return a.i440fx(s)
	case a.m.Q35():
		return a.q35(s)
	}
	return nil
}

func (a *assigner) i440fx(s *pciSet) error {
	conventional := plug{kinds: pciDevice, auto: true}
	for _, c := range a.doc.Devices.Controllers {
		var at pciAddr
		var wrong string
		switch {
		case c.Type == "ide" && c.Index == 0:
			at, wrong = piix3IDE, "Primary IDE controller must have PCI address 0:0:1.1"
		case c.Type == "usb" && c.Index == 0 && (c.Model == "" || c.Model == "piix3-uhci"):
			at, wrong = piix3USB, "PIIX3 USB controller at index 0 must have PCI address 0:0:1.2"
		default:
			continue
		}
		if hasPCI(&c.DeviceInfo) && placeOf(&c.DeviceInfo) != at {
			return internal(wrong)
		}
		place(&c.DeviceInfo, at)
		if len(s.buses) == 0 {
			continue
		}
		if err := s.reserve(at, conventional, true); err != nil {
			return err
		}
	}
	if len(s.buses) == 0 {
		return nil
	}
	for _, function := range []uint{0, 3} { // ISA bridge, power management
		if err := s.reserve(pciAddr{Slot: 1, Function: function}, conventional, true); err != nil {
			return err
		}
	}
	return a.primaryVideo(s, 2, conventional)
}

// q35 follows real hardware where the places are free; only the SATA controller's is QEMU's own.
func (a *assigner) q35(s *pciSet) error {
	express := plug{kinds: pcieDevice}
	for _, c := range a.doc.Devices.Controllers {
		if err := a.q35Controller(s, c, express); err != nil {
			return err
		}
	}
	if len(s.buses) > 0 {
		for _, function := range []uint{0, 3} { // ISA bridge, SMBus
			if err := s.reserve(pciAddr{Slot: 0x1f, Function: function}, express, true); err != nil {
				return err
			}
		}
	}
	if err := a.primaryVideo(s, 1, express); err != nil {
		return err
	}
	return a.q35Sound(s, express)
}

func (a *assigner) q35Controller(s *pciSet, c *domain.Controller, express plug) error {
	switch {
	case c.Type == "sata" && c.Index == 0:
		at := pciAddr{Slot: 0x1f, Function: 2}
		if hasPCI(&c.DeviceInfo) && placeOf(&c.DeviceInfo) != at {
			return internal("Primary SATA controller must have PCI address 0:0:1f.2")
		}
		if !hasPCI(&c.DeviceInfo) {
			place(&c.DeviceInfo, at)
		}
	case c.Type == "usb" && c.Model == "ich9-uhci1" && c.Address.Type == "":
		for _, slot := range []uint{0x1d, 0x1a} {
			if done, err := settle(s, &c.DeviceInfo, slot, express); done || err != nil {
				c.Address.PCI.Multifunction = domain.On
				return err
			}
		}
	case c.Type == "pci" && c.Model == "dmi-to-pci-bridge" && c.Address.Type == "":
		_, err := settle(s, &c.DeviceInfo, 0x1e, express)
		return err
	}
	return nil
}

// settle puts a device into a slot of bus 0 that is free; done says whether it was.
func settle(s *pciSet, i *domain.DeviceInfo, slot uint, p plug) (done bool, err error) {
	at := pciAddr{Slot: slot}
	if s.inUse(at) {
		return false, nil
	}
	if err := s.reserve(at, p, true); err != nil {
		return false, err
	}
	place(i, at)
	return true, nil
}

// primaryVideo goes where QEMU's own search for the first VGA ends.
func (a *assigner) primaryVideo(s *pciSet, slot uint, p plug) error {
	if len(a.doc.Devices.Videos) == 0 {
		return nil
	}
	v := a.doc.Devices.Videos[0]
	if v.Model == "none" || v.Model == "ramfb" || !wantsPCI(&v.DeviceInfo) {
		return nil
	}
	if err := s.check(pciAddr{Slot: slot}, p, true); err != nil {
		return err
	}
	done, err := settle(s, &v.DeviceInfo, slot, p)
	if done || err != nil {
		return err
	}
	return a.put(s, &v.DeviceInfo, videoPlug(v, a.plugs()))
}

func (a *assigner) q35Sound(s *pciSet, express plug) error {
	if len(s.buses) == 0 || s.inUse(pciAddr{Slot: 0x1b}) {
		return nil
	}
	for _, snd := range a.doc.Devices.Sounds {
		if snd.Model == "ich9" && wantsPCI(&snd.DeviceInfo) {
			_, err := settle(s, &snd.DeviceInfo, 0x1b, express)
			return err
		}
	}
	return nil
}
