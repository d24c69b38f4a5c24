package firmware

import (
	"path/filepath"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Pair is an image with its variable template, as qemu.conf's nvram lists them.
type Pair struct{ Code, Vars string }

// Host is what the choice depends on beside the document.
type Host struct {
	Descriptors []Descriptor
	Pairs       []Pair
	NVRAMDir    string // where variable stores of machines go
}

// Fill completes the loader, the variable store and the firmware features of a
// document. fresh says that the document is being defined now: an older one
// keeps to raw images and to the .fd suffix. The error, when nothing fits, is
// VIR_ERR_OPERATION_FAILED.
func Fill(d *domain.Domain, h Host, fresh bool) error {
	if d.OS.Firmware != "" && !fresh {
		wantRaw(d)
	}
	if err := checkFormats(d.OS.Loader); err != nil {
		return err
	}
	auto := d.OS.Firmware != ""
	if !auto && (d.OS.Loader == nil || d.OS.Loader.Type == "rom") {
		return nil
	}
	if !fillFromDescriptors(d, h.Descriptors) {
		if auto {
			return virerr.New(virerr.FromQEMU, virerr.OperationFailed,
				"Unable to find '%s' firmware that is compatible with the current configuration", d.OS.Firmware)
		}
		fillFromPairs(d.OS.Loader, h.Pairs)
	}
	ensureNVRAM(d, h.NVRAMDir, fresh)
	return nil
}

// wantRaw keeps an existing machine on the only format that could be chosen when it was defined.
func wantRaw(d *domain.Domain) {
	if d.OS.Loader == nil {
		d.OS.Loader = &domain.Loader{}
	}
	if d.OS.Loader.Format == "" {
		d.OS.Loader.Format = "raw"
	}
}

func checkFormats(l *domain.Loader) error {
	if l == nil {
		return nil
	}
	if l.Format != "" && !usable(l.Format) {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "Unsupported loader format '%s'", l.Format)
	}
	if l.NVRAM != nil && l.NVRAM.Format != "" && !usable(l.NVRAM.Format) {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "Unsupported nvram format '%s'", l.NVRAM.Format)
	}
	return nil
}

func fillFromDescriptors(d *domain.Domain, all []Descriptor) bool {
	for i := range all {
		if suits(d, &all[i]) {
			apply(d, &all[i])
			return true
		}
	}
	return false
}

func apply(d *domain.Domain, fw *Descriptor) {
	if d.OS.Loader == nil && fw.Device != "kernel" {
		d.OS.Loader = &domain.Loader{}
	}
	l := d.OS.Loader
	switch fw.Device {
	case "flash":
		l.Type, l.Readonly = "pflash", domain.Yes
		l.Path, l.Format = fw.Executable.Filename, fw.Executable.Format
		if fw.Mode == "split" {
			applyTemplate(l, fw)
		}
	case "memory":
		l.Type, l.Path = "rom", fw.Executable.Filename
	case "kernel":
		d.OS.Kernel = fw.Executable.Filename
	}
	if fw.Has("requires-smm") {
		d.Features.SMM = domain.On
		if l != nil {
			l.Secure = domain.Yes
		}
	}
	if d.OS.Firmware == "" {
		d.OS.Firmware = kindOf(fw)
	}
	if d.OS.Firmware != "" {
		setFeatures(d, fw)
	}
}

// applyTemplate leaves a variable store on the network alone: nobody fills that from a template.
func applyTemplate(l *domain.Loader, fw *Descriptor) {
	l.NVRAMTemplate, l.NVRAMTemplateFormat = "", ""
	if l.NVRAM != nil && !local(l.NVRAM) {
		return
	}
	l.NVRAMTemplate, l.NVRAMTemplateFormat = fw.Template.Filename, fw.Template.Format
	if l.NVRAMTemplateFormat == "" {
		l.NVRAMTemplateFormat = l.Format
	}
}

func local(n *domain.NVRAM) bool {
	return n.Type == "" || n.Type == "file" || n.Type == "block" || n.Type == "dir"
}

func kindOf(fw *Descriptor) string {
	for _, i := range fw.Interfaces {
		switch i {
		case "uefi":
			return "efi"
		case "bios":
			return "bios"
		}
	}
	return ""
}

func setFeatures(d *domain.Domain, fw *Descriptor) {
	keys := domain.FirmwareFeature{Name: "enrolled-keys", Enabled: tristate(fw.Has("enrolled-keys"))}
	l := d.OS.Loader
	if l != nil && l.Type == "pflash" && l.Stateless != domain.Yes && l.NVRAMTemplate == "" {
		keys.Enabled = domain.Absent // what a remote store holds is not known
	}
	d.OS.FirmwareFeatures = nil
	if keys.Enabled.Given() {
		d.OS.FirmwareFeatures = append(d.OS.FirmwareFeatures, keys)
	}
	d.OS.FirmwareFeatures = append(d.OS.FirmwareFeatures,
		domain.FirmwareFeature{Name: "secure-boot", Enabled: tristate(fw.Has("secure-boot"))})
}

func tristate(b bool) domain.Tristate {
	if b {
		return domain.Yes
	}
	return domain.No
}

// fillFromPairs is for images that no descriptor knows; what is not listed counts as raw.
func fillFromPairs(l *domain.Loader, pairs []Pair) {
	known := l.Type == "pflash" && l.Readonly != domain.No && l.Stateless != domain.Yes &&
		(l.Format == "" || l.Format == "raw")
	for _, p := range pairs {
		if !known || p.Code != l.Path {
			continue
		}
		l.Readonly, l.Format = domain.Yes, "raw"
		if l.NVRAMTemplate == "" {
			l.NVRAMTemplate = p.Vars
		}
		if l.NVRAMTemplateFormat == "" {
			l.NVRAMTemplateFormat = "raw"
		}
		return
	}
	if l.Format == "" {
		l.Format = "raw"
	}
}

func ensureNVRAM(d *domain.Domain, dir string, fresh bool) {
	l := d.OS.Loader
	if l == nil || l.Type != "pflash" || l.Readonly != domain.Yes || l.Stateless == domain.Yes {
		return
	}
	if n := l.NVRAM; n != nil {
		if n.Format == "" {
			n.Format = l.Format
		}
		if n.Path != "" || n.Source != nil {
			return
		}
	}
	format := l.NVRAMTemplateFormat
	if format == "" {
		format = l.Format
	}
	l.NVRAM = &domain.NVRAM{
		Format: format,
		Path:   filepath.Join(dir, d.Name+"_VARS"+suffix(format, l.NVRAMTemplate, fresh)),
	}
}

func suffix(format, template string, fresh bool) string {
	switch {
	case format == "qcow2":
		return ".qcow2"
	case format != "raw":
		return ""
	case fresh && strings.HasSuffix(template, ".raw"):
		return ".raw"
	}
	return ".fd"
}
