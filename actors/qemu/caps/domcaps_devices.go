package caps

import "virtree.dev/protocol/xml/domcaps"

func (d *describer) add(name string, enums ...domcaps.Enum) {
	d.out.Devices = append(d.out.Devices, domcaps.Section{Name: name, Supported: true, Enums: enums})
}

// addUnless adds a section that says no where nothing can be chosen.
func (d *describer) addUnless(missing bool, name string, enums ...domcaps.Enum) {
	if missing {
		d.out.Devices = append(d.out.Devices, domcaps.Section{Name: name})
		return
	}
	d.add(name, enums...)
}

func (d *describer) enum(name string, all ...choice) domcaps.Enum {
	return domcaps.Enum{Name: name, Values: d.choices(all...)}
}

// devices are in the order of the document.
func (d *describer) devices() {
	const transitional Flag = "virtio-pci-non-transitional"
	virtio := func(flag Flag) []choice {
		both := when(d.Has(flag, transitional), "virtio-transitional")
		return []choice{with("virtio", flag), both, {"virtio-non-transitional", both.needs}}
	}
	d.add("disk",
		d.enum("diskDevice", always("disk"), always("cdrom"), when(!d.machine.PSeries(), "floppy"), always("lun")),
		d.enum("bus", when(d.machine.BuiltinIDE(), "ide"), when(!d.machine.PSeries(), "fdc"), always("scsi"), always("virtio"),
			with("usb", "usb-storage"), with("sata", "ich9-ahci")),
		d.enum("model", always("virtio"), with("virtio-transitional", transitional), with("virtio-non-transitional", transitional)))
	d.add("graphics", d.enum("type", with("sdl", "sdl"), with("vnc", "vnc"), when(d.at.RDP && d.Has("display-dbus"), "rdp"),
		with("spice", "spice"), with("egl-headless", "egl-headless"), with("dbus", "display-dbus")))
	d.add("video", d.enum("modelType", with("vga", "VGA"), with("cirrus", "cirrus-vga"), with("vmvga", "vmware-svga"),
		with("qxl", "qxl"), with("virtio", "virtio-gpu"), always("none"), with("bochs", "bochs-display"), with("ramfb", "ramfb")))
	d.hostdev()
	d.add("rng", d.enum("model", virtio("virtio-rng")...),
		d.enum("backendModel", with("random", "rng-random"), with("egd", "rng-egd"), with("builtin", "rng-builtin")))
	d.add("filesystem", d.enum("driverType", always("path"), always("handle"), with("virtiofs", "vhost-user-fs")))
	d.tpm()
	d.addUnless(!d.Has("usb-redir"), "redirdev", d.enum("bus", always("usb")))
	d.add("channel", d.enum("type", always("pty"), always("unix"), with("spicevmc", "spice")))
	d.add("crypto", d.enum("model", with("virtio", "virtio-crypto")), d.enum("type", always("qemu")),
		d.enum("backendModel", always("builtin"), with("lkcf", "cryptodev-backend-lkcf")))
	d.add("interface", d.enum("backendType", with("default", "netdev.user"), with("passt", "netdev.stream")))
	panics := d.enum("model", with("isa", "pvpanic"), when(d.machine.PSeries(), "pseries"), when(isX86(d.Arch), "hyperv"),
		when(d.machine.S390(), "s390"), with("pvpanic", "pvpanic-pci"))
	d.addUnless(panics.Values == nil, "panic", panics)
}

func (d *describer) hostdev() {
	usb := with("usb", "piix3-usb-uhci", "piix4-usb-uhci", "usb-ehci", "ich9-usb-ehci1", "vt82c686b-usb-uhci", "pci-ohci",
		"nec-usb-xhci", "qemu-xhci")
	vfio := d.at.VFIO && d.Has("vfio-pci")
	d.add("hostdev",
		d.enum("mode", always("subsystem")),
		d.enum("startupPolicy", always("default"), always("mandatory"), always("requisite"), always("optional")),
		d.enum("subsysType", usb, always("pci"), always("scsi")),
		d.enum("capsType"),
		d.enum("pciBackend", when(vfio, "default"), when(vfio, "vfio")))
}

func (d *describer) tpm() {
	emulated := d.at.SWTPM && d.Has("tpm-emulator")
	models := d.enum("model", with("tpm-tis", "tpm-tis"), with("tpm-crb", "tpm-crb"), with("tpm-spapr", "tpm-spapr"),
		with("spapr-tpm-proxy", "spapr-tpm-proxy"))
	enums := []domcaps.Enum{models, d.enum("backendModel", with("passthrough", "tpm-passthrough"),
		when(emulated, "emulator"), when(emulated, "external"))}
	if d.at.SWTPM && d.at.TPMVersions != nil {
		enums = append(enums, domcaps.Enum{Name: "backendVersion", Values: d.at.TPMVersions})
	}
	d.addUnless(models.Values == nil, "tpm", enums...)
}

func (d *describer) features() {
	d.gic()
	d.out.Features = []domcaps.Feature{
		{Name: "vmcoreinfo", Supported: d.Has("vmcoreinfo")},
		{Name: "genid", Supported: d.Has("vmgenid")},
		{Name: "backingStoreInput", Supported: true},
		{Name: "backup", Supported: true},
		{Name: "async-teardown", Supported: d.Has("run-with.async-teardown")},
	}
	confidential := d.Has("s390-pv-guest", "confidential-guest-support")
	if d.machine.S390() {
		d.out.Features = append(d.out.Features, domcaps.Feature{Name: "s390-pv", Supported: confidential && d.at.SecureGuests})
	}
	d.out.Features = append(d.out.Features, domcaps.Feature{Name: "ps2", Supported: d.machine.PS2() && d.Has("machine-i8042-opt")})
	if s := d.SEV; s != nil {
		d.out.SEV = &domcaps.SEV{CBitPos: s.CBitPos, ReducedBits: s.ReducedBits, CPU0ID: s.CPU0ID}
		d.out.SEV.MaxGuests, d.out.SEV.MaxES = d.at.Encrypted.Guests, d.at.Encrypted.ESGuests
	}
	if s := d.SGX; s != nil {
		d.out.SGX = &domcaps.SGX{FLC: s.FLC, SGX1: s.SGX1, SGX2: s.SGX2, Size: s.Size}
		for _, section := range s.Sections {
			d.out.SGX.Sections = append(d.out.SGX.Sections, domcaps.SGXSection(section))
		}
	}
	if d.HyperV != nil {
		d.out.HyperV = &domcaps.Section{Name: "hyperv", Supported: true, Enums: []domcaps.Enum{{Name: "features", Values: d.HyperV.Features}}}
	}
	kinds := d.enum("sectype", with("sev", "sev-guest"), with("sev-snp", "sev-snp-guest"), when(confidential, "s390-pv"))
	d.out.LaunchSecurity = domcaps.Section{Name: "launchSecurity", Supported: kinds.Values != nil, Enums: []domcaps.Enum{kinds}}
}

// gic lists the interrupt controllers that guests of ARM's paravirtual board can have.
func (d *describer) gic() {
	d.out.GIC.Name = "gic"
	if !d.machine.ARMVirt() {
		return
	}
	has := func(version uint) bool {
		for _, g := range d.GICs {
			if g.Version == version && (d.out.Type == "kvm" && g.Kernel || d.out.Type == "qemu" && g.Emulated) {
				return true
			}
		}
		return false
	}
	versions := d.enum("version", when(has(2), "2"), when(has(3), "3"))
	d.out.GIC.Supported = versions.Values != nil
	d.out.GIC.Enums = []domcaps.Enum{versions}
}
