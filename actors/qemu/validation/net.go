package validation

import (
	"strings"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

// Prefixes of addresses that QEMU's own network can give.
const (
	minPrefix4, maxPrefix4 = 4, 27
	prefix6                = 64
)

func (v *check) netInterface(n *domain.Interface) {
	passt := n.Backend.Type == "passt"
	v.refuse(len(n.GuestIP.Routes) > 0, "Invalid attempt to set network interface guest-side IP route, not supported by QEMU")
	if n.Type == "user" || n.Type == "vhostuser" && passt {
		v.userNet(n)
	} else {
		v.refuse(len(n.GuestIP.Addresses) > 0,
			"Invalid attempt to set network interface guest-side IP address info, not supported by QEMU")
	}
	v.refuse(n.Type == "vdpa" && !v.has("netdev.vhost-vdpa"), "vDPA devices are not supported with this QEMU binary")
	if n.Type == "vhostuser" {
		v.vhostUser(n, passt)
	}
	v.netModel(n)
	mtu := oneOf(n.Type, "network", "bridge", "ethernet", "vhostuser") || n.Type == "user" && passt
	v.refuse(n.MTU != 0 && !mtu, "setting MTU on interface type %s is not supported yet", n.Type)
	if t := n.Teaming; t != nil {
		v.refuse(t.Type == "persistent" && !n.IsVirtio(),
			"virtio-net teaming persistent interface must be <model type='virtio'/>, not '%s'", n.Model)
		v.refuse(t.Type == "transient" && !oneOf(n.Type, "hostdev", "network"),
			"virtio-net teaming transient interface must be type='hostdev', not '%s'", n.Type)
	}
	v.refuse(n.RxFrames != 0 && !oneOf(n.Type, "network", "bridge"),
		"coalesce settings on interface type %s are not supported", n.Type)
}

func (v *check) netModel(n *domain.Interface) {
	if !n.IsVirtio() {
		v.refuse(oneOf(n.Type, "vdpa", "vhostuser"),
			"invalid model for interface of type '%s': '%s' - must be 'virtio'", n.Type, n.Model)
		return
	}
	r := &n.Driver
	v.refuse(r.RxQueueSize != 0 && !powerOfTwo(r.RxQueueSize), "rx_queue_size has to be a power of two")
	v.refuse(r.TxQueueSize != 0 && !powerOfTwo(r.TxQueueSize), "tx_queue_size has to be a power of two")
	v.refuse(r.RSS.Given() && !v.has("virtio-net.rss"), "virtio rss is not supported with this QEMU binary")
	v.refuse(r.RSSHashReport.Given() && !v.has("virtio-net.rss"),
		"virtio rss hash report is not supported with this QEMU binary")
}

func (v *check) vhostUser(n *domain.Interface, passt bool) {
	s := n.Source.VhostUser
	if s == nil {
		s = &domain.ChardevSource{}
	}
	if s.Path == "" && !passt {
		v.XMLError("Missing required attribute '%s' in element '%s'", "path", "source")
	}
	v.refuse(s.Listen && s.Reconnect.Enabled == domain.Yes,
		"'reconnect' attribute is not supported when source mode='server' for <interface type='vhostuser'>")
	v.sharedMemory("interface")
}

// userNet checks what QEMU's own network, or passt, can give a guest.
func (v *check) userNet(n *domain.Interface) {
	backend, flag := "default", caps.Flag("netdev.user")
	if n.Backend.Type == "passt" {
		backend, flag = "passt", "netdev.stream"
	}
	v.refuse(!v.has(flag), "the '%s' network backend is not supported with this QEMU binary", backend)
	seen4, seen6 := false, false
	for _, ip := range n.GuestIP.Addresses {
		v.refuse(ip.Peer != "", "Invalid attempt to set peer IP for guest")
		if strings.Contains(ip.Address, ":") {
			v.refuse(seen6, "Only one IPv6 address per interface is allowed")
			seen6 = true
			v.refuse(ip.Prefix != 0 && ip.Prefix != prefix6, "unsupported IPv6 address prefix='%d' - must be 64", ip.Prefix)
			continue
		}
		v.refuse(seen4, "Only one IPv4 address per interface is allowed")
		seen4 = true
		if ip.Prefix > 0 && (ip.Prefix < minPrefix4 || ip.Prefix > maxPrefix4) {
			v.XMLError("invalid prefix, must be in range of 4-27")
		}
	}
}
