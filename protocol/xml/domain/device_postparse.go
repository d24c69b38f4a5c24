package domain

import (
	"math/bits"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/uuid"
)

const (
	maxISAPorts    = 4
	defaultStreams = 2
)

// diskPrefixes tell the bus of a disk from its target.
var diskPrefixes = []struct{ prefix, bus string }{
	{"hd", "ide"}, {"sd", "scsi"}, {"vd", "virtio"}, {"xvd", "xen"}, {"ubd", "uml"},
}

// Complete gives one device what a driver gives it before the generic defaults.
type Complete func(Device) error

// PostParseDevices completes every device: first as the driver does, then as libvirt does for all.
func (d *Domain) PostParseDevices(o ParseOptions, driver Complete) error {
	for dev := range d.Devices.All() {
		if err := d.PostParseDevice(dev, o, driver); err != nil {
			return err
		}
	}
	return nil
}

// PostParseDevice completes one device of the domain, or one that is about to be.
func (d *Domain) PostParseDevice(dev Device, o ParseOptions, driver Complete) error {
	if driver != nil {
		if err := driver(dev); err != nil {
			return err
		}
	}
	p := &parser{opts: o}
	p.postDevice(dev, d)
	return p.Err()
}

func (p *parser) postDevice(dev Device, d *Domain) {
	switch v := dev.(type) {
	case *Chardev:
		p.postChardev(v, d)
	case *RNG:
		if v.Backend == "random" && v.File == "" {
			v.File = "/dev/random"
		}
	case *Disk:
		p.postDisk(v, d)
	case *Video:
		v.fillMemory(d)
	case *Hostdev:
		p.postHostdev(v, d)
	case *Controller:
		if v.Driver.IOThread != 0 && !slices.Contains(virtioSCSIModels, v.Model) {
			p.XMLError("'iothread' attribute only supported for virtio scsi controllers")
		}
	case *VSock:
		if !v.AutoCID.Given() {
			v.AutoCID = No
			if v.CID == 0 {
				v.AutoCID = Yes
			}
		}
	case *MemoryDevice:
		v.complete(d)
	case *Filesystem:
		if v.AccessMode == "" && v.Socket == "" {
			v.AccessMode = "passthrough"
		}
	case *Input:
		v.chooseBus(d)
	case *Sound:
		if v.Model == "virtio" && v.Streams == 0 {
			v.Streams = defaultStreams
		}
	}
}

var virtioSCSIModels = []string{"virtio-scsi", "virtio-transitional", "virtio-non-transitional"}

func (p *parser) postChardev(c *Chardev, d *Domain) {
	if c.Kind == "console" && c.TargetType == "" {
		c.TargetType = "serial"
	}
	if c.Kind == "serial" && c.TargetType == "isa-debug" && !d.x86() {
		p.Unsupported("isa-debug serial type only valid on x86 architecture")
	}
	if c.Port != -1 {
		return
	}
	switch c.Kind {
	case "parallel":
		c.Port = nextPort(d.Devices.Parallels)
	case "serial":
		c.Port = nextPort(d.Devices.Serials)
	case "console":
		c.Port = nextPort(d.Devices.Consoles)
	}
}

func (d *Domain) x86() bool { return d.OS.Arch == "x86_64" || d.OS.Arch == "i686" }

func (p *parser) postDisk(k *Disk, d *Domain) {
	k.Target = strings.TrimPrefix(k.Target, "ioemu:")
	if k.Device == "cdrom" {
		k.ReadOnly = true
	}
	if k.Bus == "" {
		k.Bus = k.impliedBus()
	}
	if k.Snapshot == "" && (k.ReadOnly || k.Source.Type == "vhostuser") {
		k.Snapshot = "no"
	}
	lun(k.Source)
	if k.Source.Type == "nvme" && !k.Source.NVMe.Managed.Given() {
		k.Source.NVMe.Managed = Yes
	}
	if k.DeviceInfo.Address.Type == "" && k.Target != "" {
		p.Keep(d.AssignDiskAddress(k))
	}
	k.shareIOTune(d)
}

