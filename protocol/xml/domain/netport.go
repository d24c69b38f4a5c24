package domain

import (
	"slices"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

const (
	maxVLAN      = 4095
	maxProfileID = 39
)

var (
	virtualPortTypes = []string{"802.1Qbg", "802.1Qbh", "openvswitch", "midonet"}
	nativeModes      = []string{"tagged", "untagged"}
)

func (p *parser) vlan(n *xmltree.Node) *VLAN {
	defer p.As(xmltree.Anybody)()
	v := &VLAN{}
	native := false
	for t := range n.Children("tag") {
		var tag VLANTag
		if tag.ID, _ = p.Uint(t, "id", 10, xmltree.Required); tag.ID > maxVLAN {
			p.XMLError("vlan tag id %d too large (maximum 4095)", tag.ID)
		}
		if tag.NativeMode = p.Enum(t, "nativeMode", nativeModes, xmltree.Optional); tag.NativeMode != "" {
			if native {
				p.XMLError("duplicate native vlan setting")
			}
			native = true
		}
		v.Tags = append(v.Tags, tag)
	}
	if len(v.Tags) == 0 {
		p.XMLError("missing tag id - each <vlan> must have at least one <tag id='n'/> subelement")
	}
	v.Trunk = len(v.Tags) > 1
	if text := n.Get("trunk"); text != "" {
		v.Trunk = strings.EqualFold(text, "yes")
		switch {
		case v.Trunk:
		case len(v.Tags) > 1:
			p.XMLError(`invalid "trunk='%s'" in <vlan> - trunk='yes' is required for more than one vlan tag`, text)
		case native:
			p.XMLError(`invalid configuration in <vlan> - "trunk='no'" is not allowed with a native vlan id`)
		case !strings.EqualFold(text, "no"):
			p.XMLError(`invalid "trunk='%s'" in <vlan> - must be yes or no`, text)
		}
	}
	return v
}

func formatVLAN(w *xmlout.Writer, v *VLAN) {
	if v == nil || len(v.Tags) == 0 {
		return
	}
	w.Start("vlan")
	if v.Trunk {
		w.Attr("trunk", "yes")
	}
	for _, t := range v.Tags {
		w.Start("tag")
		w.UintAttr("id", uint64(t.ID))
		w.OptAttr("nativeMode", t.NativeMode)
		w.End()
	}
	w.End()
}

// virtualPort reads a port of a switch; strict wants it complete.
func (p *parser) virtualPort(n *xmltree.Node, strict bool) *VirtualPort {
	defer p.As(xmltree.Anybody)()
	v := &VirtualPort{Type: n.Get("type")}
	switch {
	case n.Has("type") && !slices.Contains(virtualPortTypes, v.Type):
		p.Unsupported("unknown virtualport type %s", v.Type)
	case v.Type == "" && strict:
		p.XMLError("missing required virtualport type")
	}
	c := n.Child("parameters")
	v.ManagerID = p.portNumber(c, "managerid", 0xff, "value of managerid out of range")
	v.TypeID = p.portNumber(c, "typeid", 0xffffff, "value for typeid out of range")
	v.TypeIDVersion = p.portNumber(c, "typeidversion", 0xff, "value of typeidversion out of range")
	v.InstanceID = p.portUUID(c, "instanceid")
	if v.ProfileID = c.Get("profileid"); len(v.ProfileID) > maxProfileID {
		p.XMLError("profileid parameter too long")
	}
	v.InterfaceID = p.portUUID(c, "interfaceid")
	v.generate()
	if strict {
		p.completePort(v)
	}
	p.noExtras(v)
	return v
}

func (p *parser) portNumber(n *xmltree.Node, name string, limit uint64, complaint string) *uint {
	text, ok := n.Attr(name)
	if !ok {
		return nil
	}
	v, valid := xmltree.ParseUint(text, 0, 32)
	switch {
	case !valid:
		p.XMLError("cannot parse value of %s parameter", name)
	case v > limit:
		p.XMLError("%s", complaint)
	}
	value := uint(v)
	return &value
}

func (p *parser) portUUID(n *xmltree.Node, name string) *uuid.UUID {
	text, ok := n.Attr(name)
	if !ok {
		return nil
	}
	u, err := uuid.Parse(text)
	if err != nil {
		p.XMLError("cannot parse %s parameter as a uuid", name)
	}
	return &u
}

// generate makes the identities that may be left out.
func (v *VirtualPort) generate() {
	fresh := func(id **uuid.UUID) {
		if *id == nil {
			u := uuid.New()
			*id = &u
		}
	}
	switch v.Type {
	case "802.1Qbg":
		fresh(&v.InstanceID)
	case "openvswitch":
		fresh(&v.InterfaceID)
	case "":
		fresh(&v.InstanceID)
		fresh(&v.InterfaceID)
	}
}

func (p *parser) completePort(v *VirtualPort) {
	missing := ""
	for _, f := range []struct {
		name   string
		absent bool
		types  string
	}{
		{"managerid", v.ManagerID == nil, "802.1Qbg"},
		{"typeid", v.TypeID == nil, "802.1Qbg"},
		{"typeidversion", v.TypeIDVersion == nil, "802.1Qbg"},
		{"instanceid", v.InstanceID == nil, "802.1Qbg"},
		{"profileid", v.ProfileID == "", "802.1Qbh"},
		{"interfaceid", v.InterfaceID == nil, "openvswitch midonet"},
	} {
		if f.absent && v.Type != "" && missing == "" && slices.Contains(strings.Fields(f.types), v.Type) {
			missing = f.name
		}
	}
	if missing != "" {
		defer p.As(virerr.FromNet)()
		p.XMLError("missing %s in <virtualport type='%s'>", missing, v.Type)
	}
}

func (p *parser) noExtras(v *VirtualPort) {
	if v.Type == "" {
		return
	}
	for _, f := range []struct {
		name  string
		there bool
		types string
	}{
		{"managerid", v.ManagerID != nil, "802.1Qbg"},
		{"typeid", v.TypeID != nil, "802.1Qbg"},
		{"typeidversion", v.TypeIDVersion != nil, "802.1Qbg"},
		{"instanceid", v.InstanceID != nil, "802.1Qbg"},
		{"profileid", v.ProfileID != "", "802.1Qbh openvswitch"},
		{"interfaceid", v.InterfaceID != nil, "openvswitch midonet"},
	} {
		if f.there && !slices.Contains(strings.Fields(f.types), v.Type) {
			p.XMLError("extra %s unsupported in <virtualport type='%s'>", f.name, v.Type)
			return
		}
	}
}

func formatVirtualPort(w *xmlout.Writer, v *VirtualPort) {
	if v == nil {
		return
	}
	w.Start("virtualport")
	w.OptAttr("type", v.Type)
	w.Start("parameters")
	for _, f := range []struct {
		name string
		v    *uint
	}{{"managerid", v.ManagerID}, {"typeid", v.TypeID}, {"typeidversion", v.TypeIDVersion}} {
		if f.v != nil {
			w.UintAttr(f.name, uint64(*f.v))
		}
	}
	if v.InstanceID != nil {
		w.Attr("instanceid", v.InstanceID.String())
	}
	if v.InterfaceID != nil {
		w.Attr("interfaceid", v.InterfaceID.String())
	}
	w.OptAttr("profileid", v.ProfileID)
	w.EndOrDrop()
	w.EndOrDrop()
}

func (p *parser) bandwidth(n *xmltree.Node, floor bool) *Bandwidth {
	defer p.As(xmltree.Anybody)()
	if n.Has("classID") {
		p.XMLDetail("classID attribute not supported on <bandwidth> in this usage context")
	}
	b := &Bandwidth{}
	if c := n.Child("inbound"); c != nil {
		b.Inbound = p.rate(c, floor)
	}
	if c := n.Child("outbound"); c != nil {
		b.Outbound = p.rate(c, false)
	}
	if *b == (Bandwidth{}) {
		return nil
	}
	return b
}

func (p *parser) rate(n *xmltree.Node, floor bool) *Rate {
	defer p.As(xmltree.Anybody)()
	r := &Rate{}
	var average, peak, burst, hasFloor bool
	r.Average, average = p.Ulong(n, "average", 10, xmltree.Optional)
	r.Peak, peak = p.Ulong(n, "peak", 10, xmltree.Optional)
	r.Burst, burst = p.Ulong(n, "burst", 10, xmltree.Optional)
	r.Floor, hasFloor = p.Ulong(n, "floor", 10, xmltree.Optional)
	switch {
	case !average && !hasFloor:
		p.XMLDetail("Missing mandatory average or floor attributes")
	case (peak || burst) && !average:
		p.Unsupported("'peak' and 'burst' require 'average' attribute")
	case hasFloor && !floor:
		p.Unsupported("floor attribute is not supported for this config")
	}
	return r
}

func formatBandwidthLimits(w *xmlout.Writer, b *Bandwidth) {
	if b == nil {
		return
	}
	w.Start("bandwidth")
	for _, d := range []struct {
		name string
		r    *Rate
	}{{"inbound", b.Inbound}, {"outbound", b.Outbound}} {
		if d.r == nil || d.r.Average == 0 && d.r.Floor == 0 {
			continue
		}
		w.Start(d.name)
		w.OptUintAttr("average", d.r.Average)
		w.OptUintAttr("peak", d.r.Peak)
		w.OptUintAttr("floor", d.r.Floor)
		w.OptUintAttr("burst", d.r.Burst)
		w.End()
	}
	w.EndFull()
}

func formatIPInfo(w *xmlout.Writer, info *IPInfo) {
	for _, a := range info.Addresses {
		w.Start("ip")
		w.Attr("address", a.Address)
		w.OptAttr("family", a.Family)
		w.OptUintAttr("prefix", uint64(a.Prefix))
		w.OptAttr("peer", a.Peer)
		w.End()
	}
	for _, r := range info.Routes {
		w.Start("route")
		w.OptAttr("family", r.Family)
		w.Attr("address", r.Address)
		w.OptAttr("netmask", r.Netmask)
		if r.Prefix != nil {
			w.UintAttr("prefix", uint64(*r.Prefix))
		}
		w.Attr("gateway", r.Gateway)
		if r.Metric != nil && *r.Metric > 0 {
			w.UintAttr("metric", uint64(*r.Metric))
		}
		w.End()
	}
}

func (p *parser) actualNet(n *xmltree.Node) *ActualNet {
	a := &ActualNet{Type: p.Enum(n, "type", interfaceTypes, xmltree.Required), TrustGuest: p.YesNo(n, "trustGuestRxFilters")}
	source := n.Child("source")
	switch a.Type {
	case "bridge", "network":
		a.Bridge = source.Get("bridge")
		a.MACTableManager = p.Enum(source, "macTableManager", []string{"kernel", "libvirt"}, xmltree.Optional)
	case "direct":
		a.Dev = source.Get("dev")
		if a.Mode = p.Enum(source, "mode", directModes, xmltree.Optional); a.Mode == "" {
			a.Mode = "vepa"
		}
	case "hostdev":
		a.Managed = p.YesNo(n, "managed") == Yes
		a.Hostdev = p.interfaceHostdev(n)
	}
	if c := n.Child("class"); c != nil {
		a.ClassID, _ = p.Uint(c, "id", 10, xmltree.NonZero)
	}
	if v := n.Child("vlan"); v != nil {
		a.VLAN = p.vlan(v)
	}
	if v := n.Child("virtualport"); v != nil {
		a.VirtualPort = p.virtualPort(v, true)
	}
	if b := n.Child("bandwidth"); b != nil {
		a.Bandwidth = p.bandwidth(b, a.Type == "network")
	}
	a.Isolated = p.YesNo(n.Child("port"), "isolated")
	return a
}

// formatActual writes the parts of an actual device; inner says that they stand in <actual>.
func formatActual(w *xmlout.Writer, i *Interface, inner bool, o FormatOptions) {
	a := i.Actual
	if a.Type == "hostdev" {
		formatHostdevSource(w, a.Hostdev, true, o)
	} else {
		w.Start("source")
		if !inner {
			w.OptAttr("network", i.Source.Network)
			w.OptAttr("portgroup", i.Source.PortGroup)
			w.OptAttr("portid", i.Source.PortID)
		}
		switch a.Type {
		case "bridge", "network":
			w.OptAttr("bridge", a.Bridge)
			w.OptAttr("macTableManager", a.MACTableManager)
		case "direct":
			w.OptAttr("dev", a.Dev)
			w.Attr("mode", a.Mode)
		}
		w.End()
	}
	if o.Status && a.ClassID != 0 {
		w.AttrElem("class", "id", strconv.FormatUint(uint64(a.ClassID), 10))
	}
	formatVLAN(w, a.VLAN)
	formatVirtualPort(w, a.VirtualPort)
	formatBandwidthLimits(w, a.Bandwidth)
	w.AttrElem("port", "isolated", a.Isolated.YesNo())
}
