package domain

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	interfaceTypes = []string{
		"user", "ethernet", "vhostuser", "server", "client", "mcast", "network", "bridge", "internal", "direct",
		"hostdev", "udp", "vdpa", "null", "vds",
	}
	directModes       = []string{"vepa", "private", "bridge", "passthrough"}
	vhostUserModes    = []string{"client", "server"}
	macTypes          = []string{"generated", "static"}
	interfaceDrivers  = []string{"qemu", "vhost"}
	interfaceTxModes  = []string{"iothread", "timer"}
	interfaceBackends = []string{"default", "passt"}
	linkStates        = []string{"up", "down"}
	forwardProtocols  = []string{"tcp", "udp"}
	teamingTypes      = []string{"persistent", "transient"}
	// hostOffloads and guestOffloads are the attributes of <driver><host> and <guest>.
	hostOffloads  = []string{"csum", "gso", "tso4", "tso6", "ecn", "ufo", "mrg_rxbuf"}
	guestOffloads = []string{"csum", "tso4", "tso6", "ecn", "ufo"}
	// generatedTaps begin the names of taps the daemon makes.
	generatedTaps = []string{"vnet", "macvtap", "macvlan"}
	// needSource are the types that say nothing without a <source>.
	needSource = []string{
		"network", "vds", "internal", "bridge", "direct", "vdpa", "client", "server", "mcast", "udp",
	}
)

func (p *parser) iface(n *xmltree.Node) *Interface {
	i := &Interface{Type: "user"}
	if v := p.Enum(n, "type", interfaceTypes, xmltree.Optional); v != "" {
		i.Type = v
	}
	i.TrustGuestRxFilter = p.YesNo(n, "trustGuestRxFilters")
	p.interfaceModel(n.Child("model").Get("type"), i)
	source := n.Child("source")
	i.HostIP = p.ipInfo(source, "interface host IP")
	p.interfaceSource(n, source, i)
	p.interfacePort(n, i)
	p.interfaceTap(n, i)
	p.interfaceFilter(n.Child("filterref"), i)
	if b := n.Child("bandwidth"); b != nil {
		i.Bandwidth = p.bandwidth(b, i.Type == "network")
	}
	if v := n.Child("vlan"); v != nil {
		i.VLAN = p.vlan(v)
	}
	p.mac(n.Child("mac"), i)
	p.info(n, &i.DeviceInfo, withBoot|withROM)
	i.GuestIP = p.ipInfo(n, "guest interface")
	for f := range n.Children("portForward") {
		i.PortForwards = append(i.PortForwards, p.portForward(f))
	}
	if d := n.Child("driver"); d != nil {
		p.interfaceDriver(d, i)
	}
	p.interfaceBackend(n.Child("backend"), source, i)
	p.interfaceRest(n, i)
	return i
}

// knownModels are written as here, however a document spells them.
var knownModels = []string{
	"netfront", "rtl8139", "virtio", "e1000", "e1000e", "igb", "virtio-transitional", "virtio-non-transitional",
	"usb-net", "spapr-vlan", "lan9118", "scm91c111", "vlance", "vmxnet", "vmxnet2", "vmxnet3", "Am79C970A",
	"Am79C973", "82540EM", "82545EM", "82543GC",
}

func (p *parser) interfaceModel(model string, i *Interface) {
	for _, known := range knownModels {
		if strings.EqualFold(known, model) {
			i.Model = known
			return
		}
	}
	if i.Model = model; strings.Trim(model, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") != "" {
		p.InvalidArg("Model name contains invalid characters")
	}
}

// IsVirtio says whether the card is one of virtio's.
func (i *Interface) IsVirtio() bool {
	return slices.Contains([]string{"virtio", "virtio-transitional", "virtio-non-transitional"}, i.Model)
}

func (p *parser) interfaceSource(n, source *xmltree.Node, i *Interface) {
	if source == nil && slices.Contains(needSource, i.Type) {
		p.XMLError("interface type='%s' requires a 'source' element", i.Type)
		return
	}
	s := &i.Source
	switch i.Type {
	case "network":
		p.networkInterface(n, source, i)
	case "vds":
		s.SwitchID = p.uuidAttr(source, "switchid", true)
		s.VDSPortID, _ = p.Long(source, "portid", 0, xmltree.Optional)
		s.PortGroupID = source.Get("portgroupid")
		s.ConnectionID, _ = p.Long(source, "connectionid", 0, xmltree.Optional)
	case "internal":
		s.Name = p.Need(source, "name")
	case "bridge":
		s.Bridge = p.Need(source, "bridge")
	case "direct":
		s.Dev = p.Need(source, "dev")
		if s.Mode = p.Enum(source, "mode", directModes, xmltree.Optional); s.Mode == "" {
			s.Mode = "vepa"
		}
	case "vdpa":
		s.Dev = p.Need(source, "dev")
	case "vhostuser":
		p.vhostUserInterface(source, i)
	case "client", "server", "mcast", "udp":
		p.socketInterface(source, i)
	case "hostdev":
		i.Managed = p.YesNo(n, "managed") == Yes
		i.Hostdev = p.interfaceHostdev(n)
	}
}

