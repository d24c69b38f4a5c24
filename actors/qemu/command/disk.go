package command

import (
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

func (b *builder) disks() {
	b.floppyController()
	nodes := NumberNodes(b.doc)
	for _, d := range b.doc.Devices.Disks {
		if d.Transient && d.ShareBacking == domain.Yes {
			continue // plugged in once its overlay is there
		}
		top := b.diskSource(nodes, d)
		if d.Bus == "sd" {
			continue
		}
		b.zpci(&d.DeviceInfo)
		b.device(b.diskProps(d, top))
	}
}

// floppyController gives the turns at booting of floppies to their controller, which only Q35 lacks.
func (b *builder) floppyController() {
	var turns [2]uint
	found := false
	for _, d := range b.doc.Devices.Disks {
		if d.Bus == "fdc" {
			found = true
			turns[min(d.Address.Drive.Unit, 1)] = b.bootIndex(&d.DeviceInfo)
		}
	}
	switch {
	case !found:
	case b.machine.Q35():
		p := props("driver", "isa-fdc")
		b.device(p.OptUint("bootindexA", uint64(turns[0])).OptUint("bootindexB", uint64(turns[1])))
	default:
		for i, turn := range turns {
			if turn > 0 {
				b.arg("-global", fmt.Sprintf("isa-fdc.bootindex%c=%d", 'A'+i, turn))
			}
		}
	}
}

// diskSource adds what is behind a disk and gives the name of the topmost node; empty for an empty drive.
func (b *builder) diskSource(nodes *Nodes, d *domain.Disk) string {
	switch {
	case d.Source.Type == "vhostuser":
		b.chardev(d.Source.VhostUser, vhostUserAlias(d.Alias))
		return ""
	case d.Bus == "sd":
		b.sdDrive(nodes, d)
		return ""
	case d.Source.Empty():
		return ""
	}
	chain := b.chain(nodes, d)
	b.chainBlockdevs(chain)
	if len(chain) == 0 {
		return ""
	}
	top := chain[0].node()
	if d.Driver.CopyOnRead == domain.On {
		name := "libvirt-CoR-" + d.Target
		b.blockdev(props("driver", "copy-on-read", "node-name", name, "file", top, "discard", "unmap"))
		top = name
	}
	for i, group := range d.ThrottleNames {
		name := fmt.Sprintf("libvirt-%d-filter", nodes.Filters[d][i])
		b.blockdev(props("driver", "throttle", "node-name", name, "throttle-group", "throttle-"+group, "file", top))
		top = name
	}
	return top
}

func vhostUserAlias(device string) string { return "chr-vu-" + device }

// sdDrive is for cards, which QEMU takes in the old form only.
func (b *builder) sdDrive(nodes *Nodes, d *domain.Disk) {
	parts := []string{"if=sd", fmt.Sprintf("index=%d", domain.DiskIndex(d.Target))}
	if !d.Source.Empty() {
		parts = append([]string{"file=" + escape(d.Source.Path)}, parts...)
		if d.Source.Format != "" {
			parts = append([]string{parts[0], "format=" + d.Source.Format}, parts[1:]...)
		}
	}
	_ = nodes
	b.arg("-drive", strings.Join(parts, ","))
}

// diskDrivers are QEMU's devices by bus and kind of device; virtio disks have names of their own.
func diskDriver(d *domain.Disk) string {
	switch d.Bus {
	case "ide", "sata":
		if d.Device == "cdrom" {
			return "ide-cd"
		}
		return "ide-hd"
	case "scsi":
		return map[string]string{"lun": "scsi-block", "cdrom": "scsi-cd"}[d.Device]
	case "usb":
		return "usb-storage"
	case "fdc":
		return "floppy"
	}
	return ""
}

// diskProps describes the guest's side of a disk.
func (b *builder) diskProps(d *domain.Disk, node string) *Props {
	p := b.diskStart(d)
	if b.err != nil {
		return nil
	}
	b.addressProps(p, &d.DeviceInfo)
	if d.Bus == "scsi" && d.Device != "lun" {
		id := d.Serial
		if id == "" {
			id = "drive-" + d.Alias
		}
		p.Str("device_id", id)
	}
	if d.Shareable {
		p.Bool("share-rw", true)
	}
	p.OptStr("drive", node)
	if d.Source.Type == "vhostuser" {
		p.Str("chardev", vhostUserAlias(d.Alias))
	}
	p.Str("id", d.Alias)
	if d.Device != "floppy" {
		p.OptUint("bootindex", uint64(b.bootIndex(&d.DeviceInfo)))
		if b.caps.Has("virtio-ccw.loadparm") {
			p.OptStr("loadparm", d.LoadParm)
		}
	}
	b.diskShape(p, d)
	b.diskIdentity(p, d)
	return p
}

func (b *builder) diskStart(d *domain.Disk) *Props {
	switch d.Bus {
	case "virtio":
		return b.virtioDisk(d)
	case "scsi":
		if diskDriver(d) == "" {
			return props("driver", "scsi-hd")
		}
	case "ide", "sata", "usb", "fdc":
	default:
		b.internal("unsupported disk bus '%s' with device setup", d.Bus)
	}
	return props("driver", diskDriver(d))
}

func (b *builder) virtioDisk(d *domain.Disk) *Props {
	base := "virtio-blk"
	if d.Source.Type == "vhostuser" {
		base = "vhost-user-blk"
	}
	p := b.virtioDevice(base, d.Model, &d.DeviceInfo, &d.Driver.Virtio)
	p.OptStr("iothread", ioThreadAlias(d.Driver.IOThread))
	p.Switch("ioeventfd", d.Driver.IOEventFD).Switch("event_idx", d.Driver.EventIdx)
	if d.Source.Type != "vhostuser" && b.caps.Has("virtio-blk-pci.scsi") {
		switch {
		case d.Device == "lun":
			p.Bool("scsi", true)
		case !b.caps.Has("virtio-blk-pci.scsi.default.disabled"):
			p.Bool("scsi", false)
		}
	}
	p.OptUint("num-queues", uint64(d.Driver.Queues)).OptUint("queue-size", uint64(d.Driver.QueueSize))
	ioThreadMapping(p, d.Driver.IOThreads)
	return p
}

// diskShape adds sizes, caching and geometry.
func (b *builder) diskShape(p *Props, d *domain.Disk) {
	p.OptUint("logical_block_size", uint64(d.BlockIO.Logical))
	p.OptUint("physical_block_size", uint64(d.BlockIO.Physical))
	p.OptUint("discard_granularity", uint64(d.BlockIO.DiscardGranularity))
	if d.WWN != "" {
		w, err := strconv.ParseUint(strings.TrimPrefix(d.WWN, "0x"), 16, 64)
		if err != nil {
			b.fail(virerr.New(virerr.FromQEMU, virerr.InvalidArg, "Failed to parse wwn '%s' as number", d.WWN))
		}
		p.Uint("wwn", w)
	}
	p.OptUint("rotation_rate", uint64(d.RotationRate))
}

// diskIdentity adds names, what the cache does, geometry and what happens on errors.
func (b *builder) diskIdentity(p *Props, d *domain.Disk) {
	p.OptStr("vendor", d.Vendor)
	switch d.Bus {
	case "scsi":
		p.OptStr("product", d.Product)
	case "ide", "sata":
		p.OptStr("model", d.Product)
	}
	switch {
	case d.Bus == "scsi" && d.Device == "disk":
		p.Switch("removable", d.Removable)
	case d.Bus == "usb" && !d.Removable.Given():
		p.Bool("removable", false)
	case d.Bus == "usb":
		p.Switch("removable", d.Removable)
	}
	if mode := cacheMode(d); mode != "" && d.Device != "lun" {
		p.OnOff("write-cache", xmltree.TristateOf(mode != "writethrough" && mode != "directsync"))
	}
	if g := d.Geometry; g != nil {
		p.OptUint("cyls", uint64(g.Cylinders)).OptUint("heads", uint64(g.Heads)).OptUint("secs", uint64(g.Sectors))
		p.OptStr("bios-chs-trans", g.Translation)
	}
	p.OptStr("serial", strings.ReplaceAll(d.Serial, " ", `\ `))
	write, read := d.Driver.ErrorPolicy, d.Driver.RErrorPolicy
	switch {
	case write == "enospace":
		write = "enospc"
	case read == "":
		read = write
	}
	p.OptStr("werror", write).OptStr("rerror", read)
}

// throttleProps are the limits of a group by QEMU's names, always all of them.
var throttleProps = []struct{ qemu, limit string }{
	{"bps-total", "total_bytes_sec"}, {"bps-read", "read_bytes_sec"}, {"bps-write", "write_bytes_sec"},
	{"iops-total", "total_iops_sec"}, {"iops-read", "read_iops_sec"}, {"iops-write", "write_iops_sec"},
	{"bps-total-max", "total_bytes_sec_max"}, {"bps-read-max", "read_bytes_sec_max"},
	{"bps-write-max", "write_bytes_sec_max"}, {"iops-total-max", "total_iops_sec_max"},
	{"iops-read-max", "read_iops_sec_max"}, {"iops-write-max", "write_iops_sec_max"}, {"iops-size", "size_iops_sec"},
	{"bps-total-max-length", "total_bytes_sec_max_length"}, {"bps-read-max-length", "read_bytes_sec_max_length"},
	{"bps-write-max-length", "write_bytes_sec_max_length"}, {"iops-total-max-length", "total_iops_sec_max_length"},
	{"iops-read-max-length", "read_iops_sec_max_length"}, {"iops-write-max-length", "write_iops_sec_max_length"},
}

func (b *builder) throttleGroups() {
	for _, g := range b.doc.ThrottleGroups {
		if len(g.Limits) == 0 {
			continue
		}
		limits := &Props{}
		for _, l := range throttleProps {
			if strings.HasSuffix(l.qemu, "-length") {
				limits.OptUint(l.qemu, g.Limits[l.limit])
				continue
			}
			limits.Uint(l.qemu, g.Limits[l.limit])
		}
		b.object(props("qom-type", "throttle-group", "id", "throttle-"+g.Name).Obj("limits", limits))
	}
}
