package domain

import (
	"math"
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	watchdogModels  = []string{"i6300esb", "ib700", "diag288", "itco"}
	watchdogActions = []string{"reset", "shutdown", "poweroff", "pause", "dump", "none", "inject-nmi"}
	balloonModels   = []string{"virtio", "xen", "none", "virtio-transitional", "virtio-non-transitional"}
	panicModels     = []string{"default", "isa", "pseries", "hyperv", "s390", "pvpanic"}
	shmemModels     = []string{"ivshmem", "ivshmem-plain", "ivshmem-doorbell"}
	shmemRoles      = []string{"default", "master", "peer"}
)

func (p *parser) hub(n *xmltree.Node) *Hub {
	h := &Hub{Type: n.Get("type")}
	switch {
	case !n.Has("type"):
		p.Internal("missing hub device type")
	case h.Type != "usb":
		p.Unsupported("unknown hub device type '%s'", h.Type)
	}
	p.info(n, &h.DeviceInfo, 0)
	return h
}

func formatHub(w *xmlout.Writer, h *Hub) {
	w.Start("hub")
	w.Attr("type", h.Type)
	formatInfo(w, &h.DeviceInfo, 0)
	w.End()
}

func (p *parser) watchdog(n *xmltree.Node) *Watchdog {
	d := &Watchdog{Model: p.Enum(n, "model", watchdogModels, xmltree.Required), Action: "reset"}
	if a := p.Enum(n, "action", watchdogActions, xmltree.Optional); a != "" {
		d.Action = a
	}
	p.info(n, &d.DeviceInfo, 0)
	return d
}

func formatWatchdog(w *xmlout.Writer, d *Watchdog) {
	w.Start("watchdog")
	w.Attr("model", d.Model)
	w.Attr("action", d.Action)
	formatInfo(w, &d.DeviceInfo, 0)
	w.End()
}

func (p *parser) memballoon(n *xmltree.Node) *Memballoon {
	b := &Memballoon{Model: p.Enum(n, "model", balloonModels, xmltree.Required)}
	b.AutoDeflate = p.OnOff(n, "autodeflate")
	b.FreePageReporting = p.OnOff(n, "freePageReporting")
	if period, _ := p.Int(n.Child("stats"), "period", 0, xmltree.Optional); period > 0 {
		b.Period = uint(period)
	}
	if b.Model != "none" {
		p.info(n, &b.DeviceInfo, 0)
	}
	p.virtio(n.Child("driver"), &b.Virtio)
	return b
}

func formatMemballoon(w *xmlout.Writer, b *Memballoon) {
	w.Start("memballoon")
	w.Attr("model", b.Model)
	w.OptAttr("autodeflate", b.AutoDeflate.OnOff())
	w.OptAttr("freePageReporting", b.FreePageReporting.OnOff())
	if b.Period != 0 {
		w.Start("stats")
		w.UintAttr("period", uint64(b.Period))
		w.End()
	}
	formatInfo(w, &b.DeviceInfo, 0)
	formatVirtioDriver(w, &b.Virtio)
	w.End()
}

func (p *parser) nvramDevice(n *xmltree.Node) *NVRAMDevice {
	d := &NVRAMDevice{}
	p.info(n, &d.DeviceInfo, 0)
	return d
}

func formatNVRAMDevice(w *xmlout.Writer, d *NVRAMDevice) {
	w.Start("nvram")
	formatInfo(w, &d.DeviceInfo, 0)
	w.EndFull()
}

func (p *parser) panic(n *xmltree.Node) *Panic {
	d := &Panic{}
	p.info(n, &d.DeviceInfo, 0)
	if model, ok := n.Attr("model"); ok {
		if !slices.Contains(panicModels, model) {
			p.Unsupported("unknown panic model '%s'", model)
		}
		d.Model = unset(model, "default")
	}
	return d
}

func formatPanic(w *xmlout.Writer, d *Panic) {
	w.Start("panic")
	w.OptAttr("model", d.Model)
	formatInfo(w, &d.DeviceInfo, 0)
	w.EndOrDrop()
}

func (p *parser) shmem(n *xmltree.Node) *Shmem {
	s := &Shmem{Model: "ivshmem", Name: n.Get("name")}
	if m := p.Enum(n.Child("model"), "type", shmemModels, xmltree.Optional); m != "" {
		s.Model = m
	}
	if !n.Has("name") {
		p.XMLError("shmem element must contain 'name' attribute")
	}
	if s.Model != "ivshmem" {
		s.Role = p.Enum(n, "role", shmemRoles, xmltree.NonZero)
	}
	size := n.Child("size")
	s.Size, _ = p.scaled(size.Content(), size.Get("unit"), "./size[1]", 1, math.MaxUint64, false)
	if c := n.Child("server"); c != nil {
		s.Server, s.ServerPath = true, SanitizePath(c.Get("path"))
	}
	if c := n.Child("msi"); c != nil {
		s.MSI = true
		s.MSIVectors, _ = p.Uint(c, "vectors", 0, xmltree.Optional)
		s.MSIIOEventFD = p.OnOff(c, "ioeventfd")
		if !s.Server {
			p.XMLError("msi option is only supported with a server")
		}
	}
	p.info(n, &s.DeviceInfo, 0)
	return s
}

func formatShmem(w *xmlout.Writer, s *Shmem) {
	w.Start("shmem")
	w.Attr("name", s.Name)
	w.OptAttr("role", s.Role)
	w.AttrElem("model", "type", s.Model)
	switch {
	case s.Size>>20 != 0:
		w.SizeElem("size", "M", s.Size>>20)
	case s.Size != 0: // as MiB it would be none
		w.SizeElem("size", "bytes", s.Size)
	}
	if s.Server {
		w.Start("server")
		w.OptAttr("path", s.ServerPath)
		w.End()
	}
	if s.MSI {
		w.Start("msi")
		w.OptUintAttr("vectors", uint64(s.MSIVectors))
		w.OptAttr("ioeventfd", s.MSIIOEventFD.OnOff())
		w.End()
	}
	formatInfo(w, &s.DeviceInfo, 0)
	w.End()
}
