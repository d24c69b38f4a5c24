package domain

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	chardevTypes = []string{
		"null", "vc", "pty", "dev", "file", "pipe", "stdio", "udp", "tcp", "unix", "spicevmc", "spiceport", "nmdm",
		"qemu-vdagent", "dbus",
	}
	chardevModes     = []string{"connect", "bind"}
	chardevProtocols = []string{"raw", "telnet", "telnets", "tls"}
	chardevStates    = []string{"connected", "disconnected"}
	mouseModes       = []string{"server", "client"}
	// chardevTargets are what the guest can see, by kind of device.
	chardevTargets = map[string][]string{
		"serial": {
			"none", "isa-serial", "usb-serial", "pci-serial", "spapr-vio-serial", "system-serial", "sclp-serial",
			"isa-debug",
		},
		"channel": {"none", "guestfwd", "virtio", "xen"},
		"console": {"none", "serial", "xen", "uml", "virtio", "lxc", "openvz", "sclp", "sclplm"},
	}
	serialModels = []string{
		"none", "isa-serial", "usb-serial", "pci-serial", "spapr-vty", "pl011", "sclpconsole", "sclplmconsole",
		"16550a", "isa-debugcon",
	}
)

func (p *parser) chardev(n *xmltree.Node) *Chardev {
	c := &Chardev{Kind: n.Name, Port: -1, Source: ChardevSource{Type: p.chardevType(n, "pty")}}
	if t := n.Child("target"); t != nil {
		p.chardevTarget(t, c)
	} else if c.Kind == "channel" {
		p.XMLError("target type must be specified for %s device", c.Kind)
	}
	p.chardevSource(n, &c.Source, true)
	if c.Source.Type == "spicevmc" && c.TargetType != "virtio" {
		p.Unsupported("spicevmc device type only supports virtio")
	}
	p.info(n, &c.DeviceInfo, 0)
	if c.Kind == "serial" && c.TargetType == "usb-serial" && c.DeviceInfo.Address.Type != "" && c.DeviceInfo.Address.Type != "usb" {
		p.Unsupported("usb-serial requires address of usb type")
	}
	return c
}

func (p *parser) chardevType(n *xmltree.Node, fallback string) string {
	kind, ok := n.Attr("type")
	if !ok {
		return fallback
	}
	if !slices.Contains(chardevTypes, kind) {
		p.Unsupported("unknown type presented to host for character device: %s", kind)
	}
	return kind
}

func (p *parser) chardevTarget(n *xmltree.Node, c *Chardev) {
	kind, ok := n.Attr("type")
	switch words := chardevTargets[c.Kind]; {
	case !ok && c.Kind == "channel":
		p.Unsupported("unknown target type '(null)' specified for character device")
	case ok && words != nil && !slices.Contains(words, kind):
		p.Unsupported("unknown target type '%s' specified for character device", kind)
	case words != nil:
		c.TargetType = unset(kind, "none")
	}
	if model := n.Child("model").Get("name"); model != "" && c.Kind == "serial" {
		if !slices.Contains(serialModels, model) {
			p.Unsupported("unknown target model '%s' specified for character device", model)
		}
		c.TargetModel = unset(model, "none")
	}
	if c.Kind == "channel" {
		p.channelTarget(n, c)
		return
	}
	c.Port = -1
	if text, ok := n.Attr("port"); ok {
		v, valid := xmltree.ParseInt(text, 10, 64)
		if !valid || v < -math.MaxUint32 || v > math.MaxUint32 {
			p.XMLError("Invalid port number: %s", text)
		}
		c.Port = max(int(int32(v)), -1) //nolint:gosec // as libvirt, which takes -1 for none
	}
}

func (p *parser) channelTarget(n *xmltree.Node, c *Chardev) {
	switch c.TargetType {
	case "guestfwd":
		text, ok := n.Attr("address")
		addr, numeric := numericAddress(text)
		switch {
		case !ok:
			p.XMLError("guestfwd channel does not define a target address")
		case !numeric:
			p.badAddress(text)
		case !addr.Is4():
			p.Unsupported("guestfwd channel only supports IPv4 addresses")
		}
		c.Address = text
		c.AddressPort, _ = p.Uint(n, "port", 10, xmltree.Required)
	case "xen", "virtio":
		c.Name = n.Get("name")
		if c.TargetType == "virtio" && !p.opts.Inactive {
			c.State = p.Enum(n, "state", chardevStates, xmltree.Optional)
		}
	}
}

// badAddress refuses what the C library's resolver does not know.
func (p *parser) badAddress(text string) {
	defer p.As(xmltree.Anybody)()
	p.SystemError("Cannot parse socket address '%s': Name or service not known", text)
}