func (p *parser) networkInterface(n, source *xmltree.Node, i *Interface) {
	s := &i.Source
	s.Network, s.PortGroup = p.Need(source, "network"), source.Get("portgroup")
	if !p.opts.Inactive {
		s.PortID = p.uuidAttr(source, "portid", false)
	}
	if a := n.Child("actual"); a != nil && p.opts.ActualNet {
		i.Actual = p.actualNet(a)
	}
}

func (p *parser) uuidAttr(n *xmltree.Node, name string, required bool) string {
	text, ok := n.Attr(name)
	if !ok {
		if required {
			p.Need(n, name)
		}
		return ""
	}
	u, err := uuid.Parse(text)
	if err != nil {
		p.XMLError("Invalid value for attribute '%s' in element '%s': '%s'. Expected UUID", name, n.Name, text)
	}
	return u.String()
}

func (p *parser) vhostUserInterface(n *xmltree.Node, i *Interface) {
	i.Source.VhostUser = &ChardevSource{Type: "unix"}
	if n == nil {
		return
	}
	if kind, ok := n.Attr("type"); ok && kind != "unix" {
		p.Unsupported("Type='%s' unsupported for <interface type='vhostuser'>", kind)
	}
	v := i.Source.VhostUser
	v.Path = n.Get("path")
	v.Listen = p.Enum(n, "mode", vhostUserModes, xmltree.Optional) == "server"
	v.Reconnect = p.reconnect(n)
}

func (p *parser) socketInterface(n *xmltree.Node, i *Interface) {
	s := &i.Source
	if s.Address = n.Get("address"); i.Type != "server" {
		p.Need(n, "address")
	}
	port, _ := p.Int(n, "port", 10, xmltree.Required)
	s.Port = uint(max(port, 0))
	if i.Type != "udp" {
		return
	}
	local := n.Child("local")
	if local == nil {
		p.XMLError("'<local>' element missing for 'udp' socket interface")
		return
	}
	s.LocalAddress = p.Need(local, "address")
	port, _ = p.Int(local, "port", 10, xmltree.Required)
	s.LocalPort = uint(max(port, 0))
}

func (p *parser) interfacePort(n *xmltree.Node, i *Interface) {
	v := n.Child("virtualport")
	if v == nil {
		return
	}
	switch i.Type {
	case "network":
		i.VirtualPort = p.virtualPort(v, false)
	case "bridge", "direct", "hostdev":
		i.VirtualPort = p.virtualPort(v, true)
	default:
		p.Unsupported("<virtualport> element unsupported for <interface type='%s'>", i.Type)
	}
}

func (p *parser) interfaceTap(n *xmltree.Node, i *Interface) {
	t := n.Child("target")
	i.Target, i.TargetManaged = t.Get("dev"), p.YesNo(t, "managed")
	if p.opts.Inactive && i.TargetManaged != No && generatedTap(i.Target) {
		i.Target = ""
	}
	g := n.Child("guest")
	i.GuestDev, i.GuestActual = g.Get("dev"), g.Get("actual")
	i.Script, i.DownScript = n.Child("script").Get("path"), n.Child("downscript").Get("path")
	i.BackendDomain = n.Child("backenddomain").Get("name")
}

