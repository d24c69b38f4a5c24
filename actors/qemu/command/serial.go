package command

import (
	"fmt"
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// platformSerials are ports that the board has, so that QEMU is given only their other end.
var platformSerials = []string{"pl011", "16550a"}

// serialFlags are what tells whether a binary has a serial device.
var serialFlags = map[string]string{
	"isa-serial": "isa-serial", "usb-serial": "usb-serial", "pci-serial": "pci-serial", "spapr-vty": "spapr-vty",
	"sclpconsole": "s390-sclp", "sclplmconsole": "sclplmconsole", "pl011": "pl011", "isa-debugcon": "isa-debugcon",
}

func (b *builder) serials() {
	spice := slices.ContainsFunc(b.doc.Devices.Graphics, func(g *domain.Graphics) bool { return g.Type == "spice" })
	for _, s := range b.doc.Devices.Serials {
		if s.Source.Type == "spiceport" && !spice {
			continue
		}
		b.deviceChardev(&s.Source, s.Alias)
		model := s.TargetModel
		if flag := serialFlags[model]; flag != "" && flag != "isa-debugcon" && !b.has(flag) {
			b.unsupported("'%s' is not supported in this QEMU binary", model)
			return
		}
		if slices.Contains(platformSerials, model) || model == "" {
			b.arg("-serial", "chardev:char"+s.Alias)
			continue
		}
		p := props("driver", model, "chardev", "char"+s.Alias, "id", s.Alias)
		if model == "isa-serial" {
			p.Int("index", int64(s.Port))
		}
		b.addressProps(p, &s.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) parallels() {
	for _, c := range b.doc.Devices.Parallels {
		b.deviceChardev(&c.Source, c.Alias)
		b.device(props("driver", "isa-parallel", "chardev", "char"+c.Alias, "id", c.Alias))
	}
}

func (b *builder) channels() {
	for _, c := range b.doc.Devices.Channels {
		b.deviceChardev(&c.Source, c.Alias)
		switch c.TargetType {
		case "guestfwd":
			forward := fmt.Sprintf("tcp:%s:%d-chardev:char%s", c.Address, c.AddressPort, c.Alias)
			p := props("type", "user").List("guestfwd", props("str", forward))
			b.netdev(p.Str("id", c.Alias))
		case "virtio":
			b.device(b.virtioPort(c, "virtserialport"))
		}
	}
}

func (b *builder) consoles() {
	for _, c := range b.doc.Devices.Consoles {
		switch c.TargetType {
		case "virtio":
			b.deviceChardev(&c.Source, c.Alias)
			b.device(b.virtioPort(c, "virtconsole"))
		case "sclp", "sclplm":
			b.deviceChardev(&c.Source, c.Alias)
			driver := map[string]string{"sclp": "sclpconsole", "sclplm": "sclplmconsole"}[c.TargetType]
			b.device(props("driver", driver, "chardev", "char"+c.Alias, "id", c.Alias))
		}
	}
}

const spiceChannel = "com.redhat.spice.0"

func (b *builder) virtioPort(c *domain.Chardev, driver string) *Props {
	if t := c.DeviceInfo.Address.Type; t != "" && t != "ccw" && t != "virtio-serial" {
		b.internal("virtio serial device has invalid address type")
	}
	name := ""
	if c.Kind == "channel" {
		if name = c.Name; c.Source.Type == "spicevmc" && name == "" {
			name = spiceChannel
		}
		if c.Source.Type == "spicevmc" && name != spiceChannel {
			b.unsupported("Unsupported spicevmc target name '%s'", name)
		}
	}
	p := props("driver", driver)
	b.addressProps(p, &c.DeviceInfo)
	return p.Str("chardev", "char"+c.Alias).Str("id", c.Alias).OptStr("name", name)
}

// netdev adds the host's end of a network card.
func (b *builder) netdev(p *Props) {
	if b.has("netdev.json") {
		b.option("-netdev", p)
		return
	}
	b.arg("-netdev", p.Options("type"))
}
