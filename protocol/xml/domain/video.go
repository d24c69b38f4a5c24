package domain

import (
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	videoModels = []string{
		"default", "vga", "cirrus", "vmvga", "xen", "vbox", "qxl", "parallels", "virtio", "gop", "none", "bochs", "ramfb",
	}
	videoBackends = []string{"qemu", "vhostuser"}
	vgaConfs      = []string{"io", "on", "off"}
)

func (p *parser) video(n *xmltree.Node) *Video {
	v := &Video{Heads: 1}
	if m := n.Child("model"); m != nil {
		p.videoModel(m, v)
	}
	if d := n.Child("driver"); d != nil {
		v.Backend = p.Enum(d, "name", videoBackends, xmltree.Optional)
		p.virtio(d, &v.Virtio)
		v.VGAConf = p.Enum(d, "vgaconf", vgaConfs, xmltree.Optional)
	}
	p.info(n, &v.DeviceInfo, 0)
	return v
}

func (p *parser) videoModel(n *xmltree.Node, v *Video) {
	v.Primary = p.YesNo(n, "primary") == Yes
	if a := n.Child("acceleration"); a != nil {
		v.Accel = &VideoAccel{Accel3D: p.YesNo(a, "accel3d"), Accel2D: p.YesNo(a, "accel2d"), RenderNode: a.Get("rendernode")}
	}
	if r := n.Child("resolution"); r != nil {
		v.Resolution = &VideoResolution{}
		v.Resolution.X, _ = p.Uint(r, "x", 10, xmltree.Required)
		v.Resolution.Y, _ = p.Uint(r, "y", 10, xmltree.Required)
	}
	v.Model = unset(p.Enum(n, "type", videoModels, xmltree.Optional), "default")
	v.RAM, _ = p.Uint(n, "ram", 10, xmltree.Optional)
	v.VRAM, _ = p.Uint(n, "vram", 10, xmltree.Optional)
	v.VRAM64, _ = p.Uint(n, "vram64", 10, xmltree.Optional)
	v.VGAMem, _ = p.Uint(n, "vgamem", 10, xmltree.Optional)
	if heads, given := p.Uint(n, "heads", 10, xmltree.Optional); given {
		v.Heads = heads
	}
	v.Blob = p.OnOff(n, "blob")
}

func formatVideo(w *xmlout.Writer, v *Video) {
	w.Start("video")
	w.Start("driver")
	formatVirtio(w, &v.Virtio)
	w.OptAttr("vgaconf", v.VGAConf)
	w.OptAttr("name", v.Backend)
	w.EndOrDrop()
	w.Start("model")
	model := v.Model
	if model == "" {
		model = "default"
	}
	w.Attr("type", model)
	w.OptUintAttr("ram", uint64(v.RAM))
	w.OptUintAttr("vram", uint64(v.VRAM))
	w.OptUintAttr("vram64", uint64(v.VRAM64))
	w.OptUintAttr("vgamem", uint64(v.VGAMem))
	w.OptUintAttr("heads", uint64(v.Heads))
	if v.Primary {
		w.Attr("primary", "yes")
	}
	w.OptAttr("blob", v.Blob.OnOff())
	if a := v.Accel; a != nil {
		w.Start("acceleration")
		w.OptAttr("accel3d", a.Accel3D.YesNo())
		w.OptAttr("accel2d", a.Accel2D.YesNo())
		w.OptAttr("rendernode", a.RenderNode)
		w.End()
	}
	if r := v.Resolution; r != nil && r.X != 0 && r.Y != 0 {
		w.Start("resolution")
		numbers(w, "x", r.X, "y", r.Y)
		w.End()
	}
	w.End()
	formatInfo(w, &v.DeviceInfo, 0)
	w.EndFull()
}