// chardevSource reads the host's end out of a device; labels says whether files may be labelled.
func (p *parser) chardevSource(n *xmltree.Node, s *ChardevSource, labels bool) {
	sources := slices.Collect(n.Children("source"))
	switch {
	case len(sources) > 1 && s.Type != "udp":
		p.XMLError("only one source element is allowed for character device")
	case len(sources) > 2:
		p.XMLError("only two source elements are allowed for character device")
	}
	for i, c := range sources {
		p.chardevEnd(c, s)
		if i == 0 && labels {
			s.SecLabels = p.deviceSecLabels(c)
		}
	}
	switch {
	case n.Count("log") > 1:
		p.XMLError("only one log element is allowed for character device")
	case n.Count("protocol") > 1:
		p.XMLError("only one protocol element is allowed for character device")
	}
	if l := n.Child("log"); l != nil {
		s.LogFile, s.LogAppend = l.Get("file"), p.OnOff(l, "append")
	}
	if s.Type == "tcp" {
		if s.Protocol = p.Enum(n.Child("protocol"), "type", chardevProtocols, xmltree.Optional); s.Protocol == "" {
			s.Protocol = "raw"
		}
	}
}

func (p *parser) chardevEnd(n *xmltree.Node, s *ChardevSource) {
	bind := func() bool { return p.Enum(n, "mode", chardevModes, xmltree.Optional) == "bind" }
	switch s.Type {
	case "file":
		s.Path, s.Append = n.Get("path"), p.OnOff(n, "append")
	case "pty":
		if !p.opts.Inactive {
			s.Path = n.Get("path")
		}
	case "dev", "pipe":
		s.Path = n.Get("path")
	case "unix":
		s.Listen, s.Path, s.Reconnect = bind(), n.Get("path"), p.reconnect(n)
	case "udp":
		host, service := &s.Host, &s.Service
		if bind() {
			host, service = &s.BindHost, &s.BindService
		}
		if *host == "" && *service == "" {
			*host, *service = n.Get("host"), n.Get("service")
		}
	case "tcp":
		s.Listen, s.Host, s.Service = bind(), n.Get("host"), n.Get("service")
		s.TLS = p.YesNo(n, "tls")
		if p.opts.Status {
			v, _ := p.Int(n, "tlsFromConfig", 10, xmltree.Optional)
			s.TLSFromConfig = v != 0
		}
		s.Reconnect = p.reconnect(n)
	case "spiceport", "dbus":
		s.Channel = n.Get("channel")
	case "nmdm":
		s.Master, s.Slave = n.Get("master"), n.Get("slave")
	case "qemu-vdagent":
		if c := n.Child("clipboard"); c != nil {
			s.Clipboard = p.NeedYesNo(c, "copypaste")
		}
		s.Mouse = p.Enum(n.Child("mouse"), "mode", mouseModes, xmltree.Required)
	}
}

func (p *parser) reconnect(n *xmltree.Node) Reconnect {
	var r Reconnect
	if c := n.Child("reconnect"); c != nil {
		if r.Enabled = p.YesNo(c, "enabled"); r.Enabled == Yes {
			r.Timeout, _ = p.Uint(c, "timeout", 10, xmltree.Required)
		}
	}
	return r
}

func formatReconnect(w *xmlout.Writer, r Reconnect) {
	if !r.Enabled.Given() {
		return
	}
	w.Start("reconnect")
	w.Attr("enabled", r.Enabled.YesNo())
	if r.Enabled == Yes {
		w.UintAttr("timeout", uint64(r.Timeout))
	}
	w.End()
}

// formatConsole writes a console; that of a full guest is another view on its serial port.
func formatConsole(w *xmlout.Writer, d *Domain, i int, o FormatOptions) {
	c := *d.Devices.Consoles[i]
	if d.OS.Type == "hvm" && (c.TargetType == "serial" || c.TargetType == "") && i < len(d.Devices.Serials) {
		c = *d.Devices.Serials[i]
		c.Kind, c.TargetType = "console", "serial"
	}
	formatChardev(w, &c, o)
}

func formatChardev(w *xmlout.Writer, c *Chardev, o FormatOptions) {
	w.Start(c.Kind)
	w.Attr("type", c.Source.Type)
	if c.Kind == "console" && c.Port == 0 && c.Source.Type == "pty" && !o.Inactive {
		w.OptAttr("tty", c.Source.Path)
	}
	formatChardevSource(w, &c.Source, o)
	formatChardevTarget(w, c, o)
	formatInfo(w, &c.DeviceInfo, 0)
	w.EndFull()
}

