package domain

import (
	"slices"
	"strings"

	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

const wwnDigits = 16

var (
	hostdevModes     = []string{"subsystem", "capabilities"}
	hostdevTypes     = []string{"usb", "pci", "scsi", "scsi_host", "mdev"}
	hostdevCaps      = []string{"storage", "misc", "net"}
	usbGuestResets   = []string{"default", "off", "uninitialized", "on"}
	pciDriverNames   = []string{"default", "kvm", "vfio", "xen"}
	pciOrigStates    = []string{"unbind", "removeslot", "reprobe"}
	mdevModels       = []string{"vfio-pci", "vfio-ccw", "vfio-ap"}
	secretUsageTypes = []string{"none", "volume", "ceph", "iscsi", "tls", "vtpm"}
	// capsElements name the device in the source of a capability, with what to call it when it is missing.
	capsElements = map[string][2]string{
		"storage": {"block", "storage"}, "misc": {"char", "character"}, "net": {"interface", "net"},
	}
)

func (p *parser) hostdev(n *xmltree.Node) *Hostdev {
	h := &Hostdev{Mode: "subsystem"}
	if m := p.Enum(n, "mode", hostdevModes, xmltree.Optional); m != "" {
		h.Mode = m
	}
	if h.Mode == "subsystem" {
		h.Type = p.Enum(n, "type", hostdevTypes, xmltree.Required)
		p.hostdevSource(n, h)
	} else {
		h.Type = p.Enum(n, "type", hostdevCaps, xmltree.Required)
		p.hostdevCapability(n, h)
	}
	p.info(n, &h.DeviceInfo, withBoot|withROM)
	if h.Type == "scsi" {
		h.ReadOnly, h.Shareable = n.Child("readonly") != nil, n.Child("shareable") != nil
	}
	h.Teaming = p.teaming(n.Child("teaming"))
	return h
}

// interfaceHostdev reads the host's device of an interface, whose type is that of its address.
func (p *parser) interfaceHostdev(n *xmltree.Node) *Hostdev {
	h := &Hostdev{Mode: "subsystem"}
	kind := n.Path("source/address").Get("type")
	if kind == "" && n.Path("source/vendor") != nil {
		kind = "usb"
	}
	if h.Type = kind; !slices.Contains(hostdevTypes, kind) {
		p.Unsupported("unknown host device source address type '%s'", orNull(kind))
	}
	p.hostdevSource(n, h)
	return h
}

func (p *parser) hostdevCapability(n *xmltree.Node, h *Hostdev) {
	source := n.Child("source")
	if source == nil {
		p.XMLError("Missing <source> element in hostdev device")
		return
	}
	names := capsElements[h.Type]
	if h.Caps = source.ChildText(names[0]); h.Caps == "" {
		p.XMLError("Missing <%s> element in hostdev %s device", names[0], names[1])
	}
	if h.Type == "net" {
		h.IP = p.ipInfo(n, "Domain hostdev device")
	}
}

// hostdevSource reads what finds a device whose type is known.
func (p *parser) hostdevSource(n *xmltree.Node, h *Hostdev) {
	h.Managed = n.Get("managed") == "yes"
	source := n.Child("source")
	switch {
	case source == nil:
		p.XMLError("Missing <source> element in hostdev device")
		return
	case h.Type != "usb" && source.Has("startupPolicy"):
		p.Unsupported("Setting startupPolicy is only allowed for USB devices")
	}
	p.hostdevAttrs(n, h)
	switch h.Type {
	case "usb":
		p.usbSource(source, h)
	case "pci":
		p.pciSource(source, h)
		d := n.Child("driver")
		h.PCI.DriverName = p.Enum(d, "name", pciDriverNames, xmltree.NonZero)
		h.PCI.DriverModel = d.Get("model")
	case "scsi":
		p.scsiSource(source, &h.SCSI)
	case "scsi_host":
		p.vhostSource(source, h)
	case "mdev":
		p.mdevSource(source, h)
	}
}

func (p *parser) hostdevAttrs(n *xmltree.Node, h *Hostdev) {
	h.SCSI.SGIO = p.Enum(n, "sgio", append([]string{"default"}, sgioModes...), xmltree.NonZero)
	if h.SCSI.SGIO != "" && h.Type != "scsi" {
		p.XMLError("sgio is only supported for scsi host device")
	}
	h.SCSI.RawIO = p.YesNo(n, "rawio")
	if h.SCSI.RawIO.Given() && h.Type != "scsi" {
		p.XMLError("rawio is only supported for scsi host device")
	}
	switch h.Type {
	case "scsi_host":
		h.Model = unset(p.Enum(n, "model", virtioModels, xmltree.Optional), "default")
	case "mdev":
		h.Model = p.Enum(n, "model", mdevModels, xmltree.Required)
	default:
		if n.Has("model") {
			p.XMLError("'model' attribute in <hostdev> is only supported when type='%s'", h.Type)
		}
	}
	if h.Type == "mdev" || h.Type == "pci" {
		h.Display, h.RamFB = p.OnOff(n, "display"), p.OnOff(n, "ramfb")
	}
}

func (p *parser) usbSource(n *xmltree.Node, h *Hostdev) {
	h.StartupPolicy = p.Enum(n, "startupPolicy", append([]string{"default"}, startupPolicies...), xmltree.NonZero)
	u := &h.USB
	u.AutoAddress = p.YesNo(n, "autoAddress") == Yes
	u.GuestReset = p.Enum(n, "guestReset", usbGuestResets, xmltree.NonZero)
	vendor, product := n.Child("vendor"), n.Child("product")
	if vendor != nil {
		if u.Vendor, _ = p.Uint(vendor, "id", 0, xmltree.Required|xmltree.NonZero); product == nil {
			p.Internal("missing product")
		}
	}
	if product != nil {
		if u.Product, _ = p.Uint(product, "id", 0, xmltree.Required); vendor == nil {
			p.Internal("missing vendor")
		}
	}
	if a := n.Child("address"); a != nil {
		u.Bus, _ = p.Uint(a, "bus", 0, xmltree.Required)
		u.Device, _ = p.Uint(a, "device", 0, xmltree.Required)
	}
}

func (p *parser) pciSource(n *xmltree.Node, h *Hostdev) {
	h.PCI.WriteFiltering = p.YesNo(n, "writeFiltering")
	if a := n.Child("address"); a != nil {
		h.PCI.Address = p.pciAddress(a)
	}
	if !p.opts.Status {
		return
	}
	for c := range n.Child("origstates").Elements() {
		if !slices.Contains(pciOrigStates, c.Name) {
			p.Internal("unsupported element '%s' of 'origstates'", c.Name)
		}
		h.PCI.OrigStates = append(h.PCI.OrigStates, c.Name)
	}
}

func (p *parser) scsiSource(n *xmltree.Node, s *HostSCSI) {
	if p.opts.Status {
		s.Private = n.Child("privateData").Detach()
	}
	if p.Enum(n, "protocol", []string{"adapter", "iscsi"}, xmltree.Optional) == "iscsi" {
		s.ISCSI = p.iscsiSource(n)
		return
	}
	a := n.Child("address")
	if a == nil {
		p.XMLError("'address' must be specified for scsi hostdev source")
	}
	s.Bus, _ = p.Uint(a, "bus", 0, xmltree.Required)
	s.Target, _ = p.Uint(a, "target", 0, xmltree.Required)
	s.Unit, _ = p.Ulong(a, "unit", 0, xmltree.Required)
	if s.Adapter = n.Child("adapter").Get("name"); s.Adapter == "" {
		p.XMLError("'adapter' name must be specified for scsi hostdev source")
	}
}

func (p *parser) iscsiSource(n *xmltree.Node) *DiskSource {
	net := &NetworkSource{Protocol: "iscsi", Name: n.Get("name")}
	if !n.Has("name") {
		p.XMLError("missing iSCSI hostdev source path name")
	}
	for h := range n.Children("host") {
		net.Hosts = append(net.Hosts, p.networkHost(h, ""))
	}
	switch {
	case len(net.Hosts) < 1:
		p.XMLError("missing the host address for the iSCSI hostdev")
	case len(net.Hosts) > 1:
		p.XMLError("only one source host address may be specified for the iSCSI hostdev")
	}
	s := &DiskSource{Type: "network", Network: net}
	if a := n.Child("auth"); a != nil {
		s.Auth = p.sourceAuth(a)
		switch kind := s.Auth.Secret.Type; {
		case !slices.Contains(secretUsageTypes, kind):
			p.Unsupported("invalid secret type %s", orNull(kind))
		case kind != "iscsi":
			p.Internal("hostdev invalid secret type '%s'", kind)
		}
	}
	net.InitiatorIQN = n.Path("initiator/iqn").Get("name")
	return s
}

func (p *parser) vhostSource(n *xmltree.Node, h *Hostdev) {
	h.Protocol = p.Enum(n, "protocol", []string{"none", "vhost"}, xmltree.Required|xmltree.NonZero)
	wwpn, ok := n.Attr("wwpn")
	digits, prefixed := strings.CutPrefix(wwpn, "naa.")
	switch {
	case !ok:
		p.XMLError("missing vhost-scsi hostdev source wwpn")
	case !prefixed || !worldWideName(digits):
		p.XMLError("malformed 'wwpn' value")
	}
	h.WWPN = wwpn
}

// worldWideName says whether text is a number of 16 hexadecimal digits.
func worldWideName(text string) bool {
	digits := strings.TrimPrefix(text, "0x")
	return len(digits) == wwnDigits && strings.Trim(digits, "0123456789abcdefABCDEF") == ""
}

func (p *parser) mdevSource(n *xmltree.Node, h *Hostdev) {
	a := n.Child("address")
	text, ok := a.Attr("uuid")
	switch {
	case a == nil:
		p.Unsupported("Missing <address> element")
	case !ok:
		p.Unsupported("Missing 'uuid' attribute for element <address>")
	}
	u, err := uuid.Parse(text)
	if err != nil {
		p.Internal("Cannot parse uuid attribute of element <address>")
	}
	h.UUID = u.String()
}
