package qemu

import (
	"slices"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xml/domcaps"
)

// describeGuests tells what a kind of guests can have here.
func (d *Driver) describeGuests(w *wanted) (*domcaps.Capabilities, error) {
	at, err := d.surroundings(w)
	if err != nil {
		return nil, err
	}
	return w.binary.Describe(w.arch, w.virtType, w.machine, at)
}

// hasVFIO says whether the host can pass its PCI devices through.
func (d *Driver) hasVFIO() bool { return d.host.IOMMU() && exists("/dev/vfio/vfio") }

// surroundings is what guests depend on beside the binary.
func (d *Driver) surroundings(w *wanted) (caps.Surroundings, error) {
	at := caps.Surroundings{
		Processor: d.processor, RDP: inPath("qemu-rdp") != "", SecureGuests: d.host.SecureGuests(),
		Encrypted: hostinfo.ReadEncrypted(sys.CPUID), VFIO: d.hasVFIO(),
	}
	if w.virtType == "kvm" {
		n, err := sys.KVMMaxVCPUs()
		if err != nil {
			return at, errSystem(err, "Unable to open %s", sys.KVMDevice)
		}
		at.KVMVCPUs = uint(n)
	}
	d.firmwareFor(w, &at)
	at.SWTPM = inPath("swtpm") != "" && inPath("swtpm_setup") != "" && inPath("swtpm_ioctl") != ""
	at.TPMVersions = d.swtpm.versions()
	return at, nil
}

// firmwareFor finds the images for a machine type: the described ones, else those that were known before.
func (d *Driver) firmwareFor(w *wanted, at *caps.Surroundings) {
	fits, efi, bios := false, false, false
	add := func(path string) {
		if exists(path) && !slices.Contains(at.Loaders, path) {
			at.Loaders = append(at.Loaders, path)
		}
	}
	firmware := d.defaults.Firmware
	for i := range firmware.Descriptors {
		f := &firmware.Descriptors[i]
		if !f.Fits(qemuArch(w.arch), w.machine) {
			continue
		}
		efi = efi || slices.Contains(f.Interfaces, "uefi")
		bios = bios || slices.Contains(f.Interfaces, "bios")
		at.SecureLoader = at.SecureLoader || f.Has("requires-smm")
		if f.Device != "kernel" {
			fits = true
			add(f.Executable.Filename)
		}
	}
	if bios {
		at.Firmware = append(at.Firmware, "bios")
	}
	if efi {
		at.Firmware = append(at.Firmware, "efi")
	}
	if !fits {
		for _, p := range firmware.Pairs {
			add(p.Code)
		}
	}
}

// qemuArch is QEMU's name of an architecture, as descriptors of firmware have it.
func qemuArch(arch string) string {
	if arch == "i686" {
		return "i386"
	}
	return arch
}