func formatChardevSource(w *xmlout.Writer, s *ChardevSource, o FormatOptions) {
	w.Start("source")
	switch s.Type {
	case "pty":
		if s.Path != "" && !o.Inactive {
			w.Attr("path", s.Path)
			formatDeviceSecLabels(w, s.SecLabels, o)
		}
	case "dev", "file", "pipe":
		w.OptAttr("path", s.Path)
		if s.Type == "file" {
			w.OptAttr("append", s.Append.OnOff())
		}
		formatDeviceSecLabels(w, s.SecLabels, o)
	case "nmdm":
		w.Attr("master", s.Master)
		w.Attr("slave", s.Slave)
	case "udp":
		formatUDP(w, s)
	case "tcp":
		formatTCP(w, s, o)
	case "unix":
		if s.Path != "" {
			w.Attr("mode", mode(s.Listen))
			w.Attr("path", s.Path)
			formatDeviceSecLabels(w, s.SecLabels, o)
			formatReconnect(w, s.Reconnect)
		}
	case "spiceport", "dbus":
		w.OptAttr("channel", s.Channel)
	case "qemu-vdagent":
		w.AttrElem("clipboard", "copypaste", s.Clipboard.YesNo())
		w.AttrElem("mouse", "mode", s.Mouse)
	}
	w.EndOrDrop()
	if s.Type == "tcp" {
		w.AttrElem("protocol", "type", s.Protocol)
	}
	if s.LogFile != "" {
		w.Start("log")
		w.Attr("file", s.LogFile)
		w.OptAttr("append", s.LogAppend.OnOff())
		w.End()
	}
}

func mode(listen bool) string {
	if listen {
		return "bind"
	}
	return "connect"
}

// formatUDP writes up to two ends; the first goes into the element in hand.
func formatUDP(w *xmlout.Writer, s *ChardevSource) {
	bound := s.BindHost != "" || s.BindService != ""
	if bound {
		w.Attr("mode", "bind")
		w.OptAttr("host", s.BindHost)
		w.OptAttr("service", s.BindService)
	}
	if s.Host == "" && s.Service == "" {
		return
	}
	if bound {
		w.End()
		w.Start("source")
	}
	w.Attr("mode", "connect")
	w.OptAttr("host", s.Host)
	w.OptAttr("service", s.Service)
}

func formatTCP(w *xmlout.Writer, s *ChardevSource, o FormatOptions) {
	w.Attr("mode", mode(s.Listen))
	w.OptAttr("host", s.Host)
	w.OptAttr("service", s.Service)
	if !o.Migratable || !s.TLSFromConfig {
		w.OptAttr("tls", s.TLS.YesNo())
	}
	if o.Status {
		w.Attr("tlsFromConfig", zeroOne(s.TLSFromConfig))
	}
	formatReconnect(w, s.Reconnect)
}

func formatChardevTarget(w *xmlout.Writer, c *Chardev, o FormatOptions) {
	kind := c.TargetType
	if kind == "" {
		kind = "none"
	}
	w.Start("target")
	switch c.Kind {
	case "channel":
		w.Attr("type", kind)
		switch c.TargetType {
		case "guestfwd":
			w.Attr("address", c.Address)
			w.UintAttr("port", uint64(c.AddressPort))
		case "xen", "virtio":
			w.OptAttr("name", c.Name)
			if !o.Inactive {
				w.OptAttr("state", c.State)
			}
		}
	case "console":
		w.Attr("type", kind)
		w.IntAttr("port", int64(c.Port))
	case "serial":
		w.OptAttr("type", c.TargetType)
		w.IntAttr("port", int64(c.Port))
		w.AttrElem("model", "name", c.TargetModel)
	case "parallel":
		w.IntAttr("port", int64(c.Port))
	}
	w.End()
}

const smartcardCertificates = 3

var smartcardModes = []string{"host", "host-certificates", "passthrough"}

func (p *parser) smartcard(n *xmltree.Node) *Smartcard {
	s := &Smartcard{Mode: p.Enum(n, "mode", smartcardModes, xmltree.Required)}
	switch s.Mode {
	case "host-certificates":
		for c := range n.Children("certificate") {
			s.Certificates = append(s.Certificates, c.Content())
		}
		if len(s.Certificates) != smartcardCertificates {
			p.XMLError("host-certificates mode needs exactly three certificates")
		}
		if s.Database = n.ChildText("database"); s.Database != "" && !strings.HasPrefix(s.Database, "/") {
			p.XMLError("expecting absolute path: %s", s.Database)
		}
	case "passthrough":
		if !n.Has("type") {
			p.XMLError("passthrough mode requires a character device type attribute")
		}
		s.Source = &ChardevSource{Type: p.chardevType(n, "")}
		p.chardevSource(n, s.Source, false)
	}
	p.info(n, &s.DeviceInfo, 0)
	return s
}

func formatSmartcard(w *xmlout.Writer, s *Smartcard, o FormatOptions) {
	w.Start("smartcard")
	w.Attr("mode", s.Mode)
	if s.Source != nil {
		w.Attr("type", s.Source.Type)
	}
	for _, c := range s.Certificates {
		w.Elem("certificate", c)
	}
	w.Elem("database", s.Database)
	if s.Source != nil {
		formatChardevSource(w, s.Source, o)
	}
	formatInfo(w, &s.DeviceInfo, 0)
	w.End()
}

func hexText(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }
