package golden

import (
	"fmt"
	"time"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/actors/qemu/firmware"
	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/domain"
)

// goldenPCI has the PCI devices of the host the results were made on, by their IOMMU groups.
type goldenPCI struct{}

func (goldenPCI) PCIExpress(domain.PCIAddress) (express, known bool) { return false, false }

func (goldenPCI) IOMMUGroup(a domain.PCIAddress) (uint, bool) {
	group, known := goldenGroups[domain.PCIAddress{Domain: a.Domain, Bus: a.Bus, Slot: a.Slot, Function: a.Function}]
	return group, known
}

var goldenGroups = map[domain.PCIAddress]uint{
	{}: 0, {Slot: 1}: 1, {Slot: 2}: 2, {Slot: 3}: 3, {Domain: 1}: 4,
	{Domain: 1, Bus: 1}: 5, {Domain: 1, Bus: 1, Function: 1}: 5,
	{Domain: 5, Bus: 0x80}: 6, {Domain: 5, Bus: 0x90, Slot: 1}: 7, {Domain: 5, Bus: 0x90, Slot: 1, Function: 1}: 7,
	{Domain: 5, Bus: 0x90, Slot: 1, Function: 2}: 7, {Domain: 5, Bus: 0x90, Slot: 1, Function: 3}: 7,
	{Bus: 10, Slot: 1}: 8, {Bus: 10, Slot: 2}: 8, {Bus: 10, Slot: 3}: 8,
	{Bus: 6, Slot: 18}: 9, {Bus: 6, Slot: 18, Function: 1}: 10, {Bus: 6, Slot: 18, Function: 2}: 11,
}

// goldenHost is the host that libvirt's expected results were made on.
func goldenHost() *defaults.Host {
	return &defaults.Host{
		Emulator:   func(arch string) string { return "/usr/bin/qemu-system-" + emulatorArch(arch) },
		PCI:        goldenPCI{},
		ChannelDir: "/var/run/libvirt/qemu/channel",
		LibDir:     "/var/lib/libvirt/qemu",
		NVRAMDir:   "/var/lib/libvirt/qemu/nvram",
		Firmware: firmware.Host{
			Descriptors: goldenFirmware(),
			NVRAMDir:    "/var/lib/libvirt/qemu/nvram",
			Pairs: []firmware.Pair{
				{Code: "/usr/share/AAVMF/AAVMF_CODE.fd", Vars: "/usr/share/AAVMF/AAVMF_VARS.fd"},
				{Code: "/usr/share/AAVMF/AAVMF32_CODE.fd", Vars: "/usr/share/AAVMF/AAVMF32_VARS.fd"},
				{Code: "/usr/share/OVMF/OVMF_CODE.fd", Vars: "/usr/share/OVMF/OVMF_VARS.fd"},
				{Code: "/usr/share/OVMF/OVMF_CODE.secboot.fd", Vars: "/usr/share/OVMF/OVMF_VARS.fd"},
			},
		},
	}
}

func emulatorArch(arch string) string {
	switch arch {
	case "i686":
		return "i386"
	case "armv7l", "armv6l":
		return "arm"
	case "ppc64le":
		return "ppc64"
	}
	return arch
}

// goldenFirmware are the builds of Fedora's packages that the results name, strongest first.
func goldenFirmware() []firmware.Descriptor {
	q35 := []firmware.Target{{Architecture: "x86_64", Machines: []string{"pc-q35-*"}}}
	pc := []firmware.Target{{Architecture: "x86_64", Machines: []string{"pc-i440fx-*", "pc-q35-*"}}}
	secure := []string{"acpi-s3", "requires-smm", "secure-boot", "verbose-dynamic"}
	enrolled := append([]string{"enrolled-keys"}, secure...)
	plain := []string{"acpi-s3", "amd-sev", "verbose-dynamic"}
	ovmf := func(code, vars, format string, targets []firmware.Target, features []string) firmware.Descriptor {
		const dir = "/usr/share/edk2/ovmf/"
		return firmware.Descriptor{
			Interfaces: []string{"uefi"}, Device: "flash", Mode: "split", Targets: targets, Features: features,
			Executable: firmware.Image{Filename: dir + code, Format: format},
			Template:   firmware.Image{Filename: dir + vars, Format: format},
		}
	}
	arm := func(code, vars, format string, features ...string) firmware.Descriptor {
		const dir = "/usr/share/edk2/aarch64/"
		return firmware.Descriptor{
			Interfaces: []string{"uefi"}, Device: "flash", Mode: "split", Features: features,
			Targets:    []firmware.Target{{Architecture: "aarch64", Machines: []string{"virt-*"}}},
			Executable: firmware.Image{Filename: dir + code, Format: format},
			Template:   firmware.Image{Filename: dir + vars, Format: format},
		}
	}
	return []firmware.Descriptor{
		arm("QEMU_EFI-silent-pflash.qcow2", "vars-template-pflash.qcow2", "qcow2"),
		arm("QEMU_EFI-silent-pflash.raw", "vars-template-pflash.raw", "raw"),
		arm("QEMU_EFI-pflash.qcow2", "vars-template-pflash.qcow2", "qcow2", "verbose-static"),
		arm("QEMU_EFI-pflash.raw", "vars-template-pflash.raw", "raw", "verbose-static"),
		{
			Interfaces: []string{"uefi"}, Device: "flash", Mode: "split",
			Targets:    []firmware.Target{{Architecture: "loongarch64", Machines: []string{"virt", "virt-*"}}},
			Executable: firmware.Image{Filename: "/usr/share/edk2/loongarch64/QEMU_EFI.fd", Format: "raw"},
			Template:   firmware.Image{Filename: "/usr/share/edk2/loongarch64/QEMU_VARS.fd", Format: "raw"},
		},
		{
			Interfaces: []string{"uefi"}, Device: "flash", Mode: "split",
			Targets:    []firmware.Target{{Architecture: "riscv64", Machines: []string{"virt", "virt-*"}}},
			Executable: firmware.Image{Filename: "/usr/share/edk2/riscv/RISCV_VIRT_CODE.qcow2", Format: "qcow2"},
			Template:   firmware.Image{Filename: "/usr/share/edk2/riscv/RISCV_VIRT_VARS.qcow2", Format: "qcow2"},
		},
		ovmf("OVMF_CODE_4M.secboot.qcow2", "OVMF_VARS_4M.secboot.qcow2", "qcow2", q35, enrolled),
		ovmf("OVMF_CODE.secboot.fd", "OVMF_VARS.secboot.fd", "raw", q35, enrolled),
		ovmf("OVMF_CODE_4M.secboot.qcow2", "OVMF_VARS_4M.qcow2", "qcow2", q35, secure),
		ovmf("OVMF_CODE.secboot.fd", "OVMF_VARS.fd", "raw", q35, secure),
		ovmf("OVMF_CODE_4M.qcow2", "OVMF_VARS_4M.qcow2", "qcow2", pc, plain),
		ovmf("OVMF_CODE.fd", "OVMF_VARS.fd", "raw", pc, plain),
		{
			Interfaces: []string{"uefi"}, Device: "flash", Mode: "stateless",
			Executable: firmware.Image{Filename: "/usr/share/edk2/ovmf/OVMF.amdsev.fd", Format: "raw"},
			Targets:    q35, Features: []string{"amd-sev", "amd-sev-es", "amd-sev-snp", "verbose-dynamic"},
		},
		{
			Interfaces: []string{"bios"}, Device: "memory",
			Executable: firmware.Image{Filename: "/usr/share/seabios/bios-256k.bin"},
			Targets:    []firmware.Target{{Architecture: "i386", Machines: []string{"pc-i440fx-*", "pc-q35-*"}}, pc[0]},
		},
	}
}

// The numbers of descriptors in the results, by what they are for.
const (
	goldenMonitorFD = 1729
	goldenTapFD     = 3
	goldenBridgeFD  = 102
	goldenVhostFD   = 44
	goldenFileFD    = 1750
)

func goldenEnv(d *domain.Domain, c *conditions) *command.Env {
	name := goldenShortName(d)
	e := &command.Env{
		Privileged: true,
		LibDir:     goldenLibDir(d),
		ChannelDir: "/var/run/libvirt/qemu/channel/" + name,
		Base:       []string{"LC_ALL=C", "PATH=/bin", "HOME=/", "USER=test", "LOGNAME=test"},
		Config: command.Config{
			LogTimestamp: true, SeccompSandbox: -1,
			VNC:              command.Display{Listen: "127.0.0.1", TLSDir: "/etc/pki/libvirt-vnc"},
			ChardevTLSDir:    "/etc/pki/libvirt-chardev",
			Spice:            command.Display{Listen: "127.0.0.1", Password: "123456", TLSDir: "/etc/pki/libvirt-spice"},
			MemoryBackingDir: "/var/lib/libvirt/qemu/ram",
		},
		Now: func() time.Time { return time.Unix(1234567890, 0).In(time.FixedZone("VIR", -1800)) },
		Storage: command.Storage{
			GlusterDebug: 4,
			NBD:          command.StorageTLS{Dir: "/etc/pki/libvirt-nbd/dummy,path"},
			VxHS:         command.StorageTLS{Dir: "/etc/pki/libvirt-vxhs/dummy,path"}, MasterKey: goldenBytes(32), Random: func(p []byte) { copy(p, goldenBytes(len(p))) },
			HostCDROM: func(path string) bool { return path == "/dev/cdrom" }},
		Lookup: func(name string) (string, bool) {
			if name == "XDG_RUNTIME_DIR" {
				return "", false
			}
			return "/run/user/1000", name == "PIPEWIRE_RUNTIME_DIR"
		},
		PasstDir:        "/var/run/libvirt/qemu/passt",
		ShortName:       name,
		TPMSocket:       "/dev/test",
		SCSIGeneric:     func(string, uint, uint, uint64) (string, error) { return "/dev/sg0", nil },
		MemoryFile:      func(alias string) (string, error) { return "/var/lib/libvirt/qemu/ram/" + name + "/" + alias, nil },
		DefaultHugePage: 2048,
		HugeTLB:         goldenHugeTLB(name),
		NodeOfCPU:       func(cpu int) int { return cpu / 4 },
		AutoNodes:       func() (*domain.CPUSet, error) { return cpuset.Parse("0-3") },
		Secret: func(string, string) ([]byte, error) {
			return []byte("AQCVn5hO6HzFAhAAq0NCv8jtJcIcE+HOBlMQ1A"), nil
		},
		Incoming: c.incoming,
		Pass:     goldenPass(d, c),
		Vhost:    goldenVhost,
	}
	e.Storage.NBDKit = c.throughNBDKit
	e.Storage.Group = func(name string) (int, bool, bool) {
		g, ok := c.groups[name]
		return len(g.numbers), g.writable, ok
	}
	if c.settings != nil {
		c.settings(e)
	}
	return e
}

// goldenVhost gives the kernel's side to every card of virtio's.
func goldenVhost(n *domain.Interface, count int) ([]int, error) {
	var fds []int
	for i := 0; i < count && n.IsVirtio(); i++ {
		fds = append(fds, goldenVhostFD+i)
	}
	return fds, nil
}

// goldenPass numbers descriptors as on the host the results were made on.
func goldenPass(d *domain.Domain, c *conditions) func(command.Pass) (int, error) {
	files := goldenFileFD
	return func(p command.Pass) (int, error) {
		switch p.Kind {
		case "monitor", "chardev-listen", "vhost-user-gpu":
			return goldenMonitorFD, nil
		case "tap":
			return goldenTap(d, p), nil
		case "vhost-scsi":
			return goldenTapFD, nil
		case "vsock":
			return 6789, nil
		case "tpm":
			return 1730, nil
		case "cancel":
			return 1731, nil
		case "vdpa":
			return 1732, nil
		case "disk":
			return c.groups[p.Path].numbers[p.Index], nil
		case "chardev-log":
			return goldenFileFD + 1, nil
		case "chardev-file":
			return goldenFileFD, nil
		}
		files++
		return files - 1, nil
	}
}

func goldenHugeTLB(machine string) func(uint64) (string, error) {
	return func(size uint64) (string, error) {
		switch size {
		case 0, 2048:
			return "/dev/hugepages2M/libvirt/qemu/" + machine, nil
		case 1 << 20:
			return "/dev/hugepages1G/libvirt/qemu/" + machine, nil
		}
		return "", fmt.Errorf("internal error: Unable to find any usable hugetlbfs mount for %d KiB", size)
	}
}

// goldenCID is the number the kernel gave to machines that left it to the host.
const goldenCID = 42

// goldenGenID replaces an ID made up here by the one made up there.
func goldenGenID(d *domain.Domain) {
	if d.GenID != nil && d.GenID.Generated {
		copy(d.GenID.UUID[:], goldenBytes(len(d.GenID.UUID)))
		d.GenID.UUID[6] = d.GenID.UUID[6]&0x0f | 0x40
		d.GenID.UUID[8] = d.GenID.UUID[8]&0x3f | 0x80
	}
}

// goldenBytes are the random numbers of the host the results were made on.
func goldenBytes(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}

// goldenDisplays gives displays what they got on the host the results were made on.
func goldenDisplays(d *domain.Domain, c *conditions) error {
	err := defaults.SetUpDisplays(d, &defaults.Displays{
		LibDir: goldenLibDir(d), VNCListen: "127.0.0.1", SpiceListen: "127.0.0.1",
		VNCAutoSocket: c.autoSocket, SpiceAutoSock: c.autoSocket,
		DBusAddress: "unix:path=/var/run/libvirt/qemu/dbus/" + goldenShortName(d) + "-dbus.sock",
		RenderNode:  func() (string, error) { return "/dev/dri/foo", nil },
	})
	for _, g := range d.Devices.Graphics {
		if !g.AutoPort || g.Listens[0].Type != "address" && g.Listens[0].Type != "network" {
			continue
		}
		if g.Port = 5900; g.Type == "spice" {
			g.Port = 5901
		}
	}
	return err
}

func goldenShortName(d *domain.Domain) string {
	name := []rune(d.Name)
	return fmt.Sprintf("%d-%s", d.ID, string(name[:min(len(name), 20)]))
}

func goldenLibDir(d *domain.Domain) string {
	return "/var/lib/libvirt/qemu/domain-" + goldenShortName(d)
}

// goldenTap is the number of a tap device: those on bridges had one of their own.
func goldenTap(d *domain.Domain, p command.Pass) int {
	for _, n := range d.Devices.Interfaces {
		if n.Alias == p.Alias && (n.Type == "bridge" || n.Type == "network") {
			return goldenBridgeFD + p.Index
		}
	}
	return goldenTapFD + p.Index
}
