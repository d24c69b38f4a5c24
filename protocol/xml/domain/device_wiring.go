package domain

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// maxTPMs are a TPM and a proxy.
const maxTPMs = 2

// devices reads <devices>, each kind in turn. What is wrong first ends the reading.
func (p *parser) devices(n *xmltree.Node, d *Domain) {
	v := &d.Devices
	v.Emulator = n.ChildText("emulator")
	each(p, n, "disk", func(c *xmltree.Node) { v.insertDisk(p.disk(c)) })
	noUSB := p.controllers(n, v)
	gather(p, n, "lease", &v.Leases, p.lease)
	gather(p, n, "filesystem", &v.Filesystems, p.filesystem)
	gather(p, n, "interface", &v.Interfaces, p.iface)
	gather(p, n, "smartcard", &v.Smartcards, p.smartcard)
	p.chardevs(n, v)
	gather(p, n, "input", &v.Inputs, p.input)
	if noUSB && slices.ContainsFunc(v.Inputs, func(i *Input) bool { return i.Bus == "usb" }) {
		p.Unsupported("Can't add USB input device. USB bus is disabled")
	}
	gather(p, n, "graphics", &v.Graphics, p.graphics)
	gather(p, n, "sound", &v.Sounds, p.sound)
	gather(p, n, "audio", &v.Audios, p.audio)
	p.videos(n, v)
	each(p, n, "hostdev", func(c *xmltree.Node) { p.addHostdev(c, v, noUSB) })
	gather(p, n, "watchdog", &v.Watchdogs, p.watchdog)
	single(p, n, "memballoon", &v.Memballoon, p.memballoon, func() {
		p.Internal("only a single memory balloon device is supported")
	})
	gather(p, n, "rng", &v.RNGs, p.rng)
	p.tpms(n, v)
	gather(p, n, "crypto", &v.Cryptos, p.crypto)
	single(p, n, "nvram", &v.NVRAM, p.nvramDevice, func() { p.Internal("only a single nvram device is supported") })
	gather(p, n, "hub", &v.Hubs, p.hub)
	if noUSB && len(v.Hubs) > 0 {
		p.Unsupported("Can't add USB hub: USB is disabled for this domain")
	}
	gather(p, n, "redirdev", &v.Redirdevs, p.redirdev)
	p.redirFilter(n, v)
	gather(p, n, "panic", &v.Panics, p.panic)
	gather(p, n, "shmem", &v.Shmems, p.shmem)
	gather(p, n, "memory", &v.Memories, p.memoryDevice)
	single(p, n, "iommu", &v.IOMMU, p.iommu, func() { p.XMLError("only a single IOMMU device is supported") })
	single(p, n, "vsock", &v.VSock, p.vsock, func() { p.XMLError("only a single vsock device is supported") })
	single(p, n, "pstore", &v.PStore, p.pstore, func() { p.XMLError("only a single pstore device is supported") })
}

func each(p *parser, n *xmltree.Node, name string, read func(*xmltree.Node)) {
	for c := range n.Children(name) {
		if !p.OK() {
			return
		}
		read(c)
	}
}

func gather[D any](p *parser, n *xmltree.Node, name string, list *[]*D, read func(*xmltree.Node) *D) {
	each(p, n, name, func(c *xmltree.Node) { *list = append(*list, read(c)) })
}

func single[D any](p *parser, n *xmltree.Node, name string, field **D, read func(*xmltree.Node) *D, many func()) {
	if n.Count(name) > 1 {
		many()
	}
	if c := n.Child(name); c != nil && p.OK() {
		*field = read(c)
	}
}

// insertDisk keeps the disks of a bus together, by their targets.
func (v *Devices) insertDisk(d *Disk) {
	at := -1
	for i, o := range slices.Backward(v.Disks) {
		switch {
		case o.Bus != d.Bus:
		case o.Target != "" && d.Target != "" && DiskIndex(o.Target) > DiskIndex(d.Target):
			at = i
		case at == -1:
			at = i + 1
		}
	}
	v.Disks = insertAt(v.Disks, at, d)
}

func insertAt[D any](list []D, at int, d D) []D {
	if at == -1 {
		at = len(list)
	}
	return slices.Insert(list, at, d)
}

// insertController keeps the controllers of a type together, by their indexes and masters before companions.
func (v *Devices) insertController(c *Controller) {
	at := -1
	for i, o := range slices.Backward(v.Controllers) {
		if o.Type != c.Type {
			continue
		}
		if c.Index == -1 {
			at = i + 1
			break
		}
		switch {
		case o.Index > c.Index, c.Master == nil && o.Master != nil && o.Index == c.Index:
			at = i
		case at == -1:
			at = i + 1
		}
	}
	v.Controllers = insertAt(v.Controllers, at, c)
}

// controllers reads the controllers and tells whether USB is switched off.
func (p *parser) controllers(n *xmltree.Node, v *Devices) (noUSB bool) {
	var others, master bool
	each(p, n, "controller", func(e *xmltree.Node) {
		c := p.controller(e)
		v.insertController(c)
		if c.Type != "usb" {
			return
		}
		none := c.Model == "none"
		if noUSB || none && others {
			p.XMLDetail("Can't add another USB controller: USB is disabled for this domain")
		}
		noUSB, others = noUSB || none, others || !none
		master = master || c.Master == nil
	})
	if others && !master {
		p.XMLDetail("No master USB controller specified")
	}
	return noUSB
}

