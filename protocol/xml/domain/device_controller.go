package domain

import "slices"

const (
	// scsiUnits is how many disks stand behind a SCSI controller by default.
	scsiUnits = 7
	ideUnits  = 4
	sataUnits = 6
	fdcUnits  = 2
	idePerBus = 2
)

var usb2Models = []string{"ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3"}

// Controller gives the controller of a type at an index, nil when there is none.
func (d *Domain) Controller(kind string, index int) *Controller {
	return d.Devices.controller(kind, index)
}

// InsertController adds a controller behind those of its type with lower indexes, a master before its companions.
func (d *Domain) InsertController(c *Controller) { d.Devices.insertController(c) }

// AddController adds a controller unless there is one of its type at its index, and says whether it did.
func (d *Domain) AddController(kind string, index int, model string) bool {
	return d.Devices.addController(kind, index, model)
}

func (v *Devices) controller(kind string, index int) *Controller {
	for _, c := range v.Controllers {
		if c.Type == kind && c.Index == index {
			return c
		}
	}
	return nil
}

func (v *Devices) addController(kind string, index int, model string) bool {
	if v.controller(kind, index) != nil {
		return false
	}
	v.insertController(&Controller{Type: kind, Index: index, Model: model})
	return true
}

// AssignControllerIndexes numbers the controllers that have no index: the lowest free one, or that of
// the controller before it where it continues a USB 2 group.
func (d *Domain) AssignControllerIndexes() {
	v := &d.Devices
	again := false
	for i, c := range v.Controllers {
		if c.Index != -1 {
			continue
		}
		if usb2 := c.isUSB2(); usb2 && i > 0 {
			again = true
			if c.Index = v.usb2Group(i); c.Index != -1 {
				continue
			}
		}
		index := 0
		for v.controller(c.Type, index) != nil {
			index++
		}
		c.Index = index
	}
	if again {
		list := v.Controllers
		v.Controllers = nil
		for _, c := range list {
			v.insertController(c)
		}
	}
}

func (c *Controller) isUSB2() bool { return c.Type == "usb" && slices.Contains(usb2Models, c.Model) }

// usb2Group gives the index of the USB 2 controller before the i-th, -1 when that group is complete.
func (v *Devices) usb2Group(i int) int {
	var last *Controller
	for _, c := range v.Controllers[:i] {
		if c.Type == "usb" {
			last = c
		}
	}
	if last == nil || !last.isUSB2() {
		return -1
	}
	for _, c := range v.Controllers {
		if c.Type == "usb" && c.Index == last.Index && c.Model == v.Controllers[i].Model {
			return -1
		}
	}
	return last.Index
}

// addImplicitControllers adds the controllers that devices name and the document does not.
func (v *Devices) addImplicitControllers() {
	for _, k := range []struct{ kind, bus string }{{"scsi", "scsi"}, {"fdc", "fdc"}, {"ide", "ide"}, {"sata", "sata"}} {
		v.diskControllers(k.kind, k.bus)
	}
	for _, list := range [][]*Chardev{v.Channels, v.Consoles} {
		for _, c := range list {
			if c.TargetType == "virtio" {
				v.addController("virtio-serial", int(c.DeviceInfo.Address.VirtioSerial.Controller), "")
			}
		}
	}
	v.smartcardControllers()
	v.hostdevControllers()
}

func (v *Devices) diskControllers(kind, bus string) {
	highest := -1
	for _, d := range v.Disks {
		if a := &d.DeviceInfo.Address; d.Bus == bus && a.Type == "drive" {
			highest = max(highest, int(a.Drive.Controller))
		}
	}
	for i := range highest + 1 {
		v.addController(kind, i, "")
	}
}

// smartcardControllers puts cards without a place behind the first reader, each into the next slot.
func (v *Devices) smartcardControllers() {
	for _, s := range v.Smartcards {
		index := 0
		switch a := &s.DeviceInfo.Address; a.Type {
		case "ccid":
			index = int(a.CCID.Controller)
		case "":
			slot := uint(0)
			for _, o := range v.Smartcards {
				if b := &o.DeviceInfo.Address; b.Type == "ccid" && b.CCID.Controller == 0 {
					slot = max(slot, b.CCID.Slot+1)
				}
			}
			*a = Address{Type: "ccid", CCID: CCIDAddress{Slot: slot}}
		}
		v.addController("ccid", index, "")
	}
}

// hostdevControllers adds the SCSI controllers that devices of the host want and the document does not name.
func (v *Devices) hostdevControllers() {
	highest, model := -1, ""
	for _, h := range v.Hostdevs {
		if h.Mode != "subsystem" || h.Type != "scsi" {
			continue
		}
		if c := int(h.DeviceInfo.Address.Drive.Controller); c > highest {
			highest = c
			if found := v.controller("scsi", c); found != nil && found.Model != "" {
				model = found.Model
			}
		}
	}
	for i := range highest + 1 {
		v.addController("scsi", i, model)
	}
}
