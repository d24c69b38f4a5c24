package defaults

import (
	"fmt"
	"regexp"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

func (a *applier) has(flag string) bool { return a.binary.Has(caps.Flag(flag)) }

func unsupported(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, format, args...)
}

// qxlVGAMem is what QXL cards have for VGA modes, in KiB.
const qxlVGAMem = 16 * 1024

// defaultShmem is what shared memory has without a size, in bytes.
const defaultShmem = 4 << 20

// device gives one device what this hypervisor gives it.
func (a *applier) device(dev domain.Device) error {
	switch v := dev.(type) {
	case *domain.Interface:
		a.netModel(v)
	case *domain.Disk:
		completeDisk(v)
	case *domain.Video:
		a.video(v)
	case *domain.Panic:
		if v.Model == "" {
			v.Model = a.panicModel()
		}
	case *domain.Controller:
		return a.controller(v)
	case *domain.Shmem:
		return shmem(v)
	case *domain.Chardev:
		a.chardev(v)
	case *domain.VSock:
		if v.Model == "" {
			v.Model = "virtio"
		}
	case *domain.Hostdev:
		if v.Type == "mdev" && v.Model == "vfio-pci" && !v.Display.Given() {
			v.Display = domain.Off
		}
	case *domain.TPM:
		a.tpm(v)
	case *domain.PStore:
		if v.Path == "" {
			v.Path = fmt.Sprintf("%s/%s_PSTORE.raw", a.host.NVRAMDir, a.doc.Name)
		}
	case *domain.IOMMU:
		a.iommu(v)
	case *domain.MemoryDevice:
		if a.opts.ABIUpdate && a.machine.PPC64() {
			return alignModule(v, memoryAlignPower)
		}
	}
	return nil
}

func (a *applier) netModel(n *domain.Interface) {
	actual := n.Type
	if actual == "network" && n.Actual != nil {
		actual = n.Actual.Type
	}
	switch {
	case n.Model != "":
	case n.Type == "vdpa" || n.Type == "vhostuser":
		n.Model = "virtio"
	case n.Type != "hostdev" && actual != "hostdev":
		n.Model = a.defaultNetModel()
	}
	if n.Type == "user" && n.Backend.Type == "" && !a.has("netdev.user") && a.has("netdev.stream.reconnect") {
		n.Backend.Type = "passt"
	}
}

func (a *applier) defaultNetModel() string {
	m := a.machine
	switch {
	case m.S390() || m.LoongArchVirt() || m.RISCVVirt() || m.ARMVirt():
		return "virtio"
	case m.ARM() && m.Name == "versatilepb":
		return "smc91c111"
	case m.ARM():
		return "lan9118"
	case a.has("rtl8139"):
		return "rtl8139"
	case a.has("e1000"):
		return "e1000"
	case a.has("virtio-net"):
		return "virtio"
	}
	return "rtl8139"
}

func completeDisk(d *domain.Disk) {
	if d.Driver.Name == "" {
		d.Driver.Name = "qemu"
	}
	if d.Source.Format == "" && d.Source.Type != "volume" {
		d.Source.Format = "raw"
	}
	if d.Mirror != nil && d.Mirror.Source.Format == "" {
		d.Mirror.Source.Format = "raw"
	}
	for s := d.Source; s != nil && s.Type != "" && s.Type != "none"; s = s.Backing {
		defaultEngine(s)
	}
}

func (a *applier) video(v *domain.Video) {
	if v.Model == "" {
		v.Model = a.defaultVideo()
	}
	if v.Model == "qxl" && v.VGAMem == 0 {
		v.VGAMem = qxlVGAMem
	}
}

func (a *applier) defaultVideo() string {
	m := a.machine
	switch {
	case m.PPC64():
		return "vga"
	case m.ARMVirt() || m.LoongArchVirt() || m.RISCVVirt() || m.S390():
		return "virtio"
	case a.has("cirrus-vga"):
		return "cirrus"
	case a.has("VGA"):
		return "vga"
	}
	return ""
}

