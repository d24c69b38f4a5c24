package domain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

const (
	maxUSBPortDepth = 4
	maxCCWChannel   = 254
	maxCCWSubset    = 3
	maxCCWDevice    = 65535
)

var addressTypes = []string{
	"pci", "drive", "virtio-serial", "ccid", "usb", "spapr-vio", "virtio-s390", "ccw", "virtio-mmio", "isa",
	"dimm", "unassigned",
}

// infoParts says which optional parts of an info a device has.
type infoParts uint8

const (
	withBoot infoParts = 1 << iota
	withROM
)

// info reads what all devices have.
func (p *parser) info(n *xmltree.Node, i *DeviceInfo, parts infoParts) {
	if alias := n.Child("alias").Get("name"); !p.opts.Inactive || userAlias(alias) {
		i.Alias = alias
	}
	if m := n.Child("master"); m != nil {
		port, _ := p.Uint(m, "startport", 10, xmltree.Optional)
		i.Master = &port
	}
	if b := n.Child("boot"); b != nil && parts&withBoot != 0 {
		p.deviceBoot(b, i)
	}
	if r := n.Child("rom"); r != nil && parts&withROM != 0 {
		i.ROM = &ROM{Enabled: p.YesNo(r, "enabled"), Bar: p.OnOff(r, "bar"), File: r.Get("file")}
		if i.ROM.Enabled == No && (i.ROM.Bar.Given() || i.ROM.File != "") {
			p.Unsupported("ROM tuning is not supported when ROM is disabled")
		}
	}
	if a := n.Child("acpi"); a != nil {
		i.ACPIIndex, _ = p.Uint(a, "index", 10, xmltree.NonZero)
	}
	if a := n.Child("address"); a != nil {
		p.address(a, &i.Address)
	}
}

// userAlias says whether a user may choose that name.
func userAlias(alias string) bool {
	return strings.HasPrefix(alias, "ua-") && !strings.ContainsFunc(alias, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' && r != '-'
	})
}

func (p *parser) deviceBoot(n *xmltree.Node, i *DeviceInfo) {
	i.Boot, _ = p.Uint(n, "order", 10, xmltree.Required|xmltree.NonZero)
	i.LoadParm = strings.ToUpper(n.Get("loadparm"))
	if !n.Has("loadparm") {
		return
	}
	p.CheckLoadParm(i.LoadParm)
}

// CheckLoadParm refuses a boot parameter of s390 that its firmware cannot read.
func (p *parser) CheckLoadParm(v string) {
	if len(v) < 1 || len(v) > 8 {
		p.Internal("loadparm value '%s' must be between 1 and 8 characters", v)
	}
	for _, r := range v {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != ' ' {
			p.Internal("invalid loadparm value '%s', expecting chars in set of [a-zA-Z0-9.] and blank spaces", v)
			return
		}
	}
}

func (p *parser) address(n *xmltree.Node, a *Address) {
	a.Type = p.Enum(n, "type", addressTypes, xmltree.Required)
	u := func(name string, base int) uint {
		v, _ := p.Uint(n, name, base, xmltree.Optional)
		return v
	}
	switch a.Type {
	case "pci":
		a.PCI = p.pciAddress(n)
	case "drive":
		a.Drive = DriveAddress{Controller: u("controller", 10), Bus: u("bus", 10), Target: u("target", 10), Unit: u("unit", 10)}
	case "virtio-serial":
		a.VirtioSerial = VirtioSerialAddress{Controller: u("controller", 10), Bus: u("bus", 10), Port: u("port", 10)}
	case "ccid":
		a.CCID = CCIDAddress{Controller: u("controller", 10), Slot: u("slot", 10)}
	case "usb":
		p.usbAddress(n, &a.USB)
	case "spapr-vio":
		if reg, ok := p.Ulong(n, "reg", 16, xmltree.Optional); ok {
			a.SpaprVIO.Reg = &reg
		}
	case "ccw":
		p.ccwAddress(n, &a.CCW)
	case "isa":
		a.ISA = ISAAddress{IOBase: u("iobase", 16), IRQ: u("irq", 16)}
	case "dimm":
		a.DIMM.Slot, _ = p.Uint(n, "slot", 10, xmltree.Required)
		a.DIMM.Base, _ = p.Ulong(n, "base", 16, xmltree.Optional)
	case "virtio-s390":
		p.XMLError("virtio-s390 bus doesn't have an address")
	}
}

