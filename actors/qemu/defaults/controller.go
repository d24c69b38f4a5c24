package defaults

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// maxXHCIPorts is how many ports QEMU's XHCI controllers have at the most.
const maxXHCIPorts = 15

func (a *applier) controller(c *domain.Controller) error {
	switch c.Type {
	case "scsi":
		return a.scsi(c)
	case "usb":
		return a.usb(c)
	case "pci":
		return a.pci(c)
	}
	return nil
}

func (a *applier) scsi(c *domain.Controller) error {
	if c.Model != "" && c.Model != "auto" {
		return nil
	}
	m := a.machine
	switch {
	case m.PSeries():
		c.Model = "ibmvscsi"
	case m.S390() || m.LoongArchVirt():
		c.Model = "virtio-scsi"
	case a.has("lsi"):
		c.Model = "lsilogic"
	case a.has("virtio-scsi-pci"):
		c.Model = "virtio-scsi"
	case m.BuiltinESP():
		c.Model = "ncr53c90"
	default:
		return virerr.New(virerr.FromQEMU, virerr.InternalError, "Unable to determine model for SCSI controller idx=%d", c.Index)
	}
	return nil
}

func (a *applier) usb(c *domain.Controller) error {
	if c.Model == "" {
		c.Model = a.usbModel(c)
	}
	switch {
	case c.Model == "qusb1" || c.Model == "qusb2":
		return unsupported("USB controller model type 'qusb1' or 'qusb2' is not supported in %s", a.doc.Type)
	case (c.Model == "nec-xhci" || c.Model == "qemu-xhci") && c.Ports != nil && *c.Ports > maxXHCIPorts:
		return unsupported("'%s' controller only supports up to '%d' ports", c.Model, maxXHCIPorts)
	}
	return nil
}

func (a *applier) usbModel(c *domain.Controller) string {
	model := ""
	switch {
	case a.has("piix3-usb-uhci"):
		model = "piix3-uhci"
	case !a.machine.X86() && a.has("pci-ohci"):
		model = "pci-ohci"
	}
	switch {
	case a.machine.S390():
		if c.Address.Type == "" {
			return "none"
		}
		return model
	case a.machine.PPC64() && a.opts.ABIUpdate:
		return a.firstUSB("", "qemu-xhci", "nec-xhci", "pci-ohci")
	case a.machine.PPC64():
		return a.firstUSB("", "pci-ohci")
	case a.machine.Arch == "aarch64":
		return a.firstUSB(model, "qemu-xhci", "nec-xhci")
	case a.machine.LoongArch():
		return a.firstUSB(model, "qemu-xhci")
	}
	return model
}

// firstUSB is the first of the models that the binary has.
func (a *applier) firstUSB(otherwise string, models ...string) string {
	flags := map[string]string{"qemu-xhci": "qemu-xhci", "nec-xhci": "nec-usb-xhci", "pci-ohci": "pci-ohci"}
	for _, m := range models {
		if a.has(flags[m]) {
			return m
		}
	}
	return otherwise
}

func (a *applier) pci(c *domain.Controller) error {
	root := c.Model == "pci-root" || c.Model == "pcie-root"
	switch {
	case root && c.Index != 0 && !a.machine.PSeries():
		return virerr.New(virerr.FromQEMU, virerr.XMLError, "pci-root and pcie-root controllers should have index 0")
	case c.Model == "pci-expander-bus" && !a.machine.I440FX():
		return unsupported("pci-expander-bus controllers are only supported on 440fx-based machinetypes")
	case c.Model == "pcie-expander-bus" && !a.machine.Q35() && !a.machine.ARMVirt():
		return unsupported("pcie-expander-bus controllers are not supported with this machine type")
	}
	if n := c.PCI.NUMANode; n != nil && *n >= len(a.doc.Numa.Cells) {
		return virerr.New(virerr.FromQEMU, virerr.XMLError,
			"%s with index %d is configured for a NUMA node (%d) not present in the domain's <cpu><numa> array (%d)",
			c.Model, c.Index, *n, len(a.doc.Numa.Cells))
	}
	return nil
}
