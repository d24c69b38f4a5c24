package cpu

import (
	"strconv"

	"virtree.dev/protocol/xml/xmlout"
)

// Format writes the <cpu> element; more adds what belongs at its end, and may be nil.
func (c *CPU) Format(w *xmlout.Writer, more func()) {
	if c == nil {
		return
	}
	w.Start("cpu")
	c.formatAttributes(w)
	if c.Kind == Host {
		w.Elem("arch", c.Arch)
	}
	c.FormatContent(w)
	if more != nil {
		more()
	}
	w.EndOrDrop()
}

// FormatContent writes what is in the element, but not the architecture.
func (c *CPU) FormatContent(w *xmlout.Writer) {
	c.formatModel(w)
	if c.Kind == Host {
		c.formatHost(w)
	}
	c.formatShape(w)
	for _, f := range c.Features {
		w.Start("feature")
		if c.Kind == Guest {
			w.Attr("policy", f.Policy)
		}
		w.Attr("name", f.Name)
		w.End()
	}
}

func (c *CPU) formatAttributes(w *xmlout.Writer) {
	if c.Kind != Guest || c.Mode == "custom" && c.Model == "" {
		return
	}
	w.Attr("mode", c.Mode)
	if c.Mode == "custom" {
		w.Attr("match", c.Match)
	}
	w.OptAttr("check", c.Check)
	if c.isOpaque() {
		w.OptAttr("migratable", c.Migratable.OnOff())
	}
	w.OptAttr("deprecated_features", c.Deprecated.OnOff())
}

func (c *CPU) formatModel(w *xmlout.Writer) {
	if c.isOpaque() {
		return
	}
	if c.Model != "" || c.VendorID != "" {
		w.Start("model")
		if c.Kind == Guest && c.Model != "" {
			fallback := c.Fallback
			if fallback == "" {
				fallback = "allow"
			}
			w.Attr("fallback", fallback)
		}
		if c.Kind == Guest {
			w.OptAttr("vendor_id", c.VendorID)
		}
		if c.Model != "" {
			w.Text(c.Model)
		}
		w.End()
	}
	w.Elem("vendor", c.Vendor)
}

func (c *CPU) formatHost(w *xmlout.Writer) {
	if c.Microcode != 0 {
		w.Start("microcode")
		w.UintAttr("version", uint64(c.Microcode))
		w.End()
	}
	if s := c.Signature; s != nil {
		w.Start("signature")
		w.UintAttr("family", uint64(s.Family))
		w.UintAttr("model", uint64(s.Model))
		w.UintAttr("stepping", uint64(s.Stepping))
		w.End()
	}
	if k := c.Counter; k != nil {
		w.Start("counter")
		w.Attr("name", k.Name)
		w.UintAttr("frequency", k.Frequency)
		w.OptAttr("scaling", k.Scaling.YesNo())
		w.End()
	}
}

func (c *CPU) formatShape(w *xmlout.Writer) {
	if t := c.Topology; t != nil {
		w.Start("topology")
		w.UintAttr("sockets", uint64(t.Sockets))
		w.UintAttr("dies", uint64(t.Dies))
		w.UintAttr("clusters", uint64(t.Clusters))
		w.UintAttr("cores", uint64(t.Cores))
		w.UintAttr("threads", uint64(t.Threads))
		w.End()
	}
	if k := c.Cache; k != nil {
		w.Start("cache")
		if k.Level >= 0 {
			w.Attr("level", strconv.Itoa(k.Level))
		}
		w.Attr("mode", k.Mode)
		w.End()
	}
	if p := c.PhysAddr; p != nil {
		w.Start("maxphysaddr")
		w.Attr("mode", p.Mode)
		if p.Bits >= 0 {
			w.IntAttr("bits", int64(p.Bits))
		}
		w.OptUintAttr("limit", uint64(p.Limit))
		w.End()
	}
}