func shmem(s *domain.Shmem) error {
	if s.Model != "ivshmem-doorbell" && s.Size == 0 {
		s.Size = defaultShmem
	}
	switch {
	case s.Model == "ivshmem" || s.Model == "":
		return nil
	case !s.Server && s.Model == "ivshmem-doorbell":
		return unsupported("shmem model '%s' is supported only with server option enabled", s.Model)
	case !s.Server && s.MSI:
		return unsupported("shmem model '%s' doesn't support msi", s.Model)
	case !s.Server:
		return nil
	case s.Model == "ivshmem-plain":
		return unsupported("shmem model '%s' is supported only with server option disabled", s.Model)
	case s.Size != 0:
		return unsupported("shmem model '%s' does not support size setting", s.Model)
	}
	s.MSI = true
	if !s.MSIIOEventFD.Given() {
		s.MSIIOEventFD = domain.On
	}
	return nil
}

func (a *applier) tpm(t *domain.TPM) {
	if t.Model == "" {
		t.Model = "tpm-tis"
		if a.machine.PPC64() {
			t.Model = "tpm-spapr"
		}
	}
	if t.Backend != "emulator" || t.Version != "" {
		return
	}
	t.Version = "2.0"
	if t.Model == "tpm-tis" && a.machine.X86() {
		t.Version = "1.2" // what it was when there was no choice
	}
}

func (a *applier) iommu(i *domain.IOMMU) {
	if !a.opts.ABIUpdate || !a.needsEIM() || i.Model != "intel" {
		return
	}
	if !i.IntRemap.Given() && a.has("intel-iommu.intremap") {
		i.IntRemap = domain.On
	}
	if !i.EIM.Given() && a.has("intel-iommu.eim") {
		i.EIM = domain.On
	}
}

// serialModels are the devices of serial ports by the type of their target.
var serialModels = map[string]string{
	"isa-serial":       "isa-serial",
	"usb-serial":       "usb-serial",
	"pci-serial":       "pci-serial",
	"spapr-vio-serial": "spapr-vty",
	"sclp-serial":      "sclpconsole",
	"isa-debug":        "isa-debugcon",
}

func (a *applier) chardev(c *domain.Chardev) {
	if c.Kind == "serial" {
		a.serial(c)
	}
	if !a.opts.Inactive {
		return
	}
	a.forgetChannelPath(c)
	if c.Source.Type == "unix" && c.Source.Path == "" {
		c.Source.Listen = true // the path will be made up, so nobody listens there yet
	}
}

func (a *applier) serial(c *domain.Chardev) {
	m := a.machine
	if c.TargetType == "" || c.TargetType == "isa-serial" {
		c.TargetType = ""
		switch {
		case m.X86():
			c.TargetType = "isa-serial"
		case m.PSeries():
			c.TargetType = "spapr-vio-serial"
		case m.ARMVirt() || m.LoongArchVirt() || m.RISCVVirt():
			c.TargetType = "system-serial"
		case m.S390():
			c.TargetType = "sclp-serial"
		}
	}
	if c.TargetModel != "" {
		return
	}
	c.TargetModel = serialModels[c.TargetType]
	switch {
	case c.TargetType != "system-serial":
	case m.ARMVirt():
		c.TargetModel = "pl011"
	case m.LoongArchVirt() || m.RISCVVirt():
		c.TargetModel = "16550a"
	}
}

// forgetChannelPath drops a path that this or an older version made up.
func (a *applier) forgetChannelPath(c *domain.Chardev) {
	if c.Kind != "channel" || c.TargetType != "virtio" || c.Source.Type != "unix" || c.Source.Path == "" {
		return
	}
	for _, dir := range []string{a.host.ChannelDir, a.host.LibDir + "/channel"} {
		made := regexp.QuoteMeta(dir) + `/(target/)?(([^/]+\.)|(domain-[^/]+/)|([0-9]+-[^/]+/))` + regexp.QuoteMeta(c.Name) + "$"
		if ok, err := regexp.MatchString("^"+made, c.Source.Path); err == nil && ok {
			c.Source.Path = ""
			return
		}
	}
}
