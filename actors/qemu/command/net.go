package command

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// ActualType is what an interface is once its network is known.
func actualType(n *domain.Interface) string {
	if n.Type == "network" && n.Actual != nil {
		return n.Actual.Type
	}
	return n.Type
}

func (b *builder) interfaces() {
	for _, n := range b.doc.Devices.Interfaces {
		if actualType(n) == "hostdev" {
			continue // comes with the host's devices
		}
		b.netBackend(n)
		b.zpci(&n.DeviceInfo)
		if b.onBoard(n) {
			b.arg("-net", fmt.Sprintf("nic,macaddr=%s,netdev=host%s%s,id=%s", n.MAC, n.Alias, nicModel(n), n.Alias))
		} else {
			b.device(b.nic(n))
		}
		if b.err != nil {
			return
		}
	}
}

// onBoard says whether a card is one of an ARM board, which are given by an older option.
func (b *builder) onBoard(n *domain.Interface) bool {
	return b.machine.ARM() && n.Address.Type != "virtio-mmio" && n.Address.Type != "pci"
}

func nicModel(n *domain.Interface) string {
	if n.Model == "" {
		return ""
	}
	return ",model=" + n.Model
}

// netBackend adds the host's end of a network card.
func (b *builder) netBackend(n *domain.Interface) {
	typ := actualType(n)
	if n.Script != "" && typ != "ethernet" {
		b.unsupported("scripts are not supported on interfaces of type %s", typ)
		return
	}
	p := &Props{}
	address := fmt.Sprintf("%s:%d", n.Source.Address, n.Source.Port)
	switch typ {
	case "bridge", "network", "direct", "ethernet":
		b.tapProps(p, n)
	case "client":
		p.Str("type", "socket").Str("connect", address)
	case "server":
		p.Str("type", "socket").Str("listen", address)
	case "mcast":
		p.Str("type", "socket").Str("mcast", address)
	case "udp":
		p.Str("type", "socket").Str("udp", address)
		p.Str("localaddr", fmt.Sprintf("%s:%d", n.Source.LocalAddress, n.Source.LocalPort))
	case "user":
		b.userProps(p, n)
	case "internal":
		p.Str("type", "user")
	case "vhostuser":
		b.vhostUserNet(p, n)
	case "vdpa":
		set := strconv.Itoa(b.fdset())
		b.addFD(set, Pass{Kind: "vdpa", Path: n.Source.Dev, Alias: n.Alias}, n.Alias+"-vdpa")
		p.Str("type", "vhost-vdpa").Str("vhostdev", "/dev/fdset/"+set)
		queuesProps(p, n)
	default:
		b.unsupported("network device type '%s' is not supported by this hypervisor", typ)
		return
	}
	b.netdev(p.Str("id", "host"+n.Alias))
}

func queuesProps(p *Props, n *domain.Interface) {
	if n.Driver.Queues > 1 {
		p.Uint("queues", uint64(n.Driver.Queues))
	}
}

// tapProps opens a queue each, and a vhost for each where the kernel is to move the packets.
func (b *builder) tapProps(p *Props, n *domain.Interface) {
	queues := int(max(n.Driver.Queues, 1))
	taps := b.passAll("tap", n, queues)
	p.Str("type", "tap")
	listProps(p, "fd", taps)
	if vhosts := b.vhosts(n, queues); len(vhosts) > 0 {
		p.Bool("vhost", true)
		listProps(p, "vhostfd", vhosts)
	}
	if n.SndBuf != nil {
		p.Uint("sndbuf", *n.SndBuf)
	}
}

func listProps(p *Props, name string, fds []string) {
	if len(fds) > 1 {
		name += "s"
	}
	p.Str(name, strings.Join(fds, ":"))
}

func (b *builder) passAll(kind string, n *domain.Interface, count int) []string {
	var fds []string
	for i := range count {
		fds = append(fds, b.passNumber(Pass{Kind: kind, Alias: n.Alias, Index: i, Path: n.Backend.Vhost}))
	}
	return fds
}

// vhosts opens the kernel's side of a card, where it is to have one.
func (b *builder) vhosts(n *domain.Interface, count int) []string {
	if b.env.Vhost == nil {
		return nil
	}
	numbers, err := b.env.Vhost(n, count)
	if err != nil {
		b.fail(err)
	}
	var fds []string
	for _, fd := range numbers {
		fds = append(fds, strconv.Itoa(fd))
	}
	return fds
}

