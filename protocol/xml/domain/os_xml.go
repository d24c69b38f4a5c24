package domain

import (
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// boot reads how the guest starts; what counts depends on the kind of guest.
func (p *parser) boot(n *xmltree.Node, o *OS) {
	switch o.Type {
	case "hvm":
		o.kernel(n)
		p.firmware(n, o)
		p.loader(n, o)
		p.acpiTables(n.Child("acpi"), o)
		p.bootOrder(n, o)
	case "xen", "xenpvh", "uml":
		o.kernel(n)
		p.loader(n, o)
	case "exe":
		p.init(n, o)
	}
}

func (o *OS) kernel(n *xmltree.Node) {
	o.Kernel, o.Initrd, o.Cmdline = n.ChildText("kernel"), n.ChildText("initrd"), n.ChildText("cmdline")
	o.Shim, o.DTB, o.Root = n.ChildText("shim"), n.ChildText("dtb"), n.ChildText("root")
}

func (p *parser) firmware(n *xmltree.Node, o *OS) {
	firmware := n.Get("firmware")
	features := n.Child("firmware")
	// versions 8.6 to 9.1 left the attribute out when migrating; only a new document is told so
	if features.Child("feature") != nil && firmware == "" && !p.opts.ABIUpdate {
		return
	}
	given := map[string]Tristate{}
	for f := range features.Children("feature") {
		name := p.Enum(f, "name", firmwareFeatures, xmltree.Required)
		given[name] = p.NeedYesNo(f, "enabled")
	}
	for _, name := range firmwareFeatures {
		if given[name].Given() {
			o.FirmwareFeatures = append(o.FirmwareFeatures, FirmwareFeature{name, given[name]})
		}
	}
	if firmware != "" && !slices.Contains(firmwares, firmware) {
		p.XMLError("unknown firmware value %s", firmware)
	}
	o.Firmware = firmware
}

func (p *parser) loader(n *xmltree.Node, o *OS) {
	loader, nvram := n.Child("loader"), n.Child("nvram")
	if loader == nil && nvram == nil {
		return
	}
	o.Loader = &Loader{}
	if nvram != nil {
		p.nvram(nvram, o.Loader)
	}
	if loader == nil {
		o.Loader.Format = o.Loader.NVRAM.Format
		return
	}
	l := o.Loader
	l.Readonly = p.YesNo(loader, "readonly")
	l.Type = p.Enum(loader, "type", loaderTypes, xmltree.Optional)
	l.Path = loader.Content()
	l.Secure = p.YesNo(loader, "secure")
	l.Stateless = p.YesNo(loader, "stateless")
	l.Format = p.imageFormat(loader, "format", "loader")
}

// imageFormat reads a format that must be one that firmware images come in.
func (p *parser) imageFormat(n *xmltree.Node, attr, what string) string {
	format := p.Enum(n, attr, StorageFormats, xmltree.Optional)
	switch format {
	case "none":
		return ""
	case "", "raw", "qcow2":
		return format
	}
	p.XMLError("Unsupported %s format '%s'", what, format)
	return ""
}

func (p *parser) nvram(n *xmltree.Node, l *Loader) {
	l.NVRAMTemplate = n.Get("template")
	l.NVRAMTemplateFormat = p.imageFormat(n, "templateFormat", "nvram template")
	l.NVRAM = &NVRAM{Format: p.imageFormat(n, "format", "nvram")}
	if !n.Has("type") {
		l.NVRAM.Path = n.Content()
		return
	}
	p.nvramSource(n, l.NVRAM)
}

func (p *parser) acpiTables(n *xmltree.Node, o *OS) {
	for t := range n.Children("table") {
		table := ACPITable{
			Type: p.Enum(t, "type", acpiTableTypes, xmltree.Required),
			Path: SanitizePath(t.Content()),
		}
		same := func(other ACPITable) bool { return other.Type == table.Type }
		if table.Type != "raw" && slices.ContainsFunc(o.ACPITables, same) {
			p.XMLError("ACPI table type '%s' may only appear once", table.Type)
		}
		o.ACPITables = append(o.ACPITables, table)
	}
}

func (p *parser) bootOrder(n *xmltree.Node, o *OS) {
	for b := range n.Children("boot") {
		if len(o.BootDevs) == len(bootDevs) {
			break
		}
		o.BootDevs = append(o.BootDevs, p.Enum(b, "dev", bootDevs, xmltree.Required))
	}
	if m := n.Child("bootmenu"); m != nil {
		o.BootMenu = p.YesNo(m, "enable")
		if o.BootMenu == Yes {
			if v, ok := p.Uint(m, "timeout", 10, xmltree.Optional); ok {
				o.BootMenuTimeout = &v
			}
		}
	}
	if b := n.Child("bios"); b != nil {
		o.BIOSUseSerial = p.YesNo(b, "useserial")
		if v, ok := p.Int(b, "rebootTimeout", 10, xmltree.Optional); ok {
			o.BIOSRebootTimeout = &v
		}
	}
}

func (p *parser) init(n *xmltree.Node, o *OS) {
	o.Init, o.Cmdline, o.InitDir = n.ChildText("init"), n.ChildText("cmdline"), n.ChildText("initdir")
	o.InitUser, o.InitGroup = n.ChildText("inituser"), n.ChildText("initgroup")
	for a := range n.Children("initarg") {
		if a.Content() == "" {
			p.XMLError("No data supplied for <initarg> element")
		}
		o.InitArgs = append(o.InitArgs, a.Content())
	}
	for e := range n.Children("initenv") {
		name, ok := e.Attr("name")
		switch {
		case !ok:
			p.XMLError("No name supplied for <initenv> element")
		case e.Content() == "":
			p.XMLError("No value supplied for <initenv name='%s'> element", name)
		}
		o.InitEnv = append(o.InitEnv, EnvVar{Name: name, Value: e.Content()})
	}
}

func (p *parser) smbios(n *xmltree.Node, o *OS) {
	mode := n.Child("smbios").Get("mode")
	if mode != "" && !slices.Contains(smbiosModes, mode) {
		p.Unsupported("unknown smbios mode '%s'", mode)
	}
	if mode != "none" {
		o.SMBIOS = mode
	}
}

// SanitizePath removes repeated and trailing slashes, but for the two that begin a path; URIs stay.
func SanitizePath(path string) string {
	if i := strings.Index(path, "://"); i > 0 && strings.IndexByte(path, '/') > i {
		return path
	}
	keep := 0
	if strings.HasPrefix(path, "//") && !strings.HasPrefix(path, "///") {
		keep = 2
	}
	out := []byte(path[:keep])
	for i := keep; i < len(path); i++ {
		if path[i] != '/' {
			out = append(out, path[i])
			continue
		}
		for i+1 < len(path) && path[i+1] == '/' {
			i++
		}
		if len(out) > 0 && i+1 == len(path) {
			break
		}
		out = append(out, '/')
	}
	return string(out)
}

func formatOS(w *xmlout.Writer, d *Domain, f FormatOptions) {
	o := &d.OS
	w.Start("os")
	if !f.Migratable {
		w.OptAttr("firmware", o.Firmware)
	}
	w.Start("type")
	w.OptAttr("arch", o.Arch)
	w.OptAttr("machine", o.Machine)
	if d.Type == "xen" && o.Type == "xen" {
		w.Text("linux")
	} else {
		w.Text(o.Type)
	}
	w.End()
	formatFirmware(w, o, f)
	formatInit(w, o)
	if o.Loader != nil {
		formatLoader(w, o.Loader, f)
	}
	for _, e := range []struct{ name, text string }{
		{"kernel", o.Kernel}, {"initrd", o.Initrd}, {"cmdline", o.Cmdline},
		{"shim", o.Shim}, {"dtb", o.DTB}, {"root", o.Root},
	} {
		w.Elem(e.name, e.text)
	}
	formatACPI(w, o)
	if d.Bootloader == "" {
		formatBootOrder(w, o)
	}
	w.AttrElem("smbios", "mode", o.SMBIOS)
	w.End()
}

func formatFirmware(w *xmlout.Writer, o *OS, f FormatOptions) {
	if len(o.FirmwareFeatures) == 0 || f.Migratable {
		return
	}
	w.Start("firmware")
	for _, feature := range o.FirmwareFeatures {
		w.Start("feature")
		w.Attr("enabled", feature.Enabled.YesNo())
		w.Attr("name", feature.Name)
		w.End()
	}
	w.End()
}

func formatInit(w *xmlout.Writer, o *OS) {
	w.Elem("init", o.Init)
	for _, a := range o.InitArgs {
		w.FullElem("initarg", a)
	}
	for _, e := range o.InitEnv {
		w.Start("initenv")
		w.Attr("name", e.Name)
		w.Text(e.Value)
		w.End()
	}
	w.Elem("initdir", o.InitDir)
	w.Elem("inituser", o.InitUser)
	w.Elem("initgroup", o.InitGroup)
}

func formatLoader(w *xmlout.Writer, l *Loader, f FormatOptions) {
	w.Start("loader")
	w.OptAttr("readonly", l.Readonly.YesNo())
	w.OptAttr("secure", l.Secure.YesNo())
	w.OptAttr("type", l.Type)
	w.OptAttr("stateless", l.Stateless.YesNo())
	w.OptAttr("format", l.Format)
	if l.Path != "" {
		w.Text(l.Path)
	}
	w.EndOrDrop()
	w.Start("nvram")
	w.OptAttr("template", l.NVRAMTemplate)
	w.OptAttr("templateFormat", l.NVRAMTemplateFormat)
	if v := l.NVRAM; v != nil {
		if v.Source != nil {
			w.Attr("type", v.Type)
		}
		w.OptAttr("format", v.Format)
		if v.Source != nil {
			formatNVRAMSource(w, v, f)
		} else if v.Path != "" {
			w.Text(v.Path)
		}
	}
	w.EndOrDrop()
}

func formatACPI(w *xmlout.Writer, o *OS) {
	w.Start("acpi")
	for _, t := range o.ACPITables {
		w.Start("table")
		w.Attr("type", t.Type)
		w.Text(t.Path)
		w.End()
	}
	w.EndOrDrop()
}

func formatBootOrder(w *xmlout.Writer, o *OS) {
	for _, b := range o.BootDevs {
		w.AttrElem("boot", "dev", b)
	}
	if o.BootMenu.Given() {
		w.Start("bootmenu")
		w.Attr("enable", o.BootMenu.YesNo())
		if o.BootMenuTimeout != nil {
			w.UintAttr("timeout", uint64(*o.BootMenuTimeout))
		}
		w.End()
	}
	w.Start("bios")
	w.OptAttr("useserial", o.BIOSUseSerial.YesNo())
	if o.BIOSRebootTimeout != nil {
		w.IntAttr("rebootTimeout", int64(*o.BIOSRebootTimeout))
	}
	w.EndOrDrop()
}