func generatedTap(name string) bool {
	return slices.ContainsFunc(generatedTaps, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func (p *parser) interfaceFilter(n *xmltree.Node, i *Interface) {
	if n == nil || !slices.Contains([]string{"network", "bridge", "ethernet"}, i.Type) {
		return
	}
	i.Filter = n.Get("filter")
	for c := range n.Children("parameter") {
		name, value := c.Get("name"), c.Get("value")
		if filterName(name) && value != "" {
			i.FilterParams = append(i.FilterParams, FilterParam{name, value})
		}
	}
	slices.SortStableFunc(i.FilterParams, func(a, b FilterParam) int { return strings.Compare(a.Name, b.Name) })
}

// filterName says whether a filter may have a variable of that name; others are ignored.
func filterName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

func (p *parser) mac(n *xmltree.Node, i *Interface) {
	if text, ok := n.Attr("address"); ok {
		mac, valid := parseMAC(text)
		switch {
		case !valid:
			p.XMLError("unable to parse mac address '%s'", text)
		case mac[0]&1 != 0:
			p.XMLError("expected unicast mac address, found multicast '%s'", text)
		}
		if mac != [6]byte{} {
			i.MAC = formatMAC(mac)
		}
	}
	i.MACType = p.Enum(n, "type", macTypes, xmltree.Optional)
	i.MACCheck = p.YesNo(n, "check")
	if i.MAC == "" {
		i.MAC, i.MACGenerated = NewMAC([3]byte{0x52, 0x54, 0x00}), true
	}
}

// NewMAC makes a random address under a vendor's prefix.
func NewMAC(prefix [3]byte) string {
	mac := [6]byte{prefix[0], prefix[1], prefix[2]}
	_, _ = rand.Read(mac[3:]) // never fails
	return formatMAC(mac)
}

func parseMAC(text string) (mac [6]byte, ok bool) {
	parts := strings.Split(text, ":")
	if len(parts) != len(mac) {
		return mac, false
	}
	for i, part := range parts {
		v, err := strconv.ParseUint(part, 16, 8)
		if err != nil || len(part) > 2 {
			return [6]byte{}, false
		}
		mac[i] = byte(v)
	}
	return mac, true
}

func formatMAC(mac [6]byte) string {
	parts := make([]string, len(mac))
	for i, b := range mac {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(parts, ":")
}

func (p *parser) portForward(n *xmltree.Node) PortForward {
	f := PortForward{Proto: p.Enum(n, "proto", forwardProtocols, xmltree.Required), Address: n.Get("address"), Dev: n.Get("dev")}
	if _, ok := numericAddress(f.Address); !ok && f.Address != "" {
		p.XMLError("Invalid address '%s' in <portForward>", f.Address)
	}
	for c := range n.Children("range") {
		var r PortRange
		r.Start, _ = p.Uint(c, "start", 10, xmltree.NonZero)
		r.End, _ = p.Uint(c, "end", 10, xmltree.NonZero)
		r.To, _ = p.Uint(c, "to", 10, xmltree.NonZero)
		r.Exclude = p.YesNo(c, "exclude")
		f.Ranges = append(f.Ranges, r)
	}
	return f
}

func (p *parser) interfaceDriver(n *xmltree.Node, i *Interface) {
	d := &i.Driver
	p.virtio(n, &d.Virtio)
	if i.Type == "hostdev" || !i.IsVirtio() {
		return
	}
	d.Name = p.Enum(n, "name", interfaceDrivers, xmltree.Optional)
	d.TxMode = p.Enum(n, "txmode", interfaceTxModes, xmltree.Optional)
	d.IOEventFD, d.EventIdx = p.OnOff(n, "ioeventfd"), p.OnOff(n, "event_idx")
	// one queue is what there is anyway
	if d.Queues, _ = p.Uint(n, "queues", 10, xmltree.Optional); d.Queues == 1 {
		d.Queues = 0
	}
	d.RxQueueSize, _ = p.Uint(n, "rx_queue_size", 10, xmltree.Optional)
	d.TxQueueSize, _ = p.Uint(n, "tx_queue_size", 10, xmltree.Optional)
	d.RSS, d.RSSHashReport = p.OnOff(n, "rss"), p.OnOff(n, "rss_hash_report")
	d.Host = p.offloads(n.Child("host"), hostOffloads)
	d.Guest = p.offloads(n.Child("guest"), guestOffloads)
}

func (p *parser) offloads(n *xmltree.Node, names []string) map[string]Tristate {
	var out map[string]Tristate
	for _, name := range names {
		if v := p.OnOff(n, name); v.Given() {
			if out == nil {
				out = map[string]Tristate{}
			}
			out[name] = v
		}
	}
	return out
}

func (p *parser) interfaceBackend(n, source *xmltree.Node, i *Interface) {
	if n == nil {
		return
	}
	b := &i.Backend
	b.Type = unset(p.Enum(n, "type", interfaceBackends, xmltree.Optional), "default")
	b.LogFile = n.Get("logFile")
	b.Tap = SanitizePath(n.Get("tap"))
	if i.Type != "hostdev" && i.IsVirtio() {
		b.Vhost = SanitizePath(n.Get("vhost"))
	}
	if b.Type == "passt" {
		i.Source.Dev = source.Get("dev")
	}
}

func (p *parser) interfaceRest(n *xmltree.Node, i *Interface) {
	if i.Link = n.Child("link").Get("state"); i.Link != "" && !slices.Contains(linkStates, i.Link) {
		p.Unsupported("unknown interface link state '%s'", i.Link)
	}
	i.Teaming = p.teaming(n.Child("teaming"))
	if text := n.Child("tune").ChildText("sndbuf"); text != "" {
		v := p.number(text, 64, func() { p.XMLError("sndbuf must be a positive integer") })
		i.SndBuf = &v
	}
	i.MTU = uint(p.number(n.Child("mtu").Get("size"), 32, func() { p.XMLError("malformed mtu size") }))
	if f := n.Path("coalesce/rx/frames"); f != nil {
		frames := f.Get("max")
		i.RxFrames = uint(p.number(frames, 32, func() { p.XMLError("cannot parse value '%s' for coalesce parameter", frames) }))
	}
	i.Isolated = p.YesNo(n.Child("port"), "isolated")
	if p.opts.Status {
		i.Private = n.Child("privateData").Detach()
	}
}

func (p *parser) teaming(n *xmltree.Node) *Teaming {
	if n == nil {
		return nil
	}
	t := &Teaming{Type: n.Get("type"), Persistent: n.Get("persistent")}
	if *t == (Teaming{}) {
		return nil
	}
	if !slices.Contains(teamingTypes, t.Type) {
		p.Unsupported("unknown teaming type '%s'", orNil(n, "type"))
	}
	return t
}
