package command

import (
	"fmt"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// internal ends the command line with an internal error.
func (b *builder) internal(format string, args ...any) {
	b.fail(virerr.New(virerr.FromQEMU, virerr.InternalError, format, args...))
}

// unsupported ends the command line because the document asks for what cannot be had.
func (b *builder) unsupported(format string, args ...any) {
	b.fail(virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, format, args...))
}

// controller finds a controller by type and index; nil when there is none.
func (b *builder) controller(kind string, index uint) *domain.Controller {
	for _, c := range b.doc.Devices.Controllers {
		if c.Type == kind && c.Index == int(index) {
			return c
		}
	}
	return nil
}

// controllerAlias names the controller a device needs.
func (b *builder) controllerAlias(kind string, index uint) string {
	c := b.controller(kind, index)
	switch {
	case c == nil:
		b.internal("Could not find %s controller with index %d required for device", kind, index)
		return ""
	case c.Alias == "":
		b.internal("Device alias was not set for %s controller with index %d", kind, index)
	}
	return c.Alias
}

// addressProps tells on which bus a device is and where.
func (b *builder) addressProps(p *Props, info *domain.DeviceInfo) {
	a := &info.Address
	switch a.Type {
	case "pci":
		b.pciAddressProps(p, info)
	case "usb":
		p.Str("bus", b.controllerAlias("usb", a.USB.Bus)+".0").OptStr("port", a.USB.Port())
	case "spapr-vio":
		if a.SpaprVIO.Reg != nil {
			p.OptUint("reg", *a.SpaprVIO.Reg)
		}
	case "ccw":
		p.Str("devno", fmt.Sprintf("%x.%x.%04x", a.CCW.CSSID, a.CCW.SSID, a.CCW.DevNo))
	case "isa":
		p.Uint("iobase", uint64(a.ISA.IOBase)).OptUint("irq", uint64(a.ISA.IRQ))
	case "dimm":
		p.Uint("slot", uint64(a.DIMM.Slot)).OptUint("addr", a.DIMM.Base)
	case "drive":
		b.driveAddressProps(p, info)
	case "virtio-serial":
		bus := fmt.Sprintf("%s.%d", b.controllerAlias("virtio-serial", a.VirtioSerial.Controller), a.VirtioSerial.Bus)
		p.Str("bus", bus).Uint("nr", uint64(a.VirtioSerial.Port))
	}
}

func (b *builder) pciAddressProps(p *Props, info *domain.DeviceInfo) {
	a := &info.Address.PCI
	addr := fmt.Sprintf("0x%x", a.Slot)
	if a.Function != 0 {
		addr += fmt.Sprintf(".0x%x", a.Function)
	}
	p.Str("bus", b.pciBus(a)).Switch("multifunction", a.Multifunction).Str("addr", addr)
	p.OptUint("acpi-index", uint64(info.ACPIIndex))
}

// pciBus gives QEMU's name of a PCI bus: mostly the alias of its controller.
func (b *builder) pciBus(a *domain.PCIAddress) string {
	place := fmt.Sprintf("%04x:%02x:%02x.%d", a.Domain, a.Bus, a.Slot, a.Function)
	c := b.controller("pci", a.Bus)
	if c == nil {
		b.internal("Could not find PCI controller with index '%d' required for device at address '%s'", a.Bus, place)
		return ""
	}
	if c.Alias == "" {
		b.internal("Device alias was not set for PCI controller with index '%d' required for device at address '%s'", a.Bus, place)
	}
	target := -1
	if c.PCI.TargetIndex != nil {
		target = *c.PCI.TargetIndex
	}
	builtin := strings.HasPrefix(c.Alias, "ua-") // what the board has cannot be renamed
	switch {
	case c.Model == "pcie-root" && builtin:
		return "pcie.0"
	case c.Model == "pci-root" && target > 0 && c.PCI.ModelName == "spapr-pci-host-bridge":
		return c.Alias + ".0"
	case c.Model == "pci-root" && builtin && target <= 0:
		if b.machine.PCIMultibus() {
			return "pci.0"
		}
		return "pci"
	}
	return c.Alias
}

// driveBus tells what kind of bus a drive address is for.
func (b *builder) driveBus(info *domain.DeviceInfo) string {
	if bus := info.Address.Drive.DiskBus; bus != "" {
		return bus
	}
	for _, d := range b.doc.Devices.Disks {
		if d.Info() == info {
			return d.Bus
		}
	}
	return "scsi" // only host devices are left
}

func (b *builder) driveAddressProps(p *Props, info *domain.DeviceInfo) {
	a := &info.Address.Drive
	switch bus := b.driveBus(info); bus {
	case "ide":
		alias := "ide"
		if !b.machine.BuiltinIDE() {
			alias = b.controllerAlias("ide", a.Controller)
		}
		p.Str("bus", fmt.Sprintf("%s.%d", alias, a.Bus)).Uint("unit", uint64(a.Unit))
	case "sata":
		alias := "ide"
		if !b.machine.Q35() || a.Controller != 0 {
			alias = b.controllerAlias("sata", a.Controller)
		}
		p.Str("bus", fmt.Sprintf("%s.%d", alias, a.Unit))
	case "fdc":
		p.Uint("unit", uint64(a.Unit))
	case "scsi":
		b.scsiAddressProps(p, a)
	default:
		b.internal("address type drive is not supported for bus '%s'", bus)
	}
}