func (k *Disk) impliedBus() string {
	if k.Device == "floppy" {
		return "fdc"
	}
	for _, x := range diskPrefixes {
		if strings.HasPrefix(k.Target, x.prefix) {
			return x.bus
		}
	}
	return "ide"
}

// shareIOTune takes the limits of another disk of the group when this one has none.
func (k *Disk) shareIOTune(d *Domain) {
	if k.IOTuneGroup == "" || len(k.IOTune) > 0 {
		return
	}
	for _, o := range d.Devices.Disks {
		if o.IOTuneGroup == k.IOTuneGroup && len(o.IOTune) > 0 {
			k.IOTune = o.IOTune
			return
		}
	}
}

// DefaultVideoRAM gives how much a card of that model has, in KiB.
func (d *Domain) DefaultVideoRAM(model string) uint {
	switch model {
	case "vga", "cirrus", "vmvga":
		switch d.Type {
		case "vbox":
			return 8 << 10
		case "vmware":
			return 4 << 10
		}
		return 16 << 10
	case "bochs":
		return 16 << 10
	case "xen":
		return 4 << 10
	case "qxl":
		return 64 << 10
	}
	return 0
}

func (v *Video) fillMemory(d *Domain) {
	if v.RAM == 0 && v.Model == "qxl" {
		v.RAM = d.DefaultVideoRAM(v.Model)
	}
	if v.VRAM == 0 {
		v.VRAM = d.DefaultVideoRAM(v.Model)
	}
	v.RAM, v.VRAM = powerOfTwo(v.RAM), powerOfTwo(v.VRAM)
}

// powerOfTwo rounds up.
func powerOfTwo(v uint) uint {
	if v == 0 {
		return 0
	}
	return 1 << bits.Len(v-1)
}

func (p *parser) postHostdev(h *Hostdev, d *Domain) {
	if h.Mode != "subsystem" {
		return
	}
	a := &h.DeviceInfo.Address
	switch h.Type {
	case "scsi":
		lun(h.SCSI.ISCSI)
		if a.Type == "" {
			*a = Address{Type: "drive", Drive: d.Devices.freeSCSI()}
		}
		if at := a.Drive; d.Devices.diskAt("scsi", at) {
			p.XMLError("SCSI host address controller='%d' bus='%d' target='%d' unit='%d' in use by a SCSI disk",
				at.Controller, at.Bus, at.Target, at.Unit)
		}
	case "mdev":
		if h.Model == "vfio-pci" && a.Type != "" && a.Type != "pci" || h.Model == "vfio-ccw" && a.Type != "" && a.Type != "ccw" {
			p.XMLError("Unsupported address type '%s' with mediated device model '%s'", a.Type, h.Model)
		}
	}
}

func (m *MemoryDevice) complete(d *Domain) {
	switch {
	case m.Model == "virtio-pmem" && m.Access == "":
		m.Access = "shared"
	case m.Model == "nvdimm" && m.UUID == nil && strings.HasPrefix(d.OS.Arch, "ppc64"):
		u := uuid.New()
		m.UUID = &u
	}
}

func (i *Input) chooseBus(d *Domain) {
	if i.Bus != "" {
		return
	}
	switch {
	case d.OS.Type == "hvm" && (i.Type == "mouse" || i.Type == "keyboard") && (d.x86() || d.OS.Arch == ""):
		i.Bus = "ps2"
	case d.OS.Type == "hvm" && (strings.HasPrefix(d.OS.Arch, "s390") || i.Type == "passthrough"):
		i.Bus = "virtio"
	case d.OS.Type == "hvm" && i.Type == "evdev":
		i.Bus = "none"
	case d.OS.Type == "hvm":
		i.Bus = "usb"
	case d.OS.Type == "xen", d.OS.Type == "xenpvh":
		i.Bus = "xen"
	case d.Type == "vz", d.Type == "parallels":
		i.Bus = "parallels"
	}
}
