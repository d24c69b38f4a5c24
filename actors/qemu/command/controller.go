package command

import (
	"fmt"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

// usbControllers are QEMU's names of the models, with what the binary must have.
var usbControllers = map[string]struct{ driver, flag string }{
	"piix3-uhci":     {"piix3-usb-uhci", "piix3-usb-uhci"},
	"piix4-uhci":     {"piix4-usb-uhci", "piix4-usb-uhci"},
	"ehci":           {"usb-ehci", "usb-ehci"},
	"ich9-ehci1":     {"ich9-usb-ehci1", "ich9-usb-ehci1"},
	"ich9-uhci1":     {"ich9-usb-uhci1", "ich9-usb-ehci1"},
	"ich9-uhci2":     {"ich9-usb-uhci2", "ich9-usb-ehci1"},
	"ich9-uhci3":     {"ich9-usb-uhci3", "ich9-usb-ehci1"},
	"vt82c686b-uhci": {"vt82c686b-usb-uhci", "vt82c686b-usb-uhci"},
	"pci-ohci":       {"pci-ohci", "pci-ohci"},
	"nec-xhci":       {"nec-usb-xhci", "nec-usb-xhci"},
	"qemu-xhci":      {"qemu-xhci", "qemu-xhci"},
}

var scsiControllers = map[string]string{
	"lsilogic":   "lsi",
	"ibmvscsi":   "spapr-vscsi",
	"lsisas1068": "mptsas1068",
	"lsisas1078": "megasas",
	"vmpvscsi":   "pvscsi",
	"am53c974":   "am53c974",
	"dc390":      "dc-390",
}

// controllers adds the controllers type by type; those on the USB bus come after the hubs.
func (b *builder) controllers() {
	for _, kind := range []string{"pci", "usb", "scsi", "ide", "sata", "virtio-serial"} {
		b.controllersOf(kind)
	}
}

func (b *builder) ccidControllers() { b.controllersOf("ccid") }

func (b *builder) controllersOf(kind string) {
	for _, c := range b.doc.Devices.Controllers {
		if c.Type != kind {
			continue
		}
		if hot := c.PCI.Hotplug; c.Model == "pci-root" && c.Index == 0 && hot.Given() {
			b.arg("-global", "PIIX4_PM.acpi-root-pci-hotplug="+hot.OnOff())
		}
		if b.builtinController(c) {
			continue
		}
		if p := b.controllerProps(c); p != nil {
			b.addressProps(p, &c.DeviceInfo)
			b.zpci(&c.DeviceInfo)
			b.device(p)
		}
	}
}

// builtinController says whether the board has that controller, or the document says there is none.
func (b *builder) builtinController(c *domain.Controller) bool {
	switch c.Type {
	case "pci":
		return c.Model == "pcie-root" || c.Model == "pci-root" && !b.machine.PSeries()
	case "sata":
		return c.Index == 0 && b.machine.Q35()
	case "ide":
		return c.Index == 0 && b.machine.BuiltinIDE()
	case "scsi":
		return c.Index == 0 && c.Model == "ncr53c90" && b.machine.BuiltinESP()
	case "usb":
		return c.Model == "none" || c.Model == "" && b.machine.S390()
	}
	return false
}

// controllerProps describes a controller but for its address; nil when it is implicit.
func (b *builder) controllerProps(c *domain.Controller) *Props {
	switch c.Type {
	case "scsi":
		return b.scsiControllerProps(c)
	case "virtio-serial":
		p := b.virtioDevice("virtio-serial", c.Model, &c.DeviceInfo, &c.Driver.Virtio)
		return p.Str("id", c.Alias).OptInt("max_ports", c.Ports).OptInt("vectors", c.Vectors)
	case "ccid":
		return props("driver", "usb-ccid", "id", c.Alias)
	case "sata":
		return props("driver", "ahci", "id", c.Alias)
	case "usb":
		return b.usbControllerProps(c)
	case "pci":
		return b.pciControllerProps(c)
	}
	b.unsupported("Unsupported controller type: %s", c.Type)
	return nil
}

func (b *builder) scsiControllerProps(c *domain.Controller) *Props {
	switch c.Model {
	case "virtio-scsi", "virtio-transitional", "virtio-non-transitional":
		p := b.virtioDevice("virtio-scsi", c.Model, &c.DeviceInfo, &c.Driver.Virtio)
		p.OptStr("iothread", ioThreadAlias(c.Driver.IOThread)).Str("id", c.Alias)
		p.OptUint("num_queues", uint64(c.Driver.Queues))
		ioThreadMapping(p, c.Driver.IOThreads)
		p.OptUint("cmd_per_lun", uint64(c.Driver.CmdPerLUN)).OptUint("max_sectors", uint64(c.Driver.MaxSectors))
		return p.Switch("ioeventfd", c.Driver.IOEventFD)
	case "buslogic", "ncr53c90":
		b.unsupported("Unsupported controller model: %s", c.Model)
	case "", "auto":
		b.internal("Unexpected SCSI controller model %d", len(c.Model)/len("auto")-1)
	}
	return props("driver", scsiControllers[c.Model], "id", c.Alias)
}

// ioThreadAlias names an iothread; 0 is none.
func ioThreadAlias(id uint) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("iothread%d", id)
}

