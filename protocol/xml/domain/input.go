package domain

import (
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	inputTypes  = []string{"mouse", "tablet", "keyboard", "passthrough", "evdev"}
	inputBuses  = []string{"ps2", "usb", "xen", "parallels", "virtio", "none"}
	inputModels = []string{"virtio", "virtio-transitional", "virtio-non-transitional"}
	inputGrabs  = []string{"all"}
	grabToggles = []string{"ctrl-ctrl", "alt-alt", "shift-shift", "meta-meta", "scrolllock", "ctrl-scrolllock"}
)

func (p *parser) input(n *xmltree.Node) *Input {
	i := &Input{Type: n.Get("type"), Bus: n.Get("bus"), Model: n.Get("model")}
	switch {
	case !n.Has("type"):
		p.Internal("missing input device type")
	case !slices.Contains(inputTypes, i.Type):
		p.Unsupported("unknown input device type '%s'", i.Type)
	case n.Has("model") && !slices.Contains(inputModels, i.Model):
		p.Unsupported("unknown input model '%s'", i.Model)
	case n.Has("bus") && !slices.Contains(inputBuses, i.Bus):
		p.Unsupported("unknown input bus type '%s'", i.Bus)
	}
	p.info(n, &i.DeviceInfo, 0)
	if i.Bus == "usb" && i.Address.Type != "" && i.Address.Type != "usb" {
		p.XMLError("Invalid address for a USB device")
	}
	if s := n.Child("source"); s != nil {
		p.inputSource(s, i)
	}
	if d := n.Child("driver"); d != nil {
		p.virtio(d, &i.Virtio)
	}
	return i
}

func (p *parser) inputSource(n *xmltree.Node, i *Input) {
	attr := map[string]string{"passthrough": "evdev", "evdev": "dev"}[i.Type]
	if attr == "" {
		return
	}
	if i.Evdev = SanitizePath(n.Get(attr)); !n.Has(attr) {
		p.XMLError("Missing evdev path for input device")
	}
	if i.Type == "evdev" {
		i.Grab = p.Enum(n, "grab", inputGrabs, xmltree.Optional)
		i.GrabToggle = p.Enum(n, "grabToggle", grabToggles, xmltree.Optional)
		i.Repeat = p.OnOff(n, "repeat")
	}
}

func formatInput(w *xmlout.Writer, i *Input, o FormatOptions) {
	if o.Migratable && i.Type == "keyboard" && (i.Bus == "ps2" || i.Bus == "xen") {
		return // older libvirt would not know it
	}
	w.Start("input")
	w.Attr("type", i.Type)
	if i.Bus != "none" {
		w.OptAttr("bus", i.Bus)
	}
	w.OptAttr("model", i.Model)
	formatVirtioDriver(w, &i.Virtio)
	w.Start("source")
	if i.Type == "evdev" {
		w.OptAttr("dev", i.Evdev)
	} else {
		w.OptAttr("evdev", i.Evdev)
	}
	w.OptAttr("grab", i.Grab)
	w.OptAttr("grabToggle", i.GrabToggle)
	w.OptAttr("repeat", i.Repeat.OnOff())
	w.EndOrDrop()
	formatInfo(w, &i.DeviceInfo, 0)
	w.End()
}
