package alias

import (
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Assign names all devices of a document that have no name. The error is
// VIR_ERR_INTERNAL_ERROR for a disk without the controller it is on.
func Assign(d *domain.Domain) error {
	devs := &d.Devices
	for _, disk := range devs.Disks {
		if err := nameDisk(d, disk); err != nil {
			return err
		}
	}
	nameInterfaces(devs)
	following(devs.Filesystems, "fs")
	numbered(devs.Sounds, "sound")
	for _, h := range devs.Hostdevs {
		set(h, "hostdev", nextHostdev(devs))
	}
	numbered(devs.Redirdevs, "redir")
	numbered(devs.Videos, "video")
	m := machine.Of(d)
	for _, c := range devs.Controllers {
		if c.Alias == "" {
			c.Alias = controller(c, m)
		}
	}
	numbered(devs.Inputs, "input")
	nameChardevs(d)
	numbered(devs.Hubs, "hub")
	numbered(devs.Shmems, "shmem")
	numbered(devs.Smartcards, "smartcard")
	numbered(devs.Watchdogs, "watchdog")
	if devs.Memballoon != nil && devs.Memballoon.Model != "none" {
		set(devs.Memballoon, "balloon", 0)
	}
	following(devs.RNGs, "rng")
	numbered(devs.TPMs, "tpm")
	for _, mem := range devs.Memories {
		nameMemory(devs, mem)
	}
	nameSingles(devs)
	following(devs.Cryptos, "crypto")
	return nil
}

func nameSingles(devs *domain.Devices) {
	if devs.VSock != nil {
		set(devs.VSock, "vsock", 0)
	}
	if devs.IOMMU != nil {
		set(devs.IOMMU, "iommu", 0)
	}
	if devs.PStore != nil {
		set(devs.PStore, "pstore", 0)
	}
}

func set(dev domain.Device, prefix string, n int) {
	if i := dev.Info(); i.Alias == "" {
		i.Alias = prefix + strconv.Itoa(n)
	}
}

// numbered names devices by their place in the list.
func numbered[D domain.Device](list []D, prefix string) {
	for i, dev := range list {
		set(dev, prefix, i)
	}
}

// following gives each device the number after the highest there is.
func following[D domain.Device](list []D, prefix string) {
	for _, dev := range list {
		set(dev, prefix, next(list, prefix))
	}
}

func next[D domain.Device](list []D, prefix string) int {
	highest := -1
	for _, dev := range list {
		highest = max(highest, index(dev.Info().Alias, prefix))
	}
	return highest + 1
}

// index is the number behind a prefix, -1 when the alias is of another kind.
func index(alias, prefix string) int {
	rest, ok := strings.CutPrefix(alias, prefix)
	if !ok {
		return -1
	}
	n, err := strconv.ParseUint(rest, 10, 31)
	if err != nil {
		return -1
	}
	return int(n)
}

func nextHostdev(devs *domain.Devices) int {
	return max(next(devs.Hostdevs, "hostdev"), next(devs.Interfaces, "hostdev"))
}

func nameInterfaces(devs *domain.Devices) {
	for _, n := range devs.Interfaces {
		typ := n.Type
		if typ == "network" && n.Actual != nil {
			typ = n.Actual.Type
		}
		if typ == "hostdev" {
			set(n, "hostdev", nextHostdev(devs))
			continue
		}
		set(n, "net", next(devs.Interfaces, "net"))
	}
}

func nameDisk(d *domain.Domain, disk *domain.Disk) error {
	if disk.Alias != "" {
		return nil
	}
	if disk.Address.Type != "drive" {
		disk.Alias = fmt.Sprintf("%s-disk%d", disk.Bus, domain.DiskIndex(disk.Target))
		return nil
	}
	at := disk.Address.Drive
	if disk.Bus == "scsi" {
		c := d.Controller("scsi", int(at.Controller))
		if c == nil {
			return virerr.New(virerr.FromQEMU, virerr.InternalError, "unable to find a SCSI controller for idx=%d", at.Controller)
		}
		if c.Model != "lsilogic" {
			disk.Alias = fmt.Sprintf("scsi%d-%d-%d-%d", at.Controller, at.Bus, at.Target, at.Unit)
			return nil
		}
	}
	disk.Alias = fmt.Sprintf("%s%d-%d-%d", disk.Bus, at.Controller, at.Bus, at.Unit)
	return nil
}

// controller gives the name of a controller; those the board brings along have QEMU's own.
func controller(c *domain.Controller, m machine.Type) string {
	switch {
	case c.Type == "pci" && !m.PCIMultibus():
		return "pci"
	case c.Type == "pci" && c.Model == "pcie-root":
		return "pcie." + strconv.Itoa(c.Index)
	case c.Type == "pci":
		return "pci." + strconv.Itoa(c.Index)
	case c.Index != 0:
	case c.Type == "ide" && m.BuiltinIDE(), c.Type == "sata" && m.Q35():
		return "ide"
	case c.Type == "usb":
		return "usb"
	case c.Type == "scsi" && c.Model == "ncr53c90":
		return "scsi"
	}
	return c.Type + strconv.Itoa(c.Index)
}

func nameChardevs(d *domain.Domain) {
	numbered(d.Devices.Parallels, "parallel")
	numbered(d.Devices.Serials, "serial")
	numbered(d.Devices.Channels, "channel")
	if c := d.Devices.Consoles; len(c) > 0 && len(d.Devices.Serials) > 0 && d.OS.Type == "hvm" &&
		c[0].TargetType == "serial" && c[0].Alias == "" {
		c[0].Alias = d.Devices.Serials[0].Alias // the first console is another view of the serial port
	}
	numbered(d.Devices.Consoles, "console")
}

var memoryNames = map[string]string{
	"dimm": "dimm", "nvdimm": "nvdimm", "virtio-pmem": "virtiopmem", "virtio-mem": "virtiomem", "sgx-epc": "epc",
}

func nameMemory(devs *domain.Devices, m *domain.MemoryDevice) {
	prefix := memoryNames[m.Model]
	if m.Model == "dimm" || m.Model == "nvdimm" {
		set(m, prefix, int(m.Address.DIMM.Slot))
		return
	}
	set(m, prefix, next(devs.Memories, prefix))
}
