package validation

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

const minShmem = 1 << 20

func (v *check) shmem(s *domain.Shmem) {
	if s.Size > 0 && (s.Size < minShmem || !powerOfTwo(s.Size)) {
		v.XMLError("shmem size must be a power of 2 and at least 1 MiB (1024 KiB)")
	}
	if s.Model == "" || s.Model == "ivshmem" {
		v.Unsupported("ivshmem device is no longer supported")
	}
	v.refuse(oneOf(s.Model, "ivshmem-plain", "ivshmem-doorbell") && !v.has(caps.Flag(s.Model)),
		"shmem model '%s' is not supported by this QEMU binary", s.Model)
}

func (v *check) audio(a *domain.Audio) {
	v.refuse(a.Type == "spice" && !v.hasSpice(), "Spice audio is not supported without spice graphics")
	v.refuse(a.Type == "dbus" && !v.has("display-dbus"), "D-Bus audio is not supported with this QEMU")
}

func (v *check) crypto(c *domain.Crypto) {
	v.refuse(!v.has("virtio-crypto"), "crypto model %s is not supported", c.Model)
	v.refuse(c.Type != "qemu", "crypto type %s is not supported", c.Type)
	v.refuse(c.Backend == "lkcf" && !v.has("cryptodev-backend-lkcf"), "crypto backend %s is not supported", c.Backend)
}

func (v *check) sound(s *domain.Sound) {
	switch s.Model {
	case "usb":
		v.refuse(!v.has("usb-audio"), "usb-audio controller is not supported by this QEMU binary")
	case "ich9":
		v.refuse(!v.has("ich9-intel-hda"), "The ich9-intel-hda audio controller is not supported in this QEMU binary")
	case "virtio":
		v.refuse(!v.has("virtio-sound"), "virtio-sound controller is not supported in this QEMU binary")
	case "ich7":
		v.Internal("sound card model '%s' is not supported by qemu", s.Model)
	}
	if s.Model != "ich6" && s.Model != "ich9" {
		return
	}
	for _, codec := range s.Codecs {
		v.refuse(!v.has(caps.Flag("hda-"+codec)), "hda-%s not supported in this QEMU binary", codec)
	}
}

func (v *check) tpm(t *domain.TPM) {
	emulated := v.host.TPMVersions()
	if t.Backend == "emulator" {
		v.refuse(!oneOf(t.Version, emulated...), "TPM version '%s' is not supported", t.Version)
		if t.Version == "1.2" {
			v.refuse(t.Model != "tpm-tis", "TPM 1.2 is not supported for model '%s'", t.Model)
			v.refuse(!v.machine.X86(), "TPM 1.2 is not supported on architecture '%s'", v.machine.Arch)
		}
	}
	there := v.has("tpm-passthrough")
	if t.Backend != "passthrough" {
		there = v.has("tpm-emulator") && len(emulated) > 0
	}
	binary := v.doc.Devices.Emulator
	v.refuse(!there, "The QEMU executable %s does not support TPM backend type %s", binary, t.Backend)
	v.refuse(v.machine.PPC64() && t.Model == "spapr-tpm-proxy" && t.Backend != "passthrough",
		"TPM Proxy model %s requires 'Passthrough' backend", t.Model)
	v.refuse(!v.has(caps.Flag(t.Model)), "The QEMU executable %s does not support TPM model %s", binary, t.Model)
}

// inputFlags are the devices for input on virtio, and what they are on s390's channels.
var inputFlags = map[string]struct{ device, ccw caps.Flag }{
	"mouse":       {"virtio-mouse", "virtio-mouse-ccw"},
	"tablet":      {"virtio-tablet", "virtio-tablet-ccw"},
	"keyboard":    {"virtio-keyboard", "virtio-keyboard-ccw"},
	"passthrough": {"virtio-input-host", ""},
	"evdev":       {"input-linux", ""},
}

func (v *check) input(i *domain.Input) {
	v.refuse(i.Bus == "ps2" && !v.hasPS2(), "%s is not supported by this QEMU binary", i.Bus)
	v.refuse(i.Bus == "usb" && i.Type == "keyboard" && !v.has("usb-kbd"), "usb keyboard is not supported by this QEMU binary")
	if i.Bus != "virtio" {
		return
	}
	v.refuse(oneOf(i.Model, "virtio-transitional", "virtio-non-transitional"),
		"virtio (non-)transitional models are not supported for input type=%s", i.Type)
	f := inputFlags[i.Type]
	v.refuse(!v.has(f.device) || i.DeviceInfo.Address.Type == "ccw" && !v.has(f.ccw),
		"%s is not supported by this QEMU binary", f.device)
}

func (v *check) balloon(b *domain.Memballoon) {
	if b.Model == "none" {
		return
	}
	v.refuse(!oneOf(b.Model, "virtio", "virtio-transitional", "virtio-non-transitional"),
		"Memory balloon device type '%s' is not supported by this version of qemu", b.Model)
	v.refuse(b.AutoDeflate.Given() && !v.has("virtio-balloon-pci.deflate-on-oom"),
		"deflate-on-oom is not supported by this QEMU binary")
	v.refuse(b.FreePageReporting.Given() && !v.has("virtio-balloon.free-page-reporting"),
		"freePageReporting is not supported by this QEMU binary")
}

func (v *check) nvram(n *domain.NVRAMDevice) {
	v.refuse(v.machine.PSeries() && !v.has("nvram"), "nvram device is not supported by this QEMU binary")
	v.refuse(!v.machine.PSeries(), "nvram device is only supported for PPC64")
	if a := n.DeviceInfo.Address; a.Type != "spapr-vio" || a.SpaprVIO.Reg == nil {
		v.XMLError("nvram address type must be spaprvio")
	}
}

func (v *check) iommu(i *domain.IOMMU) {
	m := v.machine
	noBinary := func(bad bool) {
		v.refuse(bad, "IOMMU device: '%s' is not supported with this QEMU binary", i.Model)
	}
	switch i.Model {
	case "intel":
		v.refuse(!m.Q35(), "IOMMU device: '%s' is only supported with Q35 machines", i.Model)
		noBinary(!v.has("intel-iommu"))
	case "smmuv3":
		v.refuse(!m.ARMVirt(), "IOMMU device: '%s' is only supported with ARM Virt machines", i.Model)
		noBinary(!v.has("machine.virt.iommu"))
	case "virtio":
		v.refuse(!m.ARMVirt() && !m.Q35(), "IOMMU device: '%s' is only supported with Q35 and ARM Virt machines", i.Model)
		noBinary(!v.has("virtio-iommu-pci", "virtio-iommu.boot-bypass"))
		v.refuse(v.doc.Features.ACPI != domain.On, "IOMMU device: '%s' requires ACPI", i.Model)
		v.refuse(!addressed(i, "pci"), "IOMMU device: '%s' needs a PCI address", i.Model)
	}
	for _, o := range []struct {
		given bool
		flag  caps.Flag
		text  string
	}{
		{i.IntRemap.Given(), "intel-iommu.intremap", "interrupt remapping is"},
		{i.CachingMode.Given(), "intel-iommu.caching-mode", "caching mode is"},
		{i.EIM.Given(), "intel-iommu.eim", "eim is"},
		{i.IOTLB.Given(), "intel-iommu.device-iotlb", "device IOTLB is"},
		{i.AWBits > 0, "intel-iommu.aw-bits", "aw_bits is"},
		{i.DMATranslation.Given(), "intel-iommu.dma-translation", "updating dma translation is"},
	} {
		v.refuse(o.given && !v.has(o.flag), "iommu: %s not supported with this QEMU binary", o.text)
	}
}