func (p *parser) chardevs(n *xmltree.Node, v *Devices) {
	each(p, n, "parallel", func(e *xmltree.Node) {
		c := p.chardev(e)
		if c.Port == -1 {
			c.Port = nextPort(v.Parallels)
		}
		v.Parallels = append(v.Parallels, c)
	})
	gather(p, n, "serial", &v.Serials, p.chardev)
	each(p, n, "console", func(e *xmltree.Node) {
		c := p.chardev(e)
		c.Port = len(v.Consoles)
		v.Consoles = append(v.Consoles, c)
	})
	gather(p, n, "channel", &v.Channels, p.chardev)
}

// nextPort gives the number after the highest one.
func nextPort(list []*Chardev) int {
	highest := -1
	for _, c := range list {
		highest = max(highest, c.Port)
	}
	return highest + 1
}

// videos puts the primary card first, wherever the document has it.
func (p *parser) videos(n *xmltree.Node, v *Devices) {
	each(p, n, "video", func(e *xmltree.Node) {
		place := len(v.Videos)
		x := p.video(e)
		if x.Primary {
			place = 0
		}
		v.Videos = slices.Insert(v.Videos, place, x)
	})
}

func (p *parser) tpms(n *xmltree.Node, v *Devices) {
	if n.Count("tpm") > maxTPMs {
		p.XMLError("a maximum of two TPM devices is supported, one of them being a TPM proxy device")
	}
	gather(p, n, "tpm", &v.TPMs, p.tpm)
}

func (p *parser) addHostdev(n *xmltree.Node, v *Devices, noUSB bool) {
	h := p.hostdev(n)
	if noUSB && h.Mode == "subsystem" && h.Type == "usb" {
		p.Unsupported("Can't add host USB device: USB is disabled in this host")
	}
	v.Hostdevs = append(v.Hostdevs, h)
	if p.OK() {
		v.hostdevControllers()
	}
}

// formatDevices writes the content of <devices>, each kind in libvirt's order.
func (d *Domain) formatDevices(w *xmlout.Writer, o FormatOptions) {
	v := &d.Devices
	w.Elem("emulator", v.Emulator)
	write(v.Disks, func(x *Disk) { formatDisk(w, x, o) })
	write(v.Controllers, func(x *Controller) { formatController(w, x, o) })
	write(v.Leases, func(x *Lease) { formatLease(w, x) })
	write(v.Filesystems, func(x *Filesystem) { formatFilesystem(w, x) })
	write(v.Interfaces, func(x *Interface) { formatInterface(w, x, o) })
	write(v.Smartcards, func(x *Smartcard) { formatSmartcard(w, x, o) })
	write(v.Serials, func(x *Chardev) { formatChardev(w, x, o) })
	write(v.Parallels, func(x *Chardev) { formatChardev(w, x, o) })
	for i := range v.Consoles {
		formatConsole(w, d, i, o)
	}
	write(v.Channels, func(x *Chardev) { formatChardev(w, x, o) })
	write(v.Inputs, func(x *Input) { formatInput(w, x, o) })
	write(v.TPMs, func(x *TPM) { formatTPM(w, x) })
	write(v.Graphics, func(x *Graphics) { formatGraphics(w, x, o) })
	write(v.Sounds, func(x *Sound) { formatSound(w, x) })
	write(v.Audios, func(x *Audio) { formatAudio(w, x) })
	write(v.Videos, func(x *Video) { formatVideo(w, x) })
	write(v.Hostdevs, func(x *Hostdev) { formatHostdev(w, x, o) })
	write(v.Redirdevs, func(x *Redirdev) { formatRedirdev(w, x, o) })
	formatRedirFilter(w, v.RedirFilter)
	write(v.Hubs, func(x *Hub) { formatHub(w, x) })
	write(v.Watchdogs, func(x *Watchdog) { formatWatchdog(w, x) })
	if v.Memballoon != nil {
		formatMemballoon(w, v.Memballoon)
	}
	write(v.RNGs, func(x *RNG) { formatRNG(w, x, o) })
	if v.NVRAM != nil {
		formatNVRAMDevice(w, v.NVRAM)
	}
	write(v.Panics, func(x *Panic) { formatPanic(w, x) })
	write(v.Shmems, func(x *Shmem) { formatShmem(w, x) })
	write(v.Memories, func(x *MemoryDevice) { formatMemoryDevice(w, x, o) })
	write(v.Cryptos, func(x *Crypto) { formatCrypto(w, x) })
	formatPlatform(w, v)
}

func write[D any](list []*D, format func(*D)) {
	for _, d := range list {
		format(d)
	}
}

// nvramSource reads the source of the firmware's variables, which is like that of a disk.
func (p *parser) nvramSource(n *xmltree.Node, v *NVRAM) {
	v.Type = p.Enum(n, "type", sourceTypes, xmltree.Optional)
	v.Source = &DiskSource{Type: v.Type, Format: v.Format}
	if s := n.Child("source"); s != nil {
		p.source(s, v.Source)
	} else {
		p.Keep(&virerr.Error{Code: virerr.InternalError, Level: virerr.LevelError, Message: "An error occurred, but the cause is unknown"})
	}
}

func formatNVRAMSource(w *xmlout.Writer, v *NVRAM, o FormatOptions) {
	formatSource(w, v.Source, sourceForm{}, o)
}