func (b *builder) scsiAddressProps(p *Props, a *domain.DriveAddress) {
	c := b.controller("scsi", a.Controller)
	if c == nil {
		b.internal("unable to find a SCSI controller for idx=%d", a.Controller)
		return
	}
	if !wideSCSI(c.Model) {
		p.Str("bus", fmt.Sprintf("%s.%d", c.Alias, a.Bus)).Uint("scsi-id", uint64(a.Unit))
		return
	}
	p.Str("bus", c.Alias+".0").Uint("channel", uint64(a.Bus))
	p.Uint("scsi-id", uint64(a.Target)).Uint("lun", uint64(a.Unit))
}

// wideSCSI says whether units of a SCSI controller are found by channel, target and unit.
func wideSCSI(model string) bool {
	switch model {
	case "lsilogic", "ncr53c90", "dc390", "am53c974":
		return false
	}
	return true
}

// romProps tells which option ROM a device has.
func (b *builder) romProps(p *Props, info *domain.DeviceInfo) {
	r := info.ROM
	if r == nil || !r.Enabled.Given() && !r.Bar.Given() && r.File == "" {
		return
	}
	if info.Address.Type != "pci" {
		b.unsupported("ROM tuning is only supported for PCI devices")
		return
	}
	if r.Enabled == domain.No {
		p.Str("romfile", "")
		return
	}
	switch r.Bar {
	case domain.On:
		p.Uint("rombar", 1)
	case domain.Off:
		p.Uint("rombar", 0)
	}
	p.OptStr("romfile", r.File)
}

// bootIndex is a device's turn at booting, 0 when it has none: its own, or that of
// the first device of a kind named by <boot dev>.
func (b *builder) bootIndex(info *domain.DeviceInfo) uint {
	for _, d := range b.doc.Devices.Disks {
		if d.Info() == info && len(b.doc.OS.BootDevs) > 0 {
			return b.diskBootIndex(d)
		}
	}
	if nets := b.doc.Devices.Interfaces; len(nets) > 0 && nets[0].Info() == info {
		if turn := b.bootDev("network"); turn != 0 {
			return turn
		}
	}
	return info.Boot
}

func (b *builder) diskBootIndex(disk *domain.Disk) uint {
	kind := bootKind(disk.Device)
	for _, d := range b.doc.Devices.Disks {
		if bootKind(d.Device) == kind {
			if d == disk {
				return b.bootDev(kind)
			}
			return 0
		}
	}
	return 0
}

func bootKind(device string) string {
	switch device {
	case "cdrom":
		return "cdrom"
	case "floppy":
		return "fd"
	}
	return "hd"
}

// bootDev is the turn of a <boot dev>; the last one counts.
func (b *builder) bootDev(kind string) uint {
	turn := uint(0)
	for i, d := range b.doc.OS.BootDevs {
		if d == kind {
			turn = uint(i + 1)
		}
	}
	return turn
}

// virtioDevice starts a virtio device: its driver is named after the bus the
// address is on and the (non-)transitional model. Options may be nil.
func (b *builder) virtioDevice(base, model string, info *domain.DeviceInfo, o *domain.VirtioOptions) *Props {
	p := props("driver", b.virtioDriver(base, model, info, true))
	b.virtioOptions(p, o)
	return p
}

// virtioDriver gives the name of a virtio driver; some go without the name of the bus.
func (b *builder) virtioDriver(base, model string, info *domain.DeviceInfo, suffix bool) string {
	name, kind := base, info.Address.Type
	bus := map[string]string{"pci": "-pci", "ccw": "-ccw", "virtio-mmio": "-device"}[kind]
	switch {
	case bus == "" && (kind == "" || kind == "unassigned"):
		b.internal("Unexpected enum value %d for virDomainDeviceAddressType", len(kind))
	case bus == "":
		b.internal("Unexpected address type for '%s'", base)
	case suffix:
		name += bus
	}
	old, modern := strings.HasSuffix(model, "virtio-transitional"), strings.HasSuffix(model, "virtio-non-transitional")
	if (old || modern) && kind != "pci" {
		b.unsupported("virtio (non-)transitional models are not supported for address type=%s", kind)
	}
	known := b.caps.Has("virtio-pci-non-transitional")
	switch {
	case old && known:
		name += "-transitional"
	case modern && known:
		name += "-non-transitional"
	case modern:
		b.unsupported("virtio non-transitional model not supported for this qemu")
	}
	return name
}

// virtioOptions adds what all virtio devices share; nil adds nothing.
func (b *builder) virtioOptions(p *Props, o *domain.VirtioOptions) {
	if o == nil {
		return
	}
	p.Switch("iommu_platform", o.IOMMU).Switch("ats", o.ATS)
	p.Switch("packed", o.Packed).Switch("page-per-vq", o.PagePerVQ)
}

// zpci adds the device that names a PCI device on a mainframe; it comes before it.
func (b *builder) zpci(info *domain.DeviceInfo) {
	z := info.Address.PCI.ZPCI
	if info.Address.Type != "pci" || z == nil || z.UID == nil || z.FID == nil {
		return
	}
	p := props("driver", "zpci").Uint("uid", uint64(*z.UID)).Uint("fid", uint64(*z.FID))
	b.device(p.Str("target", info.Alias).Str("id", fmt.Sprintf("zpci%d", *z.UID)))
}
