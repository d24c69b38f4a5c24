package domain

import (
	"slices"
	"strings"
)

const channelNameChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

// chardevSource checks the host's end; dev is nil when it is not that of a character device.
func (c *check) chardevSource(s *ChardevSource, dev *Chardev) {
	internal := func(bad bool, text string) {
		if bad {
			c.Internal("%s", text)
		}
	}
	const noPath = "Missing source path attribute for char device"
	switch s.Type {
	case "file", "dev", "pipe":
		internal(s.Path == "", noPath)
	case "nmdm":
		internal((s.Master == "") != (s.Slave == ""), "Should define both master and slave path attributes for nmdm device")
	case "tcp":
		internal(s.Host == "", "Missing source host attribute for char device")
		internal(s.Service == "", "Missing source service attribute for char device")
	case "udp":
		internal(s.Service == "", "Missing source service attribute for char device")
	case "unix":
		// the path of such a channel is made up
		made := dev != nil && dev.Kind == "channel" && (dev.TargetType == "xen" || dev.TargetType == "virtio")
		internal(s.Path == "" && !made, noPath)
	case "spiceport", "dbus":
		c.channelName(s.Channel)
	}
	if s.Type == "tcp" || s.Type == "unix" {
		internal(s.Listen && s.Reconnect.Enabled.Given(), "chardev reconnect is possible only for connect mode")
	}
	c.relabels(s.SecLabels)
}

func (c *check) channelName(name string) {
	switch {
	case name == "":
		c.Unsupported("Missing source channel attribute for char device")
	case strings.Trim(name, channelNameChars) != "":
		c.InvalidArg("Invalid character in source channel for char device")
	}
}

func (c *check) controller(v *Controller) {
	if v.Type == "pci" {
		c.pciController(v)
	}
	if v.Driver.IOThread == 0 && len(v.Driver.IOThreads) == 0 {
		return
	}
	switch {
	case v.Type != "scsi" || !slices.Contains(virtioSCSIModels, v.Model):
		c.Unsupported("iothreads are supported only by 'virtio-scsi' controllers")
	case v.Driver.IOThread != 0 && len(v.Driver.IOThreads) > 0:
		c.XMLError("controller driver 'iothread' attribute can't be used together with 'iothreads' subelement")
	}
}

const (
	maxPCIIndex  = 255
	maxPCITarget = 30
)

func (c *check) pciController(v *Controller) {
	t := &v.PCI
	if (v.Model == "pci-root" || v.Model == "pcie-root") && v.DeviceInfo.Address.Type != "" {
		c.Unsupported("pci-root and pcie-root controllers should not have an address")
	}
	if v.Index > maxPCIIndex {
		c.Unsupported("PCI controller index %d too high, maximum is 255", v.Index)
	}
	if i := t.TargetIndex; i != nil {
		switch {
		case *i < 0 || *i > maxPCITarget:
			c.Unsupported("PCI controller target index '%d' out of range - must be 0-30", *i)
		case (v.Index == 0) != (*i == 0):
			c.Unsupported("Only the PCI controller with index 0 can have target index 0, and vice versa")
		}
	}
	for _, n := range []struct {
		name      string
		value     *int
		low, high int
	}{
		{"chassisNr", t.ChassisNr, 1, 255}, {"chassis", t.Chassis, 0, 255},
		{"port", t.Port, 0, 255}, {"busNr", t.BusNr, 1, 254},
	} {
		if n.value != nil && (*n.value < n.low || *n.value > n.high) {
			c.Unsupported("PCI controller %s '%d' out of range - must be %d-%d", n.name, *n.value, n.low, n.high)
		}
	}
	if t.NUMANode != nil && v.Index == 0 {
		c.Unsupported("The PCI controller with index=0 can't be associated with a NUMA node")
	}
}
