package domain

import (
	"net/netip"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmltree"
)

// numericAddress reads an address as the system's resolver does without asking anybody: 127.1 and 0x7f000001 are
// addresses too.
func numericAddress(text string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a, true
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var whole uint64
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts)) // the last one fills what is left
		}
		v, err := strconv.ParseUint(part, 0, bits)
		if err != nil || strings.ContainsAny(part, "_bBoO") {
			return netip.Addr{}, false
		}
		whole = whole<<bits | v
	}
	return netip.AddrFrom4([4]byte{byte(whole >> 24), byte(whole >> 16), byte(whole >> 8), byte(whole)}), true
}

func (p *parser) ipInfo(n *xmltree.Node, what string) IPInfo {
	var info IPInfo
	for c := range n.Children("ip") {
		info.Addresses = append(info.Addresses, p.ipAddress(c))
	}
	for c := range n.Children("route") {
		info.Routes = append(info.Routes, p.ipRoute(c, what))
	}
	return info
}

func (p *parser) ipAddress(n *xmltree.Node) IPAddress {
	a := IPAddress{Address: n.Get("address"), Peer: n.Get("peer")}
	if !n.Has("address") {
		p.XMLError("Missing required address in <ip>")
	}
	addr, ok := numericAddress(a.Address)
	if !ok {
		p.XMLError("Invalid address '%s' in <ip>", a.Address)
	}
	limit := uint64(32)
	if a.Family = "ipv4"; addr.Is6() {
		a.Family, limit = "ipv6", 128
	}
	if text, ok := n.Attr("prefix"); ok {
		v, valid := xmltree.ParseUint(text, 10, 32)
		if !valid || v > limit {
			p.XMLError("Invalid prefix value '%s' in <ip>", text)
		}
		a.Prefix = uint(v)
	}
	if _, ok := numericAddress(a.Peer); !ok && n.Has("peer") {
		p.InvalidArg("Invalid peer '%s' in <ip>", a.Peer)
	}
	return a
}

func (p *parser) ipRoute(n *xmltree.Node, what string) IPRoute {
	r := IPRoute{Family: n.Get("family"), Address: n.Get("address"), Netmask: n.Get("netmask"), Gateway: n.Get("gateway")}
	number := func(name string, rule xmltree.Rule) *uint {
		if v, ok := p.Uint(n, name, 10, rule); ok {
			return &v
		}
		return nil
	}
	r.Prefix, r.Metric = number("prefix", xmltree.Optional), number("metric", xmltree.NonZero)
	for _, attr := range []string{"address", "gateway"} {
		if !n.Has(attr) {
			p.Keep(virerr.New(virerr.FromNetwork, virerr.XMLError, "%s: Missing required %s attribute in route definition", what, attr))
		}
	}
	if p.OK() {
		c := route{p, &r, what}
		c.check(n.Has("family"), n.Has("netmask"))
	}
	return r
}

// route checks one route.
type route struct {
	*parser
	r    *IPRoute
	what string
}

func (c route) check(family, netmask bool) {
	defer c.As(virerr.FromNetwork)()
	wrong := func(format string, args ...any) {
		c.XMLError("%s: "+format+" in route definition", append([]any{c.what}, args...)...)
	}
	to, ok := numericAddress(c.r.Address)
	if !ok {
		wrong("Bad network address '%s'", c.r.Address)
		return
	}
	by, ok := numericAddress(c.r.Gateway)
	if !ok {
		wrong("Bad gateway address '%s'", c.r.Gateway)
		return
	}
	prefix := uint(0)
	if c.r.Prefix != nil {
		prefix = *c.r.Prefix
	}
	switch {
	case !family:
		c.v4(to, by, netmask, prefix, "No family", wrong)
	case c.r.Family == "ipv4":
		c.v4(to, by, netmask, prefix, "IPv4 family", wrong)
	case c.r.Family == "ipv6":
		c.v6(to, by, netmask, prefix, wrong)
	default:
		wrong("Unrecognized family '%s'", c.r.Family)
	}
	if !c.OK() {
		return
	}
	if netmask {
		mask, _ := numericAddress(c.r.Netmask)
		a, m := to.As4(), mask.As4()
		for i := range a {
			a[i] &= m[i]
		}
		ok = netip.AddrFrom4(a) == to
	} else {
		ok = netip.PrefixFrom(to, int(prefix)).Masked().Addr() == to //nolint:gosec // checked above
	}
	if !ok {
		c.XMLError("%s: Address '%s' in route definition is not a network address", c.what, c.r.Address)
	}
}

func (c route) v4(to, by netip.Addr, netmask bool, prefix uint, family string, wrong func(string, ...any)) {
	specified := "specified for non-IPv4"
	switch {
	case !to.Is4():
		wrong("%s %s address '%s'", family, specified, c.r.Address)
	case !by.Is4():
		wrong("%s %s gateway '%s'", family, specified, c.r.Address)
	}
	if netmask {
		switch mask, ok := numericAddress(c.r.Netmask); {
		case !ok:
			wrong("Bad netmask address '%s'", c.r.Netmask)
		case !mask.Is4():
			c.XMLError("%s: Invalid netmask '%s' for address '%s' (both must be IPv4)", c.what, c.r.Netmask, c.r.Address)
		case c.r.Prefix != nil:
			c.XMLError("%s: Route definition cannot have both a prefix and a netmask", c.what)
		}
	}
	if prefix > 32 {
		c.XMLError("%s: Invalid prefix %d specified in route definition, must be 0 - 32", c.what, prefix)
	}
}

func (c route) v6(to, by netip.Addr, netmask bool, prefix uint, wrong func(string, ...any)) {
	switch {
	case !to.Is6():
		wrong("ipv6 family specified for non-IPv6 address '%s'", c.r.Address)
	case netmask:
		wrong("Specifying netmask invalid for IPv6 address '%s'", c.r.Address)
	case !by.Is6():
		wrong("ipv6 specified for non-IPv6 gateway address '%s'", c.r.Gateway)
	case prefix > 128:
		c.XMLError("%s: Invalid prefix %d specified in route definition, must be 0 - 128", c.what, prefix)
	}
}
