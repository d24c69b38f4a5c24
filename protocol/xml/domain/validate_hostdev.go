package domain

import "slices"

// hostdevAddresses are the addresses of the guest's end, by type of device.
var hostdevAddresses = map[string]struct {
	types []string
	text  string
}{
	"scsi":      {[]string{"drive"}, "SCSI host device must use 'drive' address type"},
	"scsi_host": {[]string{"pci", "ccw"}, "SCSI_host host device must use 'pci' or 'ccw' address type"},
	"usb":       {[]string{"usb"}, "USB host device must use 'usb' address type"},
}

func (c *check) hostdev(h *Hostdev) {
	t := h.DeviceInfo.Address.Type
	if h.Mode == "subsystem" && t != "" {
		if want, ok := hostdevAddresses[h.Type]; ok && !slices.Contains(want.types, t) {
			c.Unsupported("%s", want.text)
		}
		if h.Type == "pci" && t != "pci" && t != "unassigned" {
			c.Internal("PCI host devices must use 'pci' or 'unassigned' address type")
		}
	}
	c.unsupported(fault{h.SCSI.SGIO == "unfiltered", "unfiltered sgio is no longer supported"})
	if m := h.Teaming; m != nil {
		c.unsupported(
			fault{m.Type != "transient", "teaming hostdev devices must have type='transient'"},
			fault{m.Persistent == "", "missing required persistent attribute in hostdev teaming element"},
			fault{h.Mode != "subsystem" || h.Type != "pci", "teaming is only supported for pci hostdev devices"},
		)
	}
}

// hostdevs refuses a device of the host that is given twice, also behind an interface.
func (c *check) hostdevs() {
	list := slices.Clone(c.d.Devices.Hostdevs)
	for _, i := range c.d.Devices.Interfaces {
		if i.Hostdev != nil {
			list = append(list, i.Hostdev)
		}
	}
	ramfb := false
	for i, h := range list {
		if slices.ContainsFunc(list[i+1:], h.same) {
			c.XMLError("Hostdev already exists in the domain configuration")
		}
		if h.RamFB == On {
			c.unsupported(fault{ramfb, "Only one vgpu device can have 'ramfb' enabled"})
			ramfb = true
		}
	}
}

// same says whether two descriptions find the same device.
func (h *Hostdev) same(o *Hostdev) bool {
	if h.Mode != o.Mode || h.Type != o.Type {
		return false
	}
	switch h.Type {
	case "pci":
		a, b := h.PCI.Address, o.PCI.Address
		return a.Domain == b.Domain && a.Bus == b.Bus && a.Slot == b.Slot && a.Function == b.Function
	case "usb":
		if h.USB.Bus != 0 && h.USB.Device != 0 {
			return h.USB.Bus == o.USB.Bus && h.USB.Device == o.USB.Device
		}
		return h.USB.Vendor == o.USB.Vendor && h.USB.Product == o.USB.Product
	case "scsi":
		return h.SCSI.same(&o.SCSI)
	case "scsi_host":
		return h.Protocol == o.Protocol && h.WWPN == o.WWPN
	case "mdev":
		return h.UUID == o.UUID
	}
	return h.Caps == o.Caps
}

func (s *HostSCSI) same(o *HostSCSI) bool {
	if s.ISCSI == nil || o.ISCSI == nil {
		return s.ISCSI == o.ISCSI && s.Adapter == o.Adapter && s.Bus == o.Bus && s.Target == o.Target && s.Unit == o.Unit
	}
	a, b := s.ISCSI.Network, o.ISCSI.Network
	return a.Name == b.Name && a.Hosts[0].Name == b.Hosts[0].Name && a.Hosts[0].Port == b.Hosts[0].Port
}

// drives refuses places behind a controller that are taken twice.
func (c *check) drives() {
	v := &c.d.Devices
	for i, a := range v.Disks {
		at := a.DeviceInfo.Address.Drive
		for _, b := range v.Disks[i+1:] {
			if a.DeviceInfo.Address.Type == "drive" && a.Bus == b.Bus && b.DeviceInfo.Address.at(at) {
				c.Unsupported("Found duplicate drive address for disk with target name '%s' controller='%d' bus='%d' target='%d' unit='%d'",
					a.Target, at.Controller, at.Bus, at.Target, at.Unit)
			}
		}
	}
	for i, a := range v.Hostdevs {
		if a.Mode != "subsystem" || a.Type != "scsi" || a.DeviceInfo.Address.Type != "drive" {
			continue
		}
		at := a.DeviceInfo.Address.Drive
		taken := func(by string) {
			// libvirt prints the bus before the controller
			c.Unsupported("SCSI host address controller='%d' bus='%d' target='%d' unit='%d' in use by another SCSI %s",
				at.Bus, at.Controller, at.Target, at.Unit, by)
		}
		for _, b := range v.Hostdevs[i+1:] {
			if b.Mode == "subsystem" && b.Type == "scsi" && b.DeviceInfo.Address.at(at) {
				taken("host device")
			}
		}
		if v.diskAt("scsi", at) {
			taken("disk")
		}
	}
}

// targets refuses two disks of one name.
func (c *check) targets() {
	disks := c.d.Devices.Disks
	for i, a := range disks {
		for _, b := range disks[i+1:] {
			if a.Target == b.Target {
				c.XMLError("target '%s' duplicated for disk sources '%s' and '%s'", a.Target, orNull(a.Source.name()), orNull(b.Source.name()))
			}
		}
	}
}

// name gives what a source is called in messages, empty when it has none.
func (s *DiskSource) name() string {
	if s.Network != nil {
		return s.Network.Name
	}
	return s.Path
}

// aliases refuses names of the user's that two devices have. A console may be a view on a serial port.
func (c *check) aliases() {
	seen := map[string]bool{}
	v := &c.d.Devices
	for dev := range v.All() {
		alias := dev.Info().Alias
		if !userAlias(alias) {
			continue
		}
		if x, ok := dev.(*Chardev); ok && len(v.Serials) > 0 && len(v.Consoles) > 0 &&
			v.Consoles[0].TargetType == "serial" && x.Source.Equal(&v.Serials[0].Source) {
			continue
		}
		if seen[alias] {
			c.Unsupported("non unique alias detected: %s", alias)
		}
		seen[alias] = true
	}
}

// singles checks the devices that depend on the rest of the document.
func (c *check) singles() {
	if i := c.d.Devices.IOMMU; i != nil {
		c.unsupported(
			fault{
				i.IntRemap == On && c.d.Features.IOAPIC != "qemu",
				"IOMMU interrupt remapping requires split I/O APIC (ioapic driver='qemu')",
			},
			fault{i.EIM == On && i.IntRemap != On, "IOMMU eim requires interrupt remapping to be enabled"},
		)
	}
}

func (c *check) primaryVideo() {
	primary := 0
	for _, v := range c.d.Devices.Videos {
		if v.Primary {
			primary++
		}
	}
	c.unsupported(fault{primary > 1, "Only one primary video device is supported"})
}