func (p *parser) pciAddress(n *xmltree.Node) PCIAddress {
	var a PCIAddress
	a.Domain, _ = p.Uint(n, "domain", 0, xmltree.Optional)
	a.Bus, _ = p.Uint(n, "bus", 0, xmltree.Optional)
	a.Slot, _ = p.Uint(n, "slot", 0, xmltree.Optional)
	a.Function, _ = p.Uint(n, "function", 0, xmltree.Optional)
	a.Multifunction = p.OnOff(n, "multifunction")
	defer p.As(xmltree.Anybody)()
	switch {
	case a.Empty():
	case a.Bus > 0xff:
		p.XMLError("Invalid PCI address bus='0x%x', must be <= 0xFF", a.Bus)
	case a.Slot > 0x1f:
		p.XMLError("Invalid PCI address slot='0x%x', must be <= 0x1F", a.Slot)
	case a.Function > 7:
		p.XMLError("Invalid PCI address function=0x%x, must be <= 7", a.Function)
	}
	if z := n.Child("zpci"); z != nil {
		a.ZPCI = &ZPCI{}
		if v, ok := p.Uint(z, "uid", 0, xmltree.Optional); ok {
			a.ZPCI.UID = &v
		}
		if v, ok := p.Uint(z, "fid", 0, xmltree.Optional); ok {
			a.ZPCI.FID = &v
		}
	}
	return a
}

func (p *parser) usbAddress(n *xmltree.Node, a *USBAddress) {
	defer p.As(virerr.FromDevice)()
	if text, ok := n.Attr("port"); ok {
		parts := strings.Split(text, ".")
		for _, part := range parts {
			v, valid := xmltree.ParseUint(part, 10, 32)
			if !valid || len(parts) > maxUSBPortDepth {
				p.Internal("Cannot parse <address> 'port' attribute")
				break
			}
			a.Ports = append(a.Ports, uint(v))
		}
	}
	a.Bus, _ = p.Uint(n, "bus", 10, xmltree.Optional)
}

func (p *parser) ccwAddress(n *xmltree.Node, a *CCWAddress) {
	defer p.As(virerr.FromDevice)()
	given := 0
	for _, f := range []struct {
		name  string
		field *uint
	}{{"cssid", &a.CSSID}, {"ssid", &a.SSID}, {"devno", &a.DevNo}} {
		v, ok := p.Uint(n, f.name, 0, xmltree.Optional)
		if *f.field = v; ok {
			given++
		}
	}
	if a.CSSID > maxCCWChannel || a.SSID > maxCCWSubset || a.DevNo > maxCCWDevice {
		p.Internal("Invalid specification for virtio ccw address: cssid='0x%x' ssid='0x%x' devno='0x%04x'", a.CSSID, a.SSID, a.DevNo)
	}
	if a.Assigned = given == 3; given == 1 || given == 2 {
		p.Internal("Invalid partial specification for virtio ccw address")
	}
}

// formatInfo writes what all devices have.
func formatInfo(w *xmlout.Writer, i *DeviceInfo, parts infoParts) {
	if parts&withBoot != 0 && i.Boot != 0 {
		w.Start("boot")
		w.UintAttr("order", uint64(i.Boot))
		w.OptAttr("loadparm", i.LoadParm)
		w.End()
	}
	w.AttrElem("alias", "name", i.Alias)
	if i.Master != nil {
		w.Start("master")
		w.UintAttr("startport", uint64(*i.Master))
		w.End()
	}
	if r := i.ROM; r != nil && parts&withROM != 0 {
		w.Start("rom")
		w.OptAttr("enabled", r.Enabled.YesNo())
		w.OptAttr("bar", r.Bar.OnOff())
		w.OptAttr("file", r.File)
		w.EndOrDrop()
	}
	if i.ACPIIndex != 0 {
		w.Start("acpi")
		w.UintAttr("index", uint64(i.ACPIIndex))
		w.End()
	}
	formatAddress(w, &i.Address)
}

func formatAddress(w *xmlout.Writer, a *Address) {
	if a.Type == "" || a.Type == "virtio-s390" {
		return
	}
	w.Start("address")
	w.Attr("type", a.Type)
	switch a.Type {
	case "pci":
		formatPCIAddress(w, &a.PCI)
	case "drive":
		numbers(w, "controller", a.Drive.Controller, "bus", a.Drive.Bus, "target", a.Drive.Target, "unit", a.Drive.Unit)
	case "virtio-serial":
		numbers(w, "controller", a.VirtioSerial.Controller, "bus", a.VirtioSerial.Bus, "port", a.VirtioSerial.Port)
	case "ccid":
		numbers(w, "controller", a.CCID.Controller, "slot", a.CCID.Slot)
	case "usb":
		numbers(w, "bus", a.USB.Bus)
		w.OptAttr("port", a.USB.Port())
	case "spapr-vio":
		if a.SpaprVIO.Reg != nil {
			w.Attr("reg", fmt.Sprintf("0x%08x", *a.SpaprVIO.Reg))
		}
	case "ccw":
		w.Attr("cssid", fmt.Sprintf("0x%x", a.CCW.CSSID))
		w.Attr("ssid", fmt.Sprintf("0x%x", a.CCW.SSID))
		w.Attr("devno", fmt.Sprintf("0x%04x", a.CCW.DevNo))
	case "isa":
		hexAttr(w, "iobase", uint64(a.ISA.IOBase))
		hexAttr(w, "irq", uint64(a.ISA.IRQ))
	case "dimm":
		numbers(w, "slot", a.DIMM.Slot)
		hexAttr(w, "base", a.DIMM.Base)
	}
	w.End()
}

