package domain

import (
	"math"
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	controllerTypes = []string{
		"ide", "fdc", "scsi", "sata", "virtio-serial", "ccid", "usb", "pci", "xenbus", "isa",
	}
	// controllerModels are the models by type; a type that is not here has none.
	controllerModels = map[string][]string{
		"pci": {
			"pci-root", "pcie-root", "pci-bridge", "dmi-to-pci-bridge", "pcie-to-pci-bridge", "pcie-root-port",
			"pcie-switch-upstream-port", "pcie-switch-downstream-port", "pci-expander-bus", "pcie-expander-bus",
		},
		"scsi": {
			"auto", "buslogic", "lsilogic", "lsisas1068", "vmpvscsi", "ibmvscsi", "virtio-scsi", "lsisas1078",
			"virtio-transitional", "virtio-non-transitional", "ncr53c90", "dc390", "am53c974",
		},
		"usb": {
			"piix3-uhci", "piix4-uhci", "ehci", "ich9-ehci1", "ich9-uhci1", "ich9-uhci2", "ich9-uhci3",
			"vt82c686b-uhci", "pci-ohci", "nec-xhci", "qusb1", "qusb2", "qemu-xhci", "none",
		},
		"ide":           {"piix3", "piix4", "ich6"},
		"virtio-serial": {"virtio", "virtio-transitional", "virtio-non-transitional"},
	}
	pciModelNames = []string{
		"none", "pci-bridge", "i82801b11-bridge", "ioh3420", "x3130-upstream", "xio3130-downstream", "pxb",
		"pxb-pcie", "pcie-root-port", "spapr-pci-host-bridge", "pcie-pci-bridge",
	}
	// masterPorts are where the companions of a USB 2 controller begin.
	masterPorts = map[string]uint{"ich9-uhci1": 0, "ich9-uhci2": 2, "ich9-uhci3": 4}
)

func (p *parser) controller(n *xmltree.Node) *Controller {
	c := &Controller{Type: "ide", Index: -1}
	if v := p.Enum(n, "type", controllerTypes, xmltree.Optional); v != "" {
		c.Type = v
	}
	if model, ok := n.Attr("model"); ok {
		if c.Model = model; !slices.Contains(controllerModels[c.Type], model) {
			p.Unsupported("Unknown model type '%s'", model)
		}
	}
	if index, ok := p.Int(n, "index", 10, xmltree.NonNegative); ok {
		c.Index = index
	}
	p.controllerDriver(n.Child("driver"), &c.Driver)
	p.controllerTarget(n, c)
	if c.Type != "usb" || c.Model != "none" {
		p.info(n, &c.DeviceInfo, 0)
	}
	p.controllerOptions(n, c)
	return c
}

func (p *parser) controllerDriver(n *xmltree.Node, d *ControllerDriver) {
	if n == nil {
		return
	}
	d.Queues, _ = p.Uint(n, "queues", 10, xmltree.Optional)
	d.CmdPerLUN, _ = p.Uint(n, "cmd_per_lun", 10, xmltree.Optional)
	d.MaxSectors, _ = p.Uint(n, "max_sectors", 10, xmltree.Optional)
	d.IOEventFD = p.OnOff(n, "ioeventfd")
	d.IOThread, _ = p.Uint(n, "iothread", 10, xmltree.Optional)
	d.IOThreads = p.ioThreadQueues(n)
	p.virtio(n, &d.Virtio)
}

func (p *parser) controllerTarget(n *xmltree.Node, c *Controller) {
	switch {
	case n.Count("model") > 1:
		p.XMLError("Multiple <model> elements in controller definition not allowed")
	case n.Count("target") > 1:
		p.XMLError("Multiple <target> elements in controller definition not allowed")
	}
	target := n.Child("target")
	if c.Type == "pci" {
		c.PCI.ModelName = unset(p.Enum(n.Child("model"), "name", pciModelNames, xmltree.Optional), "none")
		c.PCI.ChassisNr = p.optionalInt(target, "chassisNr", 0)
		c.PCI.Chassis = p.optionalInt(target, "chassis", 0)
		c.PCI.Port = p.optionalInt(target, "port", 0)
		c.PCI.BusNr = p.optionalInt(target, "busNr", 0)
		c.PCI.Hotplug = p.OnOff(target, "hotplug")
		c.PCI.TargetIndex = p.optionalInt(target, "index", 0)
		c.PCI.MemReserve, _ = p.Ulong(target, "memReserve", 0, xmltree.NonZero)
	}
	if text := target.ChildText("node"); text != "" {
		v, ok := xmltree.ParseInt(text, 10, 32)
		if !ok || v < 0 {
			p.XMLError("invalid NUMA node in target")
		}
		if node := int(v); c.Type == "pci" {
			c.PCI.NUMANode = &node
		}
	}
}

