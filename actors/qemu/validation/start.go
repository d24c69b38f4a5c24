package validation

import (
	"slices"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// StartHost is what only counts once a machine is to start.
type StartHost struct {
	Privileged bool                // it is not a session's machine
	SpiceTLS   bool                // qemu.conf lets spice displays use TLS
	VFIO       bool                // the host can pass its devices through
	Node       func(node int) bool // whether the host has that memory node; nil for all
}

// Start says whether a machine that could be defined can also be started here.
func Start(d *domain.Domain, c *caps.Caps, h *StartHost) error {
	v := &check{Reader: xmltree.Reader{From: virerr.FromQEMU}, doc: d, caps: c, machine: machine.Of(d)}
	for _, look := range []func(){
		v.listens, v.startDisks, func() { v.session(h) }, v.displays, v.startNets, v.startControllers,
		func() { v.nodes(h.Node) }, v.chardevProtocols, func() { v.displayPorts(h.SpiceTLS) }, func() { v.passed(h.VFIO) },
	} {
		if look(); !v.OK() {
			break
		}
	}
	return v.Err()
}

func (v *check) listens() {
	for _, g := range v.doc.Devices.Graphics {
		v.refuse(oneOf(g.Type, "vnc", "spice") && len(g.Listens) > 1,
			"QEMU does not support multiple listens for one graphics device.")
	}
}

func (v *check) startDisks() {
	for _, k := range v.doc.Devices.Disks {
		v.refuse(k.Source.Network != nil && k.Source.Network.Protocol == "vxhs", "VxHS protocol is not supported with this QEMU binary")
		v.refuse(k.Device == "floppy" && v.machine.PSeries(), "PowerPC pseries machines do not support floppy device")
		v.refuse(k.Source.Type == "nvme" && !v.has("drive-nvme"), "NVMe disks are not supported with this QEMU binary")
	}
}

// session refuses what takes cgroups from a machine that has none.
func (v *check) session(h *StartHost) {
	if h.Privileged {
		return
	}
	m, t := v.doc.MemTune, v.doc.CPUTune
	limited := func(size uint64) bool { return size < domain.Unlimited }
	v.refuse(limited(m.HardLimit) || limited(m.SoftLimit) || limited(m.SwapHardLimit), "Memory tuning is not available in session mode")
	v.refuse(v.doc.BlkioTune.Weight != 0, "Block I/O tuning is not available in session mode")
	times := t.Period | t.GlobalPeriod | t.EmulatorPeriod | t.IOThreadPeriod
	quotas := t.Quota | t.GlobalQuota | t.EmulatorQuota | t.IOThreadQuota
	v.refuse(t.Shares != nil || times != 0 || quotas != 0, "CPU tuning is not available in session mode")
}

func (v *check) displays() {
	seen := map[string]bool{}
	for _, g := range v.doc.Devices.Graphics {
		v.refuse(seen[g.Type] && oneOf(g.Type, "sdl", "vnc", "spice", "egl-headless", "dbus"),
			"only 1 graphics device of each type (sdl, vnc, spice, headless, dbus) is supported")
		seen[g.Type] = true
	}
}

// displayPorts checks where displays listen, by the ports they have got.
func (v *check) displayPorts(tls bool) {
	for _, g := range v.doc.Devices.Graphics {
		if g.Type == "spice" {
			v.spiceModes(g, tls)
		}
		v.refuse(g.Type == "vnc" && len(g.Listens) > 0 && oneOf(g.Listens[0].Type, "address", "network") &&
			!g.AutoPort && (g.Port < minVNCPort || g.Port > maxPort), "vnc port must be in range [5900,65535]")
	}
}

const (
	minVNCPort = 5900
	maxPort    = 65535
)

// spiceModes wants a plain and a secure port where the document asks for either.
func (v *check) spiceModes(g *domain.Graphics, tls bool) {
	if len(g.Listens) == 0 || !oneOf(g.Listens[0].Type, "address", "network") {
		return
	}
	secure := tls && (g.TLSPort > 0 || g.AutoPort)
	plain := g.Port > 0 || g.AutoPort
	v.refuse(g.Spice.DefaultMode == "secure" && !secure,
		"spice defaultMode secure requested in XML configuration, but TLS connection is not available")
	v.refuse(g.Spice.DefaultMode == "insecure" && !plain,
		"spice defaultMode insecure requested in XML configuration, but plaintext connection is not available")
	for _, mode := range g.Spice.Channels {
		v.refuse(mode == "secure" && !secure,
			"spice secure channels set in XML configuration, but TLS connection is not available")
		v.refuse(mode == "insecure" && !plain,
			"spice insecure channels set in XML configuration, but plaintext connection is not available")
	}
}

// startNets checks interfaces by what they are once their network is known.
func (v *check) startNets() {
	for _, n := range v.doc.Devices.Interfaces {
		if n.Type != "network" || n.Actual != nil {
			v.Keep(n.ValidateActual())
		}
		actual, port := n.Type, n.VirtualPort
		if n.Actual != nil {
			actual, port = n.Actual.Type, n.Actual.VirtualPort
		}
		tap := oneOf(actual, "network", "bridge", "ethernet")
		on := func(bad bool, what string) { v.refuse(bad, "interface %s - "+what, n.MAC, actual) }
		on(n.Driver.Queues > 0 && !tap && !oneOf(actual, "direct", "vhostuser", "vdpa"),
			"multiqueue is not supported for network interfaces of type %s")
		on(n.Filter != "" && !tap, "filterref is not supported for network interfaces of type %s")
		v.refuse(n.Filter != "" && port != nil && port.Type != "",
			"interface %s - filterref is not supported for network interfaces with virtualport type %s", n.MAC, portType(port))
		on(n.Backend.Tap != "" && !tap, "custom tap device path is not supported for network interfaces of type %s")
		on(n.Teaming != nil && n.Teaming.Type == "transient" && actual != "hostdev",
			"teaming transient device must be type='hostdev', not '%s'")
	}
}

func portType(p *domain.VirtualPort) string {
	if p == nil {
		return ""
	}
	return p.Type
}

// usbFlags are QEMU's USB controllers.
var usbFlags = map[string]caps.Flag{
	"piix3-uhci": "piix3-usb-uhci", "piix4-uhci": "piix4-usb-uhci", "ehci": "usb-ehci",
	"ich9-ehci1": "ich9-usb-ehci1", "ich9-uhci1": "ich9-usb-ehci1", "ich9-uhci2": "ich9-usb-ehci1", "ich9-uhci3": "ich9-usb-ehci1",
	"vt82c686b-uhci": "vt82c686b-usb-uhci", "pci-ohci": "pci-ohci", "nec-xhci": "nec-usb-xhci", "qemu-xhci": "qemu-xhci",
}

func (v *check) startControllers() {
	for _, c := range v.doc.Devices.Controllers {
		if c.Type != "usb" || c.Model == "none" || c.Model == "" && v.machine.S390() {
			continue
		}
		v.refuse(c.Model == "", "no model provided for USB controller")
		flag, known := usbFlags[c.Model]
		v.refuse(!known || !v.has(flag), "USB controller model '%s' not supported in this QEMU binary", c.Model)
		v.refuse(c.Ports != nil && !oneOf(c.Model, "nec-xhci", "qemu-xhci"),
			"usb controller type '%s' doesn't support 'ports' with this QEMU binary", c.Model)
	}
}

// nodes wants the host to have the memory nodes that the guest is bound to.
func (v *check) nodes(there func(int) bool) {
	if there == nil {
		return
	}
	var sets []*domain.CPUSet
	if m := v.doc.NumaTune.Memory; m != nil {
		sets = append(sets, m.Nodes)
	}
	for _, n := range v.doc.NumaTune.Nodes {
		sets = append(sets, n.Nodes)
	}
	for _, m := range v.doc.Devices.Memories {
		sets = append(sets, m.Nodes)
	}
	for _, set := range sets {
		if i := slices.IndexFunc(set.Members(), func(n int) bool { return !there(n) }); i >= 0 {
			v.Unsupported("NUMA node %d is unavailable", set.Members()[i])
		}
	}
}

func (v *check) chardevProtocols() {
	for dev := range v.doc.Devices.All() {
		c, ok := dev.(*domain.Chardev)
		if ok && c.Source.Type == "tcp" {
			v.refuse(oneOf(c.Source.Protocol, "telnets", "tls"), "tcp chardev protocol '%s' not supported", c.Source.Protocol)
		}
	}
}

// passed wants a host that can pass its PCI devices through.
func (v *check) passed(vfio bool) {
	for _, n := range v.doc.Devices.Interfaces {
		if h := n.Hostdev; h != nil && h.Type == "pci" {
			v.passedBy(h.PCI.DriverName, vfio)
		}
	}
	for _, h := range v.doc.Devices.Hostdevs {
		if h.Mode == "subsystem" && h.Type == "pci" {
			v.passedBy(h.PCI.DriverName, vfio)
		}
	}
}

func (v *check) passedBy(driver string, vfio bool) {
	switch driver {
	case "kvm":
		v.Unsupported("host doesn't support legacy PCI passthrough")
	case "xen":
		v.Unsupported("QEMU does not support device assignment mode '%s'", driver)
	case "vfio":
		v.refuse(!vfio, "host doesn't support VFIO PCI passthrough")
	default:
		v.refuse(!vfio, "host doesn't support passthrough of host PCI devices")
		v.refuse(!v.has("vfio-pci"), noVFIO+"QEMU")
	}
}