// Port gives the ports as written, empty when there is none.
func (a *USBAddress) Port() string {
	parts := make([]string, 0, len(a.Ports))
	for _, v := range a.Ports {
		if v == 0 {
			break
		}
		parts = append(parts, strconv.FormatUint(uint64(v), 10))
	}
	return strings.Join(parts, ".")
}

func hexAttr(w *xmlout.Writer, name string, v uint64) {
	if v != 0 {
		w.Attr(name, "0x"+strconv.FormatUint(v, 16))
	}
}

// numbers adds decimal attributes given as name and value in turn.
func numbers(w *xmlout.Writer, pairs ...any) {
	for pair := range slices.Chunk(pairs, 2) {
		w.UintAttr(pair[0].(string), uint64(pair[1].(uint)))
	}
}

func formatPCIPlace(w *xmlout.Writer, a *PCIAddress) {
	w.Attr("domain", fmt.Sprintf("0x%04x", a.Domain))
	w.Attr("bus", fmt.Sprintf("0x%02x", a.Bus))
	w.Attr("slot", fmt.Sprintf("0x%02x", a.Slot))
	w.Attr("function", fmt.Sprintf("0x%d", a.Function))
}

func formatPCIAddress(w *xmlout.Writer, a *PCIAddress) {
	if !a.Empty() {
		formatPCIPlace(w, a)
	}
	w.OptAttr("multifunction", a.Multifunction.OnOff())
	if z := a.ZPCI; z != nil && (z.UID != nil || z.FID != nil) {
		w.Start("zpci")
		w.Attr("uid", fmt.Sprintf("0x%04x", valueOf(z.UID)))
		w.Attr("fid", fmt.Sprintf("0x%08x", valueOf(z.FID)))
		w.End()
	}
}

func valueOf(v *uint) uint {
	if v == nil {
		return 0
	}
	return *v
}

func (p *parser) virtio(n *xmltree.Node, v *VirtioOptions) {
	v.IOMMU = p.OnOff(n, "iommu")
	v.ATS = p.OnOff(n, "ats")
	v.Packed = p.OnOff(n, "packed")
	v.PagePerVQ = p.OnOff(n, "page_per_vq")
}

func formatVirtio(w *xmlout.Writer, v *VirtioOptions) {
	w.OptAttr("iommu", v.IOMMU.OnOff())
	w.OptAttr("ats", v.ATS.OnOff())
	w.OptAttr("packed", v.Packed.OnOff())
	w.OptAttr("page_per_vq", v.PagePerVQ.OnOff())
}

// formatVirtioDriver writes a <driver> that has nothing but virtio's options.
func formatVirtioDriver(w *xmlout.Writer, v *VirtioOptions) {
	w.Start("driver")
	formatVirtio(w, v)
	w.EndOrDrop()
}

func (p *parser) deviceSecLabels(n *xmltree.Node) []DeviceSecLabel {
	var out []DeviceSecLabel
	for c := range n.Children("seclabel") {
		s := DeviceSecLabel{Model: c.Get("model"), Relabel: true}
		if s.Model != "" && slices.ContainsFunc(out, func(o DeviceSecLabel) bool { return o.Model == s.Model }) {
			p.XMLDetail("seclabel for model %s is already provided", s.Model)
		}
		relabel := p.YesNo(c, "relabel")
		s.Relabel = relabel != No
		if !p.opts.Inactive {
			s.LabelSkip = p.YesNo(c, "labelskip") == Yes
		}
		if s.Label = c.ChildText("label"); len(s.Label) > maxSecLabel {
			s.Label = ""
		}
		switch {
		case s.Label != "" && !s.Relabel:
			p.XMLError("Cannot specify a label if relabelling is turned off. model=%s", orNull(s.Model))
		case relabel == Yes && p.opts.Inactive && s.Label == "":
			p.XMLError("Cannot specify relabel if label is missing. model=%s", orNull(s.Model))
		}
		out = append(out, s)
	}
	return out
}

// orNull is how the C library prints what is not there.
func orNull(s string) string {
	if s == "" {
		return "<null>"
	}
	return s
}

// orNil gives an attribute as C prints one that may be absent.
func orNil(n *xmltree.Node, name string) string {
	if v, ok := n.Attr(name); ok {
		return v
	}
	return "(null)"
}

func formatDeviceSecLabels(w *xmlout.Writer, labels []DeviceSecLabel, o FormatOptions) {
	for _, s := range labels {
		if o.Inactive && s.Label == "" && s.Relabel {
			continue
		}
		w.Start("seclabel")
		w.OptAttr("model", s.Model)
		if s.LabelSkip {
			w.Attr("labelskip", "yes")
		} else {
			w.Attr("relabel", xmltree.TristateOf(s.Relabel).YesNo())
		}
		w.Elem("label", s.Label)
		w.End()
	}
}
