package command

import "virtree.dev/protocol/xml/domain"

// vgaDrivers are the primary cards, otherDrivers those beside it.
var (
	vgaDrivers = map[string]string{
		"vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga", "qxl": "qxl-vga",
		"bochs": "bochs-display", "ramfb": "ramfb",
	}
	otherDrivers = map[string]string{"qxl": "qxl"}
)

func (b *builder) videos() {
	for _, v := range b.doc.Devices.Videos {
		if v.Model == "none" {
			continue
		}
		if v.Backend == "vhostuser" {
			fd := b.passNumber(Pass{Kind: "vhost-user-gpu", Alias: v.Alias})
			b.arg("-chardev", "socket,id="+vhostUserAlias(v.Alias)+",fd="+fd)
		}
		b.zpci(&v.DeviceInfo)
		b.device(b.videoProps(v))
	}
}

// primaryVGA says whether a card is the one the BIOS writes to.
func (b *builder) primaryVGA(v *domain.Video) bool {
	switch {
	case !v.Primary:
		return false
	case v.Model != "virtio":
		return true
	case v.Backend == "vhostuser":
		return b.has("vhost-user-vga")
	}
	return b.has("virtio-vga")
}

func (b *builder) videoStart(v *domain.Video) *Props {
	vga := b.primaryVGA(v)
	gl := v.Accel != nil && v.Accel.Accel3D == domain.Yes
	driver := otherDrivers[v.Model]
	if vga {
		driver = vgaDrivers[v.Model]
	}
	switch {
	case v.Backend == "vhostuser" && vga:
		return props("driver", "vhost-user-vga")
	case v.Backend == "vhostuser":
		return b.virtioDevice("vhost-user-gpu", "", &v.DeviceInfo, &v.Virtio)
	case v.Model == "virtio" && vga:
		name := "virtio-vga"
		if gl && b.has("virtio-vga-gl") {
			name = "virtio-vga-gl"
		}
		p := props("driver", name)
		b.virtioOptions(p, &v.Virtio)
		return p
	case v.Model == "virtio":
		name := "virtio-gpu"
		if gl && b.has("virtio-gpu-gl-pci") {
			name = "virtio-gpu-gl"
		}
		return b.virtioDevice(name, "", &v.DeviceInfo, &v.Virtio)
	case driver == "":
		b.internal("invalid model for video type '%s'", v.Model)
		return nil
	}
	return props("driver", driver)
}

func (b *builder) videoProps(v *domain.Video) *Props {
	p := b.videoStart(v)
	if p == nil {
		return nil
	}
	p.Str("id", v.Alias)
	if v.Backend != "vhostuser" && v.Model == "virtio" && v.Accel != nil && b.has("virtio-gpu.virgl") {
		p.Switch("virgl", v.Accel.Accel3D)
	}
	if v.Model == "qxl" || v.Model == "virtio" {
		p.OptUint("max_outputs", uint64(v.Heads))
	}
	b.videoMemory(p, v)
	if r := v.Resolution; r != nil {
		p.OptUint("xres", uint64(r.X)).OptUint("yres", uint64(r.Y))
	}
	b.addressProps(p, &v.DeviceInfo)
	return p
}

// videoMemory adds the memory of a card; documents have it in KiB, QEMU's devices each in a unit of their own.
func (b *builder) videoMemory(p *Props, v *domain.Video) {
	switch {
	case v.Model == "qxl":
		p.OptUint("ram_size", uint64(v.RAM)*1024).OptUint("vram_size", uint64(v.VRAM)*1024)
		if b.has("qxl.vram64_size_mb") {
			p.Uint("vram64_size_mb", uint64(v.VRAM64/1024))
		}
		if b.has("qxl.vgamem_mb") {
			p.Uint("vgamem_mb", uint64(v.VGAMem/1024))
		}
	case v.Backend == "vhostuser":
		p.Str("chardev", vhostUserAlias(v.Alias))
	case v.Model == "vga" && b.has("VGA.vgamem_mb"), v.Model == "vmvga" && b.has("vmware-svga.vgamem_mb"):
		p.OptUint("vgamem_mb", uint64(v.VRAM/1024))
	case v.Model == "bochs":
		p.OptUint("vgamem", uint64(v.VRAM)*1024)
	case v.Model == "virtio":
		p.Switch("blob", v.Blob)
	}
}
