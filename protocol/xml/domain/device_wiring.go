package domain

import (
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// devices reads <devices>, each kind in turn.
func (p *parser) devices(n *xmltree.Node, d *Domain) {
	d.Devices.Emulator = n.ChildText("emulator")
}

// formatDevices writes the content of <devices>, each kind in libvirt's order.
func (d *Domain) formatDevices(w *xmlout.Writer, _ FormatOptions) {
	w.Elem("emulator", d.Devices.Emulator)
}

func (p *parser) nvramSource(n *xmltree.Node, v *NVRAM) {
	v.Type = n.Get("type")
	v.Source = &DiskSource{Type: v.Type}
}

func formatNVRAMSource(w *xmlout.Writer, _ *NVRAM, _ FormatOptions) { w.Empty("source") }
