package command

import (
	"fmt"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

func (b *builder) hostdevs() {
	nodes := NumberNodes(b.doc)
	for _, n := range b.doc.Devices.Interfaces {
		h := n.Hostdev
		if n.Type == "network" && n.Actual != nil {
			h = n.Actual.Hostdev
		}
		if actualType(n) == "hostdev" && h != nil {
			copied := *h
			copied.DeviceInfo = n.DeviceInfo
			copied.Teaming = n.Teaming
			b.hostdev(nodes, &copied, b.bootIndex(&n.DeviceInfo))
		}
	}
	for _, h := range b.doc.Devices.Hostdevs {
		if h.Mode == "subsystem" {
			b.hostdev(nodes, h, b.bootIndex(&h.DeviceInfo))
		}
	}
}

func (b *builder) hostdev(nodes *Nodes, h *domain.Hostdev, boot uint) {
	switch h.Type {
	case "usb":
		b.device(b.hostUSB(h, boot))
	case "pci":
		if h.Address.Type != "unassigned" {
			b.zpci(&h.DeviceInfo)
			b.device(b.hostPCI(h, boot))
		}
	case "scsi":
		b.hostSCSI(nodes, h, boot)
	case "scsi_host":
		p := b.virtioDevice("vhost-scsi", h.Model, &h.DeviceInfo, nil).Str("wwpn", h.WWPN)
		p.Str("vhostfd", b.passNumber(Pass{Kind: "vhost-scsi", Alias: h.Alias})).Str("id", h.Alias)
		b.addressProps(p, &h.DeviceInfo)
		b.device(p)
	case "mdev":
		b.device(b.mediated(h, boot))
	}
}

func (b *builder) hostPCI(h *domain.Hostdev, boot uint) *Props {
	a := &h.PCI.Address
	driver := "vfio-pci"
	if h.RamFB == domain.On {
		driver = "vfio-pci-nohotplug"
	}
	p := props("driver", driver, "host", fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function), "id", h.Alias)
	p.OptUint("bootindex", uint64(boot))
	if t := h.Teaming; t != nil && t.Type == "transient" {
		p.OptStr("failover_pair_id", t.Persistent)
	}
	p.OnOff("display", h.Display).OptBool("ramfb", h.RamFB == domain.On)
	b.addressProps(p, &h.DeviceInfo)
	b.romProps(p, &h.DeviceInfo)
	return p
}

func (b *builder) hostUSB(h *domain.Hostdev, boot uint) *Props {
	u := &h.USB
	p := props("driver", "usb-host")
	switch {
	case h.Missing:
	case u.Bus == 0 && u.Device == 0:
		b.internal("USB host device is missing bus/device information")
	case b.has("usb-host.hostdevice"):
		p.Str("hostdevice", fmt.Sprintf("/dev/bus/usb/%03d/%03d", u.Bus, u.Device))
	default:
		p.OptUint("hostbus", uint64(u.Bus)).OptUint("hostaddr", uint64(u.Device))
	}
	p.Str("id", h.Alias).OptUint("bootindex", uint64(boot))
	switch u.GuestReset {
	case "off":
		p.Bool("guest-reset", false)
	case "uninitialized":
		p.Bool("guest-reset", true).Bool("guest-resets-all", false)
	case "on":
		p.Bool("guest-reset", true).Bool("guest-resets-all", true)
	}
	b.addressProps(p, &h.DeviceInfo)
	return p
}

func (b *builder) mediated(h *domain.Hostdev, boot uint) *Props {
	driver := h.Model
	if driver == "vfio-pci" && h.RamFB == domain.On {
		driver = "vfio-pci-nohotplug"
	}
	p := props("driver", driver, "id", h.Alias, "sysfsdev", "/sys/bus/mdev/devices/"+h.UUID)
	p.OnOff("display", h.Display).OptBool("ramfb", h.RamFB == domain.On).OptUint("bootindex", uint64(boot))
	if b.caps.Has("virtio-ccw.loadparm") {
		p.OptStr("loadparm", h.LoadParm)
	}
	b.addressProps(p, &h.DeviceInfo)
	return p
}

// hostSCSI reaches a SCSI device through its generic node, or through iSCSI.
func (b *builder) hostSCSI(nodes *Nodes, h *domain.Hostdev, boot uint) {
	name := fmt.Sprintf("libvirt-%d-backend", nodes.Hostdevs[h])
	if s := h.SCSI.ISCSI; s != nil {
		i := &image{DiskSource: s, readOnly: h.ReadOnly, top: true, storage: name}
		b.imageObjects(i)
		b.blockdev(b.storageProps(i, true))
	} else {
		path := b.scsiNode(h)
		b.blockdev(props("driver", "host_device", "filename", path, "node-name", name).Bool("read-only", h.ReadOnly))
	}
	p := props("driver", "scsi-generic", "drive", name, "id", h.Alias)
	p.OptUint("bootindex", uint64(boot))
	if b.caps.Has("virtio-ccw.loadparm") {
		p.OptStr("loadparm", h.LoadParm)
	}
	b.addressProps(p, &h.DeviceInfo)
	b.device(p)
}

func (b *builder) scsiNode(h *domain.Hostdev) string {
	if b.env.SCSIGeneric == nil {
		b.internal("cannot find the host's SCSI device behind %s", h.SCSI.Adapter)
		return ""
	}
	path, err := b.env.SCSIGeneric(h.SCSI.Adapter, h.SCSI.Bus, h.SCSI.Target, h.SCSI.Unit)
	if err != nil {
		b.fail(err)
	}
	return path
}

func (b *builder) redirdevs() {
	filter := b.redirFilter()
	for _, r := range b.doc.Devices.Redirdevs {
		b.deviceChardev(&r.Source, r.Alias)
		p := props("driver", "usb-redir", "chardev", "char"+r.Alias, "id", r.Alias)
		p.OptStr("filter", filter).OptUint("bootindex", uint64(r.Boot))
		b.addressProps(p, &r.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) redirFilter() string {
	var rules []string
	part := func(v, width int) string {
		if v < 0 {
			return "-1"
		}
		return fmt.Sprintf("0x%0*X", width, v)
	}
	for _, r := range b.doc.Devices.RedirFilter {
		allow := 0
		if r.Allow {
			allow = 1
		}
		rules = append(rules, fmt.Sprintf("%s:%s:%s:%s:%d", part(r.Class, 2), part(r.Vendor, 4), part(r.Product, 4), part(r.Version, 4), allow))
	}
	return strings.Join(rules, "|")
}

// certificateDatabase is where certificates are looked for unless the document says where.
const certificateDatabase = "/etc/pki/nssdb"

// smartcards adds the one card that QEMU's reader takes.
func (b *builder) smartcards() {
	all := b.doc.Devices.Smartcards
	if len(all) == 0 {
		return
	}
	s := all[0]
	p := &Props{}
	switch s.Mode {
	case "host":
		p.Str("driver", "ccid-card-emulated").Str("backend", "nss-emulated")
	case "host-certificates":
		p.Str("driver", "ccid-card-emulated").Str("backend", "certificates")
		for i, name := range s.Certificates {
			p.Str(fmt.Sprintf("cert%d", i+1), name)
		}
		database := s.Database
		if database == "" {
			database = certificateDatabase
		}
		p.Str("db", database)
	case "passthrough":
		b.deviceChardev(s.Source, s.Alias)
		p.Str("driver", "ccid-card-passthru").Str("chardev", "char"+s.Alias)
	}
	b.device(p.Str("id", s.Alias).Str("bus", b.controllerAlias("ccid", s.Address.CCID.Controller)+".0"))
}