func (p *parser) optionalInt(n *xmltree.Node, name string, base int) *int {
	if v, ok := p.Int(n, name, base, xmltree.NonNegative); ok {
		return &v
	}
	return nil
}

func (p *parser) controllerOptions(n *xmltree.Node, c *Controller) {
	ports := p.optionalInt(n, "ports", 10)
	switch c.Type {
	case "virtio-serial":
		c.Ports, c.Vectors = ports, p.optionalInt(n, "vectors", 10)
	case "usb":
		c.Ports = ports
		if port, ok := masterPorts[c.Model]; ok && c.Master == nil {
			c.Master = &port
		}
	case "xenbus":
		c.MaxGrantFrames = p.optionalInt(n, "maxGrantFrames", 10)
		c.MaxEventChannels = p.optionalInt(n, "maxEventChannels", 10)
	case "pci":
		hole := n.Child("pcihole64")
		if c.Model != "pci-root" && c.Model != "pcie-root" {
			return
		}
		if bytes, ok := p.scaled(hole.Content(), hole.Get("unit"), "./pcihole64", 1024, math.MaxUint64, false); ok {
			size := bytes/1024 + (bytes%1024+1023)/1024
			c.PCI.Hole64 = &size
		}
	}
}

func formatController(w *xmlout.Writer, c *Controller, o FormatOptions) {
	w.Start("controller")
	w.Attr("type", c.Type)
	w.IntAttr("index", int64(c.Index))
	w.OptAttr("model", c.Model)
	optInt(w, "ports", c.Ports)
	optInt(w, "vectors", c.Vectors)
	optInt(w, "maxGrantFrames", c.MaxGrantFrames)
	optInt(w, "maxEventChannels", c.MaxEventChannels)
	if c.Type == "pci" {
		formatPCIController(w, c, o)
	}
	formatControllerDriver(w, &c.Driver)
	formatInfo(w, &c.DeviceInfo, 0)
	if c.PCI.Hole64 != nil {
		w.SizeElem("pcihole64", "KiB", *c.PCI.Hole64)
	}
	w.End()
}

func optInt(w *xmlout.Writer, name string, v *int) {
	if v != nil {
		w.IntAttr(name, int64(*v))
	}
}

func formatPCIController(w *xmlout.Writer, c *Controller, o FormatOptions) {
	t := &c.PCI
	if !o.Migratable || c.Model != "pci-root" || t.ModelName != "spapr-pci-host-bridge" {
		w.AttrElem("model", "name", t.ModelName)
	}
	w.Start("target")
	optInt(w, "chassisNr", t.ChassisNr)
	optInt(w, "chassis", t.Chassis)
	if t.Port != nil {
		w.Attr("port", hexText(uint64(*t.Port)))
	}
	optInt(w, "busNr", t.BusNr)
	optInt(w, "index", t.TargetIndex)
	w.OptAttr("hotplug", t.Hotplug.OnOff())
	w.OptUintAttr("memReserve", t.MemReserve)
	if t.NUMANode != nil {
		w.IntElem("node", int64(*t.NUMANode))
	}
	w.EndOrDrop()
}

func formatControllerDriver(w *xmlout.Writer, d *ControllerDriver) {
	w.Start("driver")
	w.OptUintAttr("queues", uint64(d.Queues))
	w.OptUintAttr("cmd_per_lun", uint64(d.CmdPerLUN))
	w.OptUintAttr("max_sectors", uint64(d.MaxSectors))
	w.OptAttr("ioeventfd", d.IOEventFD.OnOff())
	w.OptUintAttr("iothread", uint64(d.IOThread))
	formatVirtio(w, &d.Virtio)
	formatIOThreadQueues(w, d.IOThreads)
	w.EndOrDrop()
}