// ioThreadMapping tells which iothreads serve which queues.
func ioThreadMapping(p *Props, threads []domain.IOThreadQueues) {
	if len(threads) == 0 {
		return
	}
	var list []any
	for _, t := range threads {
		o := props("iothread", ioThreadAlias(t.ID))
		var queues []any
		for _, q := range t.Queues {
			queues = append(queues, uint64(q))
		}
		if len(queues) > 0 {
			o.List("vqs", queues...)
		}
		list = append(list, o)
	}
	p.List("iothread-vq-mapping", list...)
}

func (b *builder) usbControllerProps(c *domain.Controller) *Props {
	kind := usbControllers[c.Model]
	xhci := c.Model == "nec-xhci" || c.Model == "qemu-xhci"
	switch {
	case c.Model == "":
		b.unsupported("no model provided for USB controller")
	case kind.driver == "" || !b.caps.Has(caps.Flag(kind.flag)):
		b.unsupported("USB controller model '%s' not supported in this QEMU binary", c.Model)
	case c.Ports != nil && !xhci:
		b.unsupported("usb controller type '%s' doesn't support 'ports' with this QEMU binary", c.Model)
	}
	p := props("driver", kind.driver).OptInt("p2", c.Ports).OptInt("p3", c.Ports)
	if c.Master == nil {
		return p.Str("id", c.Alias)
	}
	for _, o := range b.doc.Devices.Controllers {
		if o.Type == "usb" && o.Index == c.Index && o.Master == nil {
			return p.Str("masterbus", o.Alias+".0").Uint("firstport", uint64(*c.Master))
		}
	}
	b.internal("masterbus not found")
	return p
}

// given is a number of the document, -1 when it has none.
func given(v *int) int64 {
	if v == nil {
		return -1
	}
	return int64(*v)
}

func (b *builder) pciControllerProps(c *domain.Controller) *Props {
	t := &c.PCI
	if c.Model == "pci-root" && t.ModelName == "spapr-pci-host-bridge" && given(t.TargetIndex) == 0 {
		return nil
	}
	p, reserve := props("driver", t.ModelName), t.MemReserve*1024
	switch c.Model {
	case "pci-bridge":
		return p.Int("chassis_nr", given(t.ChassisNr)).OptUint("mem-reserve", reserve).Str("id", c.Alias)
	case "pci-expander-bus", "pcie-expander-bus":
		return p.Int("bus_nr", given(t.BusNr)).Str("id", c.Alias).OptInt("numa_node", t.NUMANode)
	case "dmi-to-pci-bridge", "pcie-switch-upstream-port", "pcie-to-pci-bridge":
		return p.Str("id", c.Alias)
	case "pcie-root-port", "pcie-switch-downstream-port":
		p.Int("port", given(t.Port)).Int("chassis", given(t.Chassis)).Str("id", c.Alias)
		return p.Switch("hotplug", t.Hotplug).OptUint("mem-reserve", reserve)
	case "pci-root":
		p.Int("index", given(t.TargetIndex)).OptUint("mem-reserve", reserve).Str("id", c.Alias)
		return p.OptInt("numa_node", t.NUMANode)
	}
	b.internal("Unexpected PCI controller model %d", -1)
	return nil
}

// hubs adds the USB hubs.
func (b *builder) hubs() {
	for _, h := range b.doc.Devices.Hubs {
		p := props("driver", "usb-hub", "id", h.Alias)
		b.addressProps(p, &h.DeviceInfo)
		b.device(p)
	}
}
