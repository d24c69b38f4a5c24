package validation

import (
	"slices"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// Host is what depends on the host and on qemu.conf.
type Host struct {
	PhysBits    func() int      // of the processor's addresses, 0 when unknown
	SpiceTLS    bool            // qemu.conf lets spice displays use TLS
	TPMVersions func() []string // that swtpm can emulate; empty when it is not there
}

// check looks at one document. The first thing that is wrong is kept.
type check struct {
	xmltree.Reader
	doc     *domain.Domain
	caps    *caps.Caps
	machine machine.Type
	host    *Host
}

// Check says whether a machine could be made of a completed document; the errors are libvirt's.
func Check(d *domain.Domain, c *caps.Caps, h *Host) error {
	v := &check{Reader: xmltree.Reader{From: virerr.FromQEMU}, doc: d, caps: c, machine: machine.Of(d), host: h}
	for _, look := range []func(){
		v.emulator, v.firmwareACPI, v.serialBIOS, v.lifecycle, v.cpu, v.memoryHotplug, v.threadPools, v.clock,
		v.powerManagement, v.boot, v.topology, v.cacheTune, v.features, v.hugePages, v.hmat, v.consoles,
		v.sysinfo, v.panics, v.tpms, v.watchdogs, v.launchSecurity,
	} {
		if look(); !v.OK() {
			return v.Err()
		}
	}
	if err := d.ValidateDevices(v.device); err != nil {
		return err
	}
	return d.ValidateCore()
}

// Device says whether a machine could have a completed device, which is part of the document or about to be.
func Device(d *domain.Domain, dev domain.Device, c *caps.Caps, h *Host) error {
	if err := d.ValidateDevice(dev); err != nil {
		return err
	}
	v := &check{Reader: xmltree.Reader{From: virerr.FromQEMU}, doc: d, caps: c, machine: machine.Of(d), host: h}
	return v.device(dev)
}

// refuse says that the configuration is unsupported when it is bad.
func (v *check) refuse(bad bool, format string, args ...any) {
	if bad {
		v.Unsupported(format, args...)
	}
}

func (v *check) has(flags ...caps.Flag) bool { return v.caps.Has(flags...) }

// oneOf says whether a word is one of the others.
func oneOf(word string, words ...string) bool { return slices.Contains(words, word) }

func powerOfTwo[N uint | uint64](n N) bool { return n != 0 && n&(n-1) == 0 }

// device looks at what QEMU asks of one device.
func (v *check) device(dev any) error {
	if d, ok := dev.(domain.Device); ok {
		v.info(d)
	}
	switch d := dev.(type) {
	case *domain.Interface:
		v.netInterface(d)
	case *domain.Chardev:
		v.chardev(d)
	case *domain.Smartcard:
		v.smartcard(d)
	case *domain.RNG:
		v.rng(d)
	case *domain.Redirdev:
		v.redirdev(d)
	case *domain.Watchdog:
		v.watchdog(d)
	case *domain.Hostdev:
		v.hostdev(d)
	case *domain.Video:
		v.video(d)
	case *domain.Disk:
		v.disk(d)
	case *domain.Controller:
		v.controller(d)
	case *domain.TPM:
		v.tpm(d)
	case *domain.Graphics:
		v.graphics(d)
	case *domain.Filesystem:
		v.filesystem(d)
	case *domain.MemoryDevice:
		v.memoryDevice(d)
	case *domain.Sound:
		v.sound(d)
	default:
		v.lesserDevice(dev)
	}
	return v.Err()
}

func (v *check) lesserDevice(dev any) {
	switch d := dev.(type) {
	case *domain.VSock:
		v.refuse(!v.has("vhost-vsock"), "vsock device is not supported with this QEMU binary")
	case *domain.Input:
		v.input(d)
	case *domain.Memballoon:
		v.balloon(d)
	case *domain.IOMMU:
		v.iommu(d)
	case *domain.NVRAMDevice:
		v.nvram(d)
	case *domain.Hub:
		v.refuse(!v.has("usb-hub"), "usb-hub not supported by QEMU binary")
	case *domain.Shmem:
		v.shmem(d)
	case *domain.Audio:
		v.audio(d)
	case *domain.Crypto:
		v.crypto(d)
	case *domain.PStore:
		v.refuse(!v.has("acpi-erst"), "acpi-erst backend of pstore device is not supported")
		v.refuse(!addressed(d, "pci"), "ACPI ERST device must reside on a PCI bus")
	}
}

// addressed says whether a device has an address of one of the types, or none yet.
func addressed(d domain.Device, types ...string) bool {
	t := d.Info().Address.Type
	return t == "" || slices.Contains(types, t)
}