func (b *builder) userProps(p *Props, n *domain.Interface) {
	if n.Backend.Type == "passt" {
		b.passtProps(p, n)
		return
	}
	p.Str("type", "user")
	for _, ip := range n.GuestIP.Addresses {
		a, err := netip.ParseAddr(ip.Address)
		switch {
		case err != nil:
		case a.Is4() && ip.Prefix > 0:
			p.Str("net", fmt.Sprintf("%s/%d", a, ip.Prefix))
		case a.Is4():
			p.Str("net", a.String())
		default:
			p.Str("ipv6-prefix", a.String()).OptUint("ipv6-prefixlen", uint64(ip.Prefix))
		}
	}
}

// passtReconnect is how long QEMU waits before it tries its passt again, in seconds.
const passtReconnect = 5

func (b *builder) passtProps(p *Props, n *domain.Interface) {
	p.Str("type", "stream").Obj("addr", props("type", "unix", "path", b.passtSocket(n))).Bool("server", false)
	switch {
	case b.has("netdev-stream-reconnect-miliseconds"):
		p.Uint("reconnect-ms", passtReconnect*1000)
	case b.has("netdev.stream.reconnect"):
		p.Uint("reconnect", passtReconnect)
	}
}

// passtSocket is where the passt of an interface listens.
func (b *builder) passtSocket(n *domain.Interface) string {
	return fmt.Sprintf("%s/%s-%s.socket", b.env.PasstDir, b.env.ShortName, n.Alias)
}

func (b *builder) vhostUserNet(p *Props, n *domain.Interface) {
	s := n.Source.VhostUser
	if n.Backend.Type == "passt" {
		s = &domain.ChardevSource{Type: "unix", Path: b.passtSocket(n)}
		s.Reconnect = domain.Reconnect{Enabled: domain.Yes, Timeout: passtReconnect}
	}
	if s != nil {
		b.chardev(s, "char"+n.Alias)
	}
	p.Str("type", "vhost-user").Str("chardev", "char"+n.Alias)
	queuesProps(p, n)
}

// offloads are the names of a card's offloads in documents and in QEMU.
var offloads = []struct {
	guest      bool
	attr, qemu string
}{
	{false, "csum", "csum"}, {false, "gso", "gso"}, {false, "tso4", "host_tso4"}, {false, "tso6", "host_tso6"},
	{false, "ecn", "host_ecn"}, {false, "ufo", "host_ufo"}, {false, "mrg_rxbuf", "mrg_rxbuf"},
	{true, "csum", "guest_csum"}, {true, "tso4", "guest_tso4"}, {true, "tso6", "guest_tso6"},
	{true, "ecn", "guest_ecn"}, {true, "ufo", "guest_ufo"},
}

// nic describes the guest's end.
func (b *builder) nic(n *domain.Interface) *Props {
	var p *Props
	if strings.HasPrefix(n.Model, "virtio") {
		p = b.virtioNIC(n)
	} else {
		p = props("driver", n.Model)
	}
	p.Str("netdev", "host"+n.Alias).Str("id", n.Alias).Str("mac", n.MAC)
	p.OptUint("bootindex", uint64(b.bootIndex(&n.DeviceInfo)))
	if b.caps.Has("virtio-ccw.loadparm") {
		p.OptStr("loadparm", n.LoadParm)
	}
	b.addressProps(p, &n.DeviceInfo)
	b.romProps(p, &n.DeviceInfo)
	return p
}

func (b *builder) virtioNIC(n *domain.Interface) *Props {
	p := b.virtioDevice("virtio-net", n.Model, &n.DeviceInfo, &n.Driver.Virtio)
	p.OptStr("tx", map[string]string{"iothread": "bh", "timer": "timer"}[n.Driver.TxMode])
	p.Switch("ioeventfd", n.Driver.IOEventFD).Switch("event_idx", n.Driver.EventIdx)
	for _, o := range offloads {
		states := n.Driver.Host
		if o.guest {
			states = n.Driver.Guest
		}
		p.Switch(o.qemu, states[o.attr])
	}
	if q := n.Driver.Queues; q > 1 {
		p.Bool("mq", true)
		if n.Address.Type != "ccw" {
			p.Uint("vectors", uint64(2*q+2)) // two a queue, control and configuration
		}
	}
	p.OptUint("rx_queue_size", uint64(n.Driver.RxQueueSize)).OptUint("tx_queue_size", uint64(n.Driver.TxQueueSize))
	p.Switch("rss", n.Driver.RSS).Switch("hash", n.Driver.RSSHashReport).OptUint("host_mtu", uint64(n.MTU))
	if n.Teaming != nil && n.Teaming.Type == "persistent" {
		p.Bool("failover", true)
	}
	return p
}
