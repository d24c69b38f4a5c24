package firmware

import "virtree.dev/protocol/xml/domain"

// sevES is the policy bit that asks for encrypted register state.
const sevES = 1 << 2

// interfaceOf maps what a document asks for to a descriptor's interface type.
var interfaceOf = map[string]string{
	"efi": "uefi", "bios": "bios", // <os firmware=...>
	"pflash": "uefi", "rom": "bios", // <loader type=...>
}

// suits says whether a build fits all that the document asks for.
func suits(d *domain.Domain, fw *Descriptor) bool {
	return offers(d, fw) && fw.Fits(d.OS.Arch, d.OS.Machine) &&
		samePaths(d, fw) && sameFeatures(d, fw) && sameForm(d.OS.Loader, fw) &&
		protects(d.LaunchSecurity, fw)
}

func offers(d *domain.Domain, fw *Descriptor) bool {
	want := interfaceOf[d.OS.Firmware]
	if want == "" && d.OS.Loader != nil {
		want = interfaceOf[d.OS.Loader.Type]
	}
	for _, i := range fw.Interfaces {
		if i == want {
			return true
		}
	}
	return false
}

func samePaths(d *domain.Domain, fw *Descriptor) bool {
	l := d.OS.Loader
	switch fw.Device {
	case "kernel":
		return d.OS.Kernel == "" || d.OS.Kernel == fw.Executable.Filename
	case "memory":
		return l == nil || l.Path == "" || l.Path == fw.Executable.Filename
	}
	if l == nil {
		return true
	}
	if l.Path != "" && l.Path != fw.Executable.Filename {
		return false
	}
	return l.NVRAMTemplate == "" || fw.Mode == "split" && l.NVRAMTemplate == fw.Template.Filename
}

func sameFeatures(d *domain.Domain, fw *Descriptor) bool {
	if d.PM.SuspendToMem == domain.Yes && !fw.Has("acpi-s3") ||
		d.PM.SuspendToDisk == domain.Yes && !fw.Has("acpi-s4") {
		return false
	}
	for _, f := range d.OS.FirmwareFeatures {
		if f.Enabled.Given() && (f.Enabled == domain.Yes) != fw.Has(f.Name) {
			return false
		}
	}
	secure := domain.Absent
	if d.OS.Loader != nil {
		secure = d.OS.Loader.Secure
	}
	if fw.Has("requires-smm") {
		return d.Features.SMM != domain.Off && secure != domain.No
	}
	return secure != domain.Yes
}

// sameForm compares what kind of image the document wants.
func sameForm(l *domain.Loader, fw *Descriptor) bool {
	switch fw.Device {
	case "flash":
		return sameFlash(l, fw)
	case "memory":
		return l == nil || (l.Type == "" || l.Type == "rom") && l.Readonly != domain.No
	}
	return true
}

func sameFlash(l *domain.Loader, fw *Descriptor) bool {
	mode, format := "split", ""
	if l != nil {
		if l.Type != "" && l.Type != "pflash" {
			return false
		}
		if l.Stateless == domain.Yes {
			mode = "stateless"
		}
		if l.Readonly == domain.No && fw.Mode != "combined" {
			return false
		}
		format = l.Format
	}
	return fw.Mode == mode && usable(fw.Executable.Format) &&
		(format == "" || format == fw.Executable.Format) &&
		(mode != "split" || usable(fw.Template.Format))
}

func usable(format string) bool { return format == "raw" || format == "qcow2" }

func protects(s *domain.LaunchSecurity, fw *Descriptor) bool {
	if s == nil {
		return true
	}
	switch s.Type {
	case "sev":
		return fw.Has("amd-sev") && (s.Policy&sevES == 0 || fw.Has("amd-sev-es"))
	case "sev-snp":
		return fw.Has("amd-sev-snp")
	}
	return true
}
