package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// usb gives USB devices their ports and adds hubs where ports run out.
func (a *assigner) usb(fresh bool) error {
	if !fresh && !a.allUSBPlaced() {
		return nil
	}
	if err := a.addHubs(); err != nil {
		return err
	}
	set, err := a.usbSet()
	if err != nil {
		return err
	}
	for _, i := range a.usbDevices() {
		if placedUSB(i) {
			if err := set.reserve(int(i.Address.USB.Bus), pathOf(i)); err != nil {
				return err
			}
		}
	}
	for _, h := range a.doc.Devices.Hubs {
		if placedUSB(&h.DeviceInfo) {
			continue
		}
		if err := assignUSB(set, &h.DeviceInfo); err != nil {
			return err
		}
		if err := set.addHub(int(h.Address.USB.Bus), pathOf(&h.DeviceInfo)); err != nil {
			return err
		}
	}
	for _, i := range a.usbDevices() {
		if placedUSB(i) || i.Address.Type != "" && i.Address.Type != "usb" {
			continue
		}
		if err := assignUSB(set, i); err != nil {
			return err
		}
	}
	return nil
}

func assignUSB(set *usbSet, i *domain.DeviceInfo) error {
	bus := -1
	if i.Address.Type == "usb" {
		bus = int(i.Address.USB.Bus)
	}
	bus, path, err := set.assign(bus)
	if err != nil {
		return err
	}
	i.Address.Type = "usb"
	i.Address.USB = domain.USBAddress{Bus: uint(bus)}
	for _, port := range path {
		i.Address.USB.Ports = append(i.Address.USB.Ports, uint(port))
	}
	return nil
}

func placedUSB(i *domain.DeviceInfo) bool {
	return i.Address.Type == "usb" && len(i.Address.USB.Ports) > 0 && i.Address.USB.Ports[0] != 0
}

func pathOf(i *domain.DeviceInfo) usbPath {
	var p usbPath
	for _, port := range i.Address.USB.Ports {
		if port == 0 {
			break
		}
		p = append(p, int(port))
	}
	return p
}

// usbDevices lists what hangs off USB, hubs not among it, in libvirt's order.
func (a *assigner) usbDevices() []*domain.DeviceInfo {
	d := &a.doc.Devices
	var out []*domain.DeviceInfo
	add := func(is bool, i *domain.DeviceInfo) {
		if is {
			out = append(out, i)
		}
	}
	for _, v := range d.Hostdevs {
		add(v.Mode != "capabilities" && v.Type == "usb", &v.DeviceInfo)
	}
	for _, v := range d.Disks {
		add(v.Bus == "usb", &v.DeviceInfo)
	}
	for _, v := range d.Interfaces {
		add(v.Model == "usb-net", &v.DeviceInfo)
	}
	for _, v := range d.Controllers {
		add(v.Type == "ccid", &v.DeviceInfo)
	}
	for _, v := range d.Inputs {
		add(v.Bus == "usb", &v.DeviceInfo)
	}
	for _, v := range d.Sounds {
		add(v.Model == "usb", &v.DeviceInfo)
	}
	for _, v := range d.Serials {
		add(v.TargetType == "usb-serial", &v.DeviceInfo)
	}
	for _, v := range d.Filesystems {
		add(v.Driver.Type == "mtp", &v.DeviceInfo)
	}
	for _, v := range d.Redirdevs {
		add(v.Bus == "usb", &v.DeviceInfo)
	}
	return out
}

// allUSBPlaced says whether a machine from before USB addresses has them all.
func (a *assigner) allUSBPlaced() bool {
	for _, i := range a.usbDevices() {
		if !placedUSB(i) {
			return false
		}
	}
	for _, h := range a.doc.Devices.Hubs {
		if !placedUSB(&h.DeviceInfo) {
			return false
		}
	}
	return true
}

// addHubs adds as many hubs as it takes; each takes one port and gives its own.
func (a *assigner) addHubs() error {
	ports, disabled := 0, true
	for _, c := range a.controllers("usb") {
		ports += usbPorts(c)
		disabled = disabled && c.Model == "none"
	}
	hubs := a.doc.Devices.Hubs
	ports += len(hubs) * usbHubPorts
	devices := len(hubs)
	for _, i := range a.usbDevices() {
		if i.Address.Type == "" || i.Address.Type == "usb" {
			devices++
		}
	}
	if devices > 0 && disabled && len(a.controllers("usb")) > 0 {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "USB is disabled for this domain, but USB devices are present in the domain XML")
	}
	if devices <= ports {
		return nil
	}
	needed := (devices - ports + usbHubPorts - 1) / (usbHubPorts - 1)
	for range needed {
		a.doc.Devices.Hubs = append(a.doc.Devices.Hubs, &domain.Hub{Type: "usb"})
	}
	return nil
}

func usbPorts(c *domain.Controller) int {
	switch c.Model {
	case "", "piix3-uhci", "piix4-uhci", "vt82c686b-uhci":
		return 2
	case "ehci", "ich9-ehci1":
		return 6
	case "pci-ohci":
		return 3
	case "nec-xhci", "qemu-xhci":
		return portsOr(c, 4)
	case "qusb1", "qusb2":
		return portsOr(c, 8)
	}
	return 0 // none; companions share the ports of their EHCI controller
}

func portsOr(c *domain.Controller, otherwise int) int {
	if c.Ports != nil {
		return *c.Ports
	}
	return otherwise
}

func (a *assigner) usbSet() (*usbSet, error) {
	set := &usbSet{}
	for _, c := range a.controllers("usb") {
		ports := usbPorts(c)
		if ports == 0 {
			continue
		}
		if err := set.addBus(c.Index, ports); err != nil {
			return nil, err
		}
	}
	for _, h := range a.doc.Devices.Hubs {
		if !placedUSB(&h.DeviceInfo) {
			continue
		}
		if err := set.addHub(int(h.Address.USB.Bus), pathOf(&h.DeviceInfo)); err != nil {
			return nil, err
		}
	}
	return set, nil
}
