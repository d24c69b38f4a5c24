package validation

import (
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// serialAddress is where a serial port of that type goes.
var serialAddress = map[string]string{
	"isa-serial": "isa", "isa-debug": "isa", "usb-serial": "usb", "pci-serial": "pci", "spapr-vio-serial": "spapr-vio",
}

// serialTarget is the type of serial ports of that model.
var serialTarget = map[string]string{
	"isa-serial": "isa-serial", "usb-serial": "usb-serial", "pci-serial": "pci-serial",
	"spapr-vty": "spapr-vio-serial", "pl011": "system-serial", "16550a": "system-serial",
	"sclpconsole": "sclp-serial", "sclplmconsole": "sclp-serial", "isa-debugcon": "isa-debug",
}

func (v *check) hasSpice() bool {
	return slices.ContainsFunc(v.doc.Devices.Graphics, func(g *domain.Graphics) bool { return g.Type == "spice" })
}

// chardevSource checks the host's end of a character device.
func (v *check) chardevSource(s *domain.ChardevSource) {
	if s == nil {
		return
	}
	switch s.Type {
	case "tcp", "unix":
		if s.Reconnect.Enabled == domain.Yes && s.Reconnect.Timeout == 0 {
			v.InvalidArg("chardev reconnect source timeout cannot be '0'")
		}
	case "qemu-vdagent":
		v.refuse(!v.has("chardev.qemu-vdagent"), "chardev '%s' not supported in this QEMU binary", s.Type)
	case "spicevmc", "spiceport":
		v.refuse(!v.hasSpice(), "chardev '%s' not supported without spice graphics", s.Type)
	}
}

func (v *check) chardev(c *domain.Chardev) {
	v.chardevSource(&c.Source)
	if c.Kind == "serial" {
		v.serial(c)
	}
	v.refuse(c.Kind == "parallel" && (v.machine.S390() || v.machine.PSeries()), "parallel ports are not supported")
}

func (v *check) serial(c *domain.Chardev) {
	want, placed := serialAddress[c.TargetType]
	switch at := c.DeviceInfo.Address.Type; {
	case at == "":
	case placed && at != want:
		v.Unsupported("Target type '%s' requires address type '%s'", c.TargetType, want)
	case oneOf(c.TargetType, "system-serial", "sclp-serial"):
		v.Unsupported("Target type '%s' cannot have an associated address", c.TargetType)
	}
	if t, ok := serialTarget[c.TargetModel]; ok && t != c.TargetType {
		v.Unsupported("Target model '%s' requires target type '%s'", c.TargetModel, t)
	}
	m := v.machine
	switch {
	case c.TargetModel == "pl011" && !m.ARMVirt(),
		c.TargetModel == "16550a" && !m.LoongArchVirt() && !m.RISCVVirt(),
		c.TargetModel == "spapr-vty" && !m.PSeries(), c.TargetType == "spapr-vio-serial" && !m.PSeries(),
		oneOf(c.TargetModel, "sclpconsole", "sclplmconsole") && !m.S390(), c.TargetType == "sclp-serial" && !m.S390():
		v.Unsupported("Serial device with target type '%s' and target model '%s' not compatible with guest architecture or machine type",
			c.TargetType, c.TargetModel)
	}
}

func (v *check) smartcard(s *domain.Smartcard) {
	a := s.DeviceInfo.Address
	v.refuse(len(v.doc.Devices.Smartcards) > 1 || a.Type != "ccid" || a.CCID != (domain.CCIDAddress{}),
		"this QEMU binary lacks multiple smartcard support")
	if s.Mode == "passthrough" {
		v.refuse(!v.has("ccid-passthru"), "this QEMU binary lacks smartcard passthrough mode support")
		v.chardevSource(s.Source)
		return
	}
	v.refuse(!v.has("ccid-emulated"), "this QEMU binary lacks smartcard host mode support")
}

func (v *check) rng(r *domain.RNG) {
	switch r.Backend {
	case "random":
		v.refuse(!v.has("rng-random"), "this qemu doesn't support the rng-random backend")
	case "egd":
		v.refuse(!v.has("rng-egd"), "this qemu doesn't support the rng-egd backend")
		v.chardevSource(r.Source)
	case "builtin":
		v.refuse(!v.has("rng-builtin"), "this qemu doesn't support the rng-builtin backend")
	}
	there := v.has("virtio-rng") && (r.Model == "virtio" || v.has("virtio-pci-non-transitional"))
	v.refuse(!there, "domain configuration does not support rng model '%s'", r.Model)
}

func (v *check) redirdev(r *domain.Redirdev) {
	v.chardevSource(&r.Source)
	v.refuse(r.Bus != "usb", "Redirection bus %s is not supported by QEMU", r.Bus)
	v.refuse(!v.has("usb-redir"), "USB redirection is not supported by this version of QEMU")
	v.refuse(len(v.doc.Devices.RedirFilter) > 0 && !v.has("usb-redir.filter"),
		"USB redirection filter is not supported by this version of QEMU")
}
