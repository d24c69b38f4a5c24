package domain

import "iter"

// Devices are the devices of a machine, each kind in the order of the document.
type Devices struct {
	Emulator    string
	Disks       []*Disk
	Controllers []*Controller
	Leases      []*Lease
	Filesystems []*Filesystem
	Interfaces  []*Interface
	Smartcards  []*Smartcard
	Serials     []*Chardev
	Parallels   []*Chardev
	Consoles    []*Chardev
	Channels    []*Chardev
	Inputs      []*Input
	TPMs        []*TPM
	Graphics    []*Graphics
	Sounds      []*Sound
	Audios      []*Audio
	Videos      []*Video
	Hostdevs    []*Hostdev // without those that stand behind an interface
	Redirdevs   []*Redirdev
	RedirFilter []RedirRule
	Hubs        []*Hub
	Watchdogs   []*Watchdog
	Memballoon  *Memballoon
	RNGs        []*RNG
	NVRAM       *NVRAMDevice
	Panics      []*Panic
	Shmems      []*Shmem
	Memories    []*MemoryDevice
	Cryptos     []*Crypto
	IOMMU       *IOMMU
	VSock       *VSock
	PStore      *PStore
}

// DeviceInfo is what all devices have: a name inside QEMU, a place on a bus, a turn at booting.
type DeviceInfo struct {
	Alias     string
	Address   Address
	Boot      uint   // <boot order>, 0 when not given
	LoadParm  string // of <boot>
	ROM       *ROM
	ACPIIndex uint
	Master    *uint // startport of a USB companion controller
}

// ROM tells which option ROM a PCI device has.
type ROM struct {
	Enabled Tristate // yes/no
	Bar     Tristate // on/off
	File    string
}

// Address is a place on a bus. Type says which of the others counts; it is empty when nothing is known.
type Address struct {
	Type         string // pci, drive, virtio-serial, ccid, usb, spapr-vio, virtio-s390, ccw, virtio-mmio, isa, dimm, unassigned
	PCI          PCIAddress
	Drive        DriveAddress
	VirtioSerial VirtioSerialAddress
	CCID         CCIDAddress
	USB          USBAddress
	SpaprVIO     SpaprVIOAddress
	CCW          CCWAddress
	ISA          ISAAddress
	DIMM         DIMMAddress
}

// PCIAddress is a place on a PCI bus. All zeros with Type pci ask for any place.
type PCIAddress struct {
	Domain, Bus, Slot, Function uint
	Multifunction               Tristate
	ZPCI                        *ZPCI
}

// Empty says whether no place is given.
func (a *PCIAddress) Empty() bool { return a.Domain|a.Bus|a.Slot == 0 }

// ZPCI is what a PCI device is known by on s390. Values are nil until given or assigned.
type ZPCI struct {
	UID, FID *uint
}

// DriveAddress is a place behind a disk controller.
type DriveAddress struct {
	Controller, Bus, Target, Unit uint
	DiskBus                       string // the bus the address is for, empty for the disk's own
}

// VirtioSerialAddress is a port of a virtio-serial controller.
type VirtioSerialAddress struct {
	Controller, Bus, Port uint
}

// CCIDAddress is a slot of a smart card controller.
type CCIDAddress struct {
	Controller, Slot uint
}

// USBAddress is a port behind hubs, as in 1.2; no ports ask for any.
type USBAddress struct {
	Bus   uint
	Ports []uint
}

// SpaprVIOAddress is a place on POWER's virtual bus.
type SpaprVIOAddress struct {
	Reg *uint64
}

// CCWAddress is a place on the s390 channel subsystem; Assigned is false until one is given.
type CCWAddress struct {
	CSSID, SSID, DevNo uint
	Assigned           bool
}

// ISAAddress is a port and an interrupt.
type ISAAddress struct {
	IOBase, IRQ uint
}

// DIMMAddress is a slot for memory.
type DIMMAddress struct {
	Slot uint
	Base uint64
}

// VirtioOptions are the attributes all virtio drivers share.
type VirtioOptions struct {
	IOMMU, ATS, Packed, PagePerVQ Tristate
}

// Device is any device with an info.
type Device interface {
	Info() *DeviceInfo
}

// Info gives the info itself, so that what embeds it is a Device.
func (i *DeviceInfo) Info() *DeviceInfo { return i }

func devicesOf[D Device](yield func(Device) bool, list []D) bool {
	for _, d := range list {
		if !yield(d) {
			return false
		}
	}
	return true
}

// All walks every device that has an info, kind by kind, in the order libvirt visits them.
func (v *Devices) All() iter.Seq[Device] {
	return func(yield func(Device) bool) {
		_ = devicesOf(yield, v.Disks) &&
			devicesOf(yield, v.Interfaces) &&
			devicesOf(yield, v.Sounds) &&
			devicesOf(yield, v.Hostdevs) &&
			devicesOf(yield, v.Videos) &&
			devicesOf(yield, v.Controllers) &&
			devicesOf(yield, v.Smartcards) &&
			devicesOf(yield, v.Serials) &&
			devicesOf(yield, v.Parallels) &&
			devicesOf(yield, v.Channels) &&
			devicesOf(yield, v.ownConsoles()) &&
			devicesOf(yield, v.Inputs) &&
			devicesOf(yield, v.Filesystems) &&
			devicesOf(yield, v.Watchdogs) &&
			one(yield, v.Memballoon) &&
			devicesOf(yield, v.RNGs) &&
			one(yield, v.NVRAM) &&
			devicesOf(yield, v.Hubs) &&
			devicesOf(yield, v.Shmems) &&
			devicesOf(yield, v.TPMs) &&
			devicesOf(yield, v.Panics) &&
			devicesOf(yield, v.Memories) &&
			devicesOf(yield, v.Redirdevs) &&
			one(yield, v.IOMMU) &&
			one(yield, v.VSock) &&
			devicesOf(yield, v.Cryptos) &&
			one(yield, v.PStore)
	}
}

// ownConsoles leaves out the first console where it is only another word for a serial port.
func (v *Devices) ownConsoles() []*Chardev {
	if len(v.Consoles) > 0 && len(v.Serials) > 0 && (v.Consoles[0].TargetType == "" || v.Consoles[0].TargetType == "serial") {
		return v.Consoles[1:]
	}
	return v.Consoles
}

// one yields a device there can be at most one of.
func one[D interface {
	comparable
	Device
}](yield func(Device) bool, d D,
) bool {
	var none D
	return d == none || yield(d)
}

// bootOrders gives the turns devices take at booting.
func (d *Domain) bootOrders() iter.Seq[uint] {
	return func(yield func(uint) bool) {
		for dev := range d.Devices.All() {
			if order := dev.Info().Boot; order != 0 && !yield(order) {
				return
			}
		}
	}
}

// memoryDevices gives the size of all memory devices in KiB.
func (d *Domain) memoryDevices() uint64 {
	var sum uint64
	for _, m := range d.Devices.Memories {
		sum += m.Size
	}
	return sum
}
