package validation

import (
	"math"
	"slices"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// The flags by which a binary has a model.
var (
	videoFlags = map[string]caps.Flag{
		"vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga", "qxl": "qxl", "virtio": "virtio-gpu",
		"bochs": "bochs-display", "ramfb": "ramfb",
	}
	graphicsFlags = map[string]caps.Flag{
		"sdl": "sdl", "vnc": "vnc", "spice": "spice", "egl-headless": "egl-headless", "dbus": "display-dbus", "rdp": "display-dbus",
	}
)

const (
	maxVideoRAM    = math.MaxUint32 >> 10 // KiB
	maxVNCPassword = 8
)

func (v *check) video(d *domain.Video) {
	if d.Model == "none" {
		return
	}
	flag, known := videoFlags[d.Model]
	v.refuse(!known || !v.has(flag), "domain configuration does not support video model '%s'", d.Model)
	if d.Model != "qxl" && d.Model != "virtio" {
		v.refuse(!d.Primary, "video type '%s' is only valid as primary video device", d.Model)
		v.refuse(d.Heads != 1, "video type '%s' doesn't support multiple 'heads'", d.Model)
	}
	accel := d.Accel
	if accel == nil {
		accel = &domain.VideoAccel{}
	}
	v.refuse(accel.Accel2D == domain.Yes, "qemu does not support the accel2d setting")
	if d.Model == "qxl" {
		v.qxl(d)
	}
	if d.Resolution != nil && !oneOf(d.Model, "vga", "qxl", "virtio", "bochs") {
		v.XMLError("model resolution is not supported")
	}
	v.refuse(oneOf(d.Model, "vga", "vmvga") && d.VRAM != 0 && d.VRAM < mebibyte,
		"value for 'vram' must be at least 1 MiB (1024 KiB)")
	if d.Backend == "vhostuser" {
		v.refuse(d.Model == "virtio" && !v.has("vhost-user-gpu"), "this QEMU does not support 'vhost-user' video device")
	} else if accel.Accel3D == domain.Yes {
		v.refuse(d.Model != "virtio", "3d acceleration is supported only with 'virtio' video device")
		v.refuse(!v.has("virtio-gpu.virgl") && !v.has("virtio-gpu-gl-pci") && !v.has("virtio-vga-gl"),
			"3d acceleration is not supported by this QEMU binary")
	}
	if d.Model == "virtio" && d.Blob.Given() {
		v.refuse(!v.has("virtio-gpu.blob"), "this QEMU does not support 'blob' for virtio-gpu devices")
		v.refuse(d.Blob == domain.On && v.doc.MemoryBacking.Source != "memfd",
			"'blob' support for virtio-gpu devices requires a memfd memory backend")
	}
}

func (v *check) qxl(d *domain.Video) {
	tooMuch := func(name string, size uint) {
		if size > maxVideoRAM {
			v.Keep(virerr.New(virerr.FromQEMU, virerr.Overflow, "value for '%s' must be less than '%d'", name, maxVideoRAM))
		}
	}
	tooMuch("vram", d.VRAM)
	tooMuch("ram", d.RAM)
	if d.VGAMem != 0 {
		v.refuse(d.VGAMem < mebibyte, "value for 'vgamem' must be at least 1 MiB (1024 KiB)")
		v.refuse(!powerOfTwo(d.VGAMem), "value for 'vgamem' must be power of two")
	}
}

func (v *check) graphics(g *domain.Graphics) {
	flag, known := graphicsFlags[g.Type]
	v.refuse(!known || !v.has(flag), "%s graphics are not supported with this QEMU", g.Type)
	headless := slices.ContainsFunc(v.doc.Devices.Graphics, func(o *domain.Graphics) bool { return o.Type == "egl-headless" })
	v.refuse(headless && !oneOf(g.Type, "egl-headless", "vnc", "spice"),
		"graphics type 'egl-headless' is only supported with one of: 'vnc', 'spice' graphics types")
	v.refuse(headless && g.Type == "spice" && g.GL == domain.Yes, "multiple OpenGL displays are not supported by QEMU")
	switch g.Type {
	case "spice":
		v.spice(g)
	case "egl-headless":
		v.refuse(g.RenderNode != "" && !v.has("egl-headless.rendernode"),
			"This QEMU doesn't support OpenGL rendernode with egl-headless graphics type")
	case "vnc":
		v.refuse(g.PowerControl.Given() && !v.has("vnc-power-control"), "VNC power control is not available")
		if p := g.Auth.Password; p != nil {
			v.refuse(len(*p) > maxVNCPassword, "VNC password is %d characters long, only 8 permitted", len(*p))
		}
	case "dbus":
		i := slices.IndexFunc(v.doc.Devices.Audios, func(a *domain.Audio) bool { return a.ID == g.AudioID })
		v.refuse(g.AudioID > 0 && i >= 0 && v.doc.Devices.Audios[max(i, 0)].Type != "dbus",
			"The associated audio is not of 'dbus' kind.")
	}
}

func (v *check) spice(g *domain.Graphics) {
	if len(g.Listens) == 0 {
		v.Internal("missing listen element")
		return
	}
	v.refuse(oneOf(g.Listens[0].Type, "address", "network") && g.TLSPort > 0 && !v.host.SpiceTLS,
		"spice TLS port set in XML configuration, but TLS is disabled in qemu.conf")
	if g.GL == domain.Yes {
		v.refuse(!v.has("spice-gl"), "This QEMU doesn't support spice OpenGL")
		v.refuse(g.RenderNode != "" && !v.has("spice-rendernode"), "This QEMU doesn't support spice OpenGL rendernode")
	}
}
