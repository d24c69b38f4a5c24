package validation

import (
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// otherArchs are the guests that a binary runs beside those of its own architecture.
var otherArchs = map[string]string{"x86_64": "i686", "aarch64": "armv7l", "armv7l": "armv6l", "ppc64": "ppc64le"}

// emulator wants the binary to be for the machine.
func (v *check) emulator() {
	d := v.doc
	a := v.caps.Accels[d.Type]
	m := v.caps.Machine(d.Type, d.OS.Machine)
	name := d.Devices.Emulator
	switch {
	case d.OS.Type != "hvm":
		v.Unsupported("Emulator '%s' does not support os type '%s'", name, d.OS.Type)
	case v.caps.Arch != d.OS.Arch && otherArchs[v.caps.Arch] != d.OS.Arch:
		v.Unsupported("Emulator '%s' does not support arch '%s'", name, d.OS.Arch)
	case a == nil:
		v.Unsupported("Emulator '%s' does not support virt type '%s'", name, d.Type)
	case m == nil:
		v.Unsupported("Emulator '%s' does not support machine type '%s'", name, d.OS.Machine)
	case m.ACPI == domain.No && d.Features.ACPI == domain.On:
		v.Unsupported("machine type '%s' does not support ACPI", d.OS.Machine)
	case d.MemTune.MinGuarantee != 0:
		v.Unsupported("Parameter 'min_guarantee' not supported by QEMU.")
	}
}

func (v *check) uefi() bool {
	l := v.doc.OS.Loader
	return v.doc.OS.Firmware == "efi" || l != nil && l.Type == "pflash"
}

func (v *check) firmwareACPI() {
	acpi := v.doc.Features.ACPI == domain.On
	v.refuse(v.uefi() && v.machine.X86() && !acpi, "UEFI requires ACPI on this architecture")
	v.refuse(acpi && v.machine.Arch == "aarch64" && !v.uefi(), "ACPI requires UEFI on this architecture")
	v.refuse(v.doc.GenID != nil && !v.has("vmgenid"), "this QEMU does not support the 'genid' capability")
}

func (v *check) serialBIOS() {
	if v.doc.OS.BIOSUseSerial != domain.Yes {
		return
	}
	v.refuse(!v.machine.X86(), "BIOS serial console only supported on x86 architectures")
	if len(v.doc.Devices.Serials) == 0 {
		v.XMLError("need at least one serial port to use BIOS serial output")
	}
}

func (v *check) lifecycle() {
	v.Keep(Lifecycle(v.doc.OnPoweroff, v.doc.OnReboot, v.doc.OnCrash))
}

func (v *check) powerManagement() {
	pm := v.doc.PM
	v.refuse((pm.SuspendToMem.Given() || pm.SuspendToDisk.Given()) && !v.machine.X86(), "setting ACPI S3/S4 not supported")
}

func (v *check) boot() {
	d := v.doc
	v.refuse(d.Bootloader != "" || d.BootloaderArgs != "", "bootloader is not supported by QEMU")
	l := d.OS.Loader
	if l == nil {
		return
	}
	if l.Secure == domain.Yes {
		v.refuse(!v.machine.Q35(), "Secure boot is supported with q35 machine types only")
		v.refuse(v.machine.Arch != "x86_64", "Secure boot is supported for x86_64 architecture only")
		v.refuse(d.OS.Firmware == "" && d.Features.SMM != domain.On, "Secure boot requires SMM feature enabled")
	}
	if l.NVRAM != nil && l.NVRAM.Source != nil {
		v.nvramImage(l.NVRAM.Source)
	}
}

// nvramImage checks where the firmware keeps its variables.
func (v *check) nvramImage(s *domain.DiskSource) {
	v.refuse(!oneOf(s.Type, "file", "block", "network"), "unsupported nvram disk type '%s'", s.Type)
	v.refuse(s.Slice != nil, "slices are not supported with NVRAM")
	v.refuse(s.Reservations != nil, "persistent reservations are not supported with NVRAM")
	v.refuse(s.Backing != nil, "backingStore is not supported with NVRAM")
	v.image(s, false)
}

func (v *check) consoles() {
	for _, c := range v.doc.Devices.Consoles {
		switch c.TargetType {
		case "sclp":
			v.refuse(!v.has("s390-sclp"), "sclpconsole is not supported in this QEMU binary")
		case "sclplm":
			v.refuse(!v.has("sclplmconsole"), "sclplmconsole is not supported in this QEMU binary")
		case "virtio", "serial", "":
		default:
			v.Unsupported("unsupported console target type %s", c.TargetType)
		}
	}
}

func (v *check) sysinfo() {
	for _, s := range v.doc.SysInfo {
		for _, f := range s.FWCfg {
			v.refuse(!strings.HasPrefix(f.Name, "opt/"), "Invalid firmware name")
			v.refuse(strings.HasPrefix(f.Name, "opt/ovmf/") || strings.HasPrefix(f.Name, "opt/org.qemu/"),
				"That firmware name is reserved")
		}
	}
}

func (v *check) launchSecurity() {
	s := v.doc.LaunchSecurity
	if s == nil {
		return
	}
	can := map[string]bool{
		"sev":     v.has("sev-guest"),
		"sev-snp": v.has("sev-snp-guest"),
		"s390-pv": v.has("s390-pv-guest", "confidential-guest-support"),
	}
	v.refuse(!can[s.Type], "'%s' launch security is not supported with this QEMU binary", s.Type)
	v.refuse(s.Type == "sev" && s.KernelHashes.Given() && !v.has("sev-guest-kernel-hashes"),
		"SEV measured direct kernel boot is not supported with this QEMU binary")
}
