package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// serial gives consoles and channels their ports on virtio-serial controllers.
func (a *assigner) serial() error {
	set := &serialSet{}
	for _, c := range a.controllers("virtio-serial") {
		ports := defaultSerialPorts
		if c.Ports != nil {
			ports = *c.Ports
		}
		if err := set.add(c.Index, ports); err != nil {
			return err
		}
	}
	for dev := range a.doc.Devices.All() {
		if i := dev.Info(); i.Address.Type == "virtio-serial" && i.Address.VirtioSerial.Port != 0 {
			v := i.Address.VirtioSerial
			if err := set.reserve(int(v.Controller), int(v.Port)); err != nil {
				return err
			}
		}
	}
	for _, c := range a.doc.Devices.Consoles {
		if c.TargetType == "virtio" {
			// A console's port is taken, but stays QEMU's own affair.
			ghost := c.DeviceInfo
			if err := a.serialPort(set, &ghost, true); err != nil {
				return err
			}
		}
	}
	for _, c := range a.doc.Devices.Channels {
		if c.TargetType == "virtio" {
			if err := a.serialPort(set, &c.DeviceInfo, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// serialPort takes a port for a device without one. Only consoles may have port 0.
func (a *assigner) serialPort(set *serialSet, i *domain.DeviceInfo, console bool) error {
	given := i.Address.Type == "virtio-serial"
	if given && i.Address.VirtioSerial.Port != 0 {
		return nil
	}
	var controller, port int
	if given && !console {
		controller = int(i.Address.VirtioSerial.Controller)
		var err error
		if port, err = set.on(controller); err != nil {
			return err
		}
	} else if len(set.order) == 0 {
		return virerr.New(virerr.FromDomain, virerr.InternalError, "no virtio-serial controllers are available")
	} else {
		var ok bool
		if controller, port, ok = set.next(console); !ok {
			controller = a.addSerialController()
			if err := set.add(controller, defaultSerialPorts); err != nil {
				return err
			}
		}
	}
	i.Address.Type = "virtio-serial"
	i.Address.VirtioSerial = domain.VirtioSerialAddress{Controller: uint(controller), Port: uint(port)}
	if port == 0 {
		set.ports[controller][0] = true
		return nil
	}
	return set.reserve(controller, port)
}

// addSerialController adds one with the lowest free index.
func (a *assigner) addSerialController() int {
	used := map[int]bool{}
	for _, c := range a.controllers("virtio-serial") {
		used[c.Index] = true
	}
	index := 0
	for used[index] {
		index++
	}
	a.doc.InsertController(&domain.Controller{Type: "virtio-serial", Index: index})
	return index
}
