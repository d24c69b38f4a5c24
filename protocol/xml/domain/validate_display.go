package domain

import "slices"

func (c *check) video(v *Video) {
	if v.Model == "" {
		c.Internal("missing video model and cannot determine default")
	}
	for _, o := range c.d.Devices.Videos {
		if o.Model == "none" && len(c.d.Devices.Videos) > 1 {
			c.Unsupported("a 'none' video type must be the only video device defined for the domain")
		}
	}
	vhost := v.Backend == "vhostuser"
	c.unsupported(
		fault{vhost && v.Model != "virtio", "'vhostuser' driver is only supported with 'virtio' device"},
		fault{
			!vhost && v.Accel != nil && v.Accel.RenderNode != "",
			"unsupported rendernode accel attribute without 'vhostuser'",
		},
		fault{
			v.Resolution != nil && (v.Resolution.X == 0 || v.Resolution.Y == 0),
			"video resolution values must be greater than 0",
		},
		fault{v.Model != "qxl" && v.RAM != 0, "ram attribute only supported for video type qxl"},
		fault{v.Model != "qxl" && v.VRAM64 != 0, "vram64 attribute only supported for video type qxl"},
		fault{v.Model != "qxl" && v.VGAMem != 0, "vgamem attribute only supported for video type qxl"},
		fault{v.Model == "ramfb" && v.DeviceInfo.Address.Type != "", "address not supported for video type ramfb"},
	)
	if v.Model != "virtio" {
		c.noVirtio(&v.Virtio)
		if v.Blob.Given() {
			c.Unsupported("video type '%s' does not support blob resources", v.Model)
		}
	}
}

func (c *check) graphics(g *Graphics) {
	if g.Type == "vnc" || g.Type == "spice" || g.Type == "rdp" {
		for _, l := range g.Listens {
			switch {
			case l.Type == "network" && l.Network == "":
				c.XMLError("'network' attribute is required for listen type 'network'")
			case (l.Type == "socket" || l.Type == "none") && g.Type == "rdp":
				c.Unsupported("listen type '%s' is not available for graphics type '%s'", l.Type, g.Type)
			}
		}
	}
	switch {
	case g.Type == "vnc":
		c.audioID(g.AudioID)
	case g.Type == "dbus" && g.P2P && g.Address != "":
		c.XMLError("D-Bus p2p with an address is not supported")
	}
}

func (c *check) audioID(id uint) {
	if id != 0 && !slices.ContainsFunc(c.d.Devices.Audios, func(a *Audio) bool { return a.ID == id }) {
		c.XMLError("no audio device with ID %d", id)
	}
}

func (c *check) audio(a *Audio) {
	for _, o := range c.d.Devices.Audios {
		if o != a && o.ID == a.ID {
			c.XMLError("audio ID %d is used multiple times", a.ID)
		}
	}
}

func (c *check) input(i *Input) {
	plain := i.Type == "mouse" || i.Type == "keyboard"
	switch c.d.OS.Type {
	case "hvm":
		if i.Bus == "ps2" && !plain {
			c.Internal("ps2 bus does not support %s input device", i.Type)
		}
		if i.Bus == "xen" {
			c.Internal("unsupported input bus %s", i.Bus)
		}
	case "xen", "xenpvh":
		if i.Bus != "xen" {
			c.Internal("unsupported input bus %s", i.Bus)
		}
		if !plain {
			c.Internal("xen bus does not support %s input device", i.Type)
		}
	default:
		c.containerInput(i, plain)
	}
	switch i.Type {
	case "mouse", "tablet", "keyboard":
		c.unsupported(fault{i.Evdev != "", "setting source evdev path only supported for passthrough input devices"})
	case "passthrough":
		c.unsupported(fault{i.Bus != "virtio", "only bus 'virtio' is supported for 'passthrough' input devices"})
	case "evdev":
		c.unsupported(fault{i.Bus != "none", "input evdev doesn't support bus element"})
	}
	if i.Model != "" && i.Bus != "virtio" {
		c.Unsupported("only bus 'virtio' is supported for input model '%s'", i.Model)
	}
	c.unsupported(fault{
		i.Bus == "ps2" && c.d.Features.PS2 == Off, "ps2 bus inputs require the ps2 feature not to be disabled",
	})
}

func (c *check) containerInput(i *Input, plain bool) {
	switch {
	case c.d.Type != "vz" && c.d.Type != "parallels":
		c.Internal("Input devices are not supported by this virtualization driver.")
	case i.Bus != "parallels":
		c.Internal("parallels containers don't support input bus %s", i.Bus)
	case !plain:
		c.Internal("parallels bus does not support %s input device", i.Type)
	}
}
