package domain

import (
	"fmt"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

func (p *parser) lease(n *xmltree.Node) *Lease {
	l := &Lease{Key: n.ChildText("key"), Lockspace: n.ChildText("lockspace")}
	if l.Key == "" {
		p.XMLError("Missing 'key' element for lease")
	}
	target := n.Child("target")
	if target == nil {
		p.XMLError("Missing 'target' element for lease")
	}
	if l.Path = target.Get("path"); !target.Has("path") {
		p.XMLError("Missing 'path' attribute to 'target' element for lease")
	}
	l.Offset, _ = p.Ulong(target, "offset", 10, xmltree.Optional)
	return l
}

func formatLease(w *xmlout.Writer, l *Lease) {
	w.Start("lease")
	w.Elem("lockspace", l.Lockspace)
	w.Elem("key", l.Key)
	w.Start("target")
	w.Attr("path", l.Path)
	w.OptUintAttr("offset", l.Offset)
	w.End()
	w.End()
}

func (p *parser) redirdev(n *xmltree.Node) *Redirdev {
	r := &Redirdev{Bus: "usb"}
	if bus, ok := n.Attr("bus"); ok && bus != r.Bus {
		p.Unsupported("unknown redirdev bus '%s'", bus)
	}
	switch kind, ok := n.Attr("type"); {
	case !ok:
		p.Internal("missing type in redirdev")
	case !slices.Contains(chardevTypes, kind):
		p.Unsupported("unknown redirdev character device type '%s'", kind)
	default:
		r.Source.Type = kind
	}
	p.chardevSource(n, &r.Source, false)
	if r.Source.Type == "dbus" && r.Source.Channel == "" {
		r.Source.Channel = "org.qemu.usbredir"
	}
	p.info(n, &r.DeviceInfo, withBoot)
	if t := r.DeviceInfo.Address.Type; t != "" && t != "usb" {
		p.XMLError("Invalid address for a USB device")
	}
	return r
}

func formatRedirdev(w *xmlout.Writer, r *Redirdev, o FormatOptions) {
	w.Start("redirdev")
	w.Attr("bus", r.Bus)
	w.Attr("type", r.Source.Type)
	formatChardevSource(w, &r.Source, o)
	formatInfo(w, &r.DeviceInfo, withBoot)
	w.EndFull()
}

func (p *parser) redirFilter(n *xmltree.Node, v *Devices) {
	if n.Count("redirfilter") > 1 {
		p.Internal("only one set of redirection filter rule is supported")
	}
	each(p, n.Child("redirfilter"), "usbdev", func(c *xmltree.Node) {
		v.RedirFilter = append(v.RedirFilter, p.redirRule(c))
	})
}

func (p *parser) redirRule(n *xmltree.Node) RedirRule {
	number := func(name string) int {
		if v, ok := p.Int(n, name, 0, xmltree.Optional); ok {
			return v
		}
		return -1
	}
	r := RedirRule{Class: number("class")}
	if r.Class != -1 && r.Class&^0xff != 0 {
		p.Internal("Invalid USB Class code 0x%x", uint32(r.Class))
	}
	r.Vendor, r.Product, r.Version = number("vendor"), number("product"), -1
	if text, ok := n.Attr("version"); ok && text != "-1" {
		r.Version = p.usbVersion(text)
	}
	r.Allow = p.NeedYesNo(n, "allow") == Yes
	return r
}

// usbVersion reads 2.0 into the digits 0x0200; one digit after the point counts tenths.
func (p *parser) usbVersion(text string) int {
	before, after, found := strings.Cut(text, ".")
	major, ok1 := xmltree.ParseUint(before, 10, 32)
	minor, ok2 := xmltree.ParseUint(after, 10, 32)
	if !found || !ok1 || !ok2 || major >= 100 || minor >= 100 {
		p.XMLError("Cannot parse USB device version %s", text)
		return -1
	}
	if len(after) == 1 {
		minor *= 10
	}
	return int(major/10<<12 | major%10<<8 | minor/10<<4 | minor%10)
}

func formatRedirFilter(w *xmlout.Writer, rules []RedirRule) {
	if len(rules) == 0 {
		return
	}
	w.Start("redirfilter")
	for _, r := range rules {
		w.Start("usbdev")
		for _, a := range []struct {
			name   string
			digits int
			value  int
		}{{"class", 2, r.Class}, {"vendor", 4, r.Vendor}, {"product", 4, r.Product}} {
			if a.value >= 0 {
				w.Attr(a.name, fmt.Sprintf("0x%0*X", a.digits, a.value))
			}
		}
		if v := r.Version; v >= 0 {
			w.Attr("version", fmt.Sprintf("%d.%02d", (v>>12&15)*10+(v>>8&15), (v>>4&15)*10+(v&15)))
		}
		w.Attr("allow", xmltree.TristateOf(r.Allow).YesNo())
		w.End()
	}
	w.End()
}
