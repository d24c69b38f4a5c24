package caps

// properties says what the properties of one QOM type tell.
type properties struct {
	kind  string // of the QOM type
	needs Flag   // without it the type is not asked for; empty asks always
	props []want
}

// deviceProperties are asked with device-list-properties.
var deviceProperties = []properties{
	{"virtio-blk-pci", "", []want{
		{"scsi", "virtio-blk-pci.scsi"},
		{"queue-size", "virtio-blk.queue-size"},
		{"acpi-index", "acpi-index"},
		{"iothread-vq-mapping", "virtio-blk.iothread-mapping"},
	}},
	{"virtio-net-pci", "virtio-net", []want{
		{"acpi-index", "acpi-index"},
		{"rss", "virtio-net.rss"},
	}},
	{"virtio-scsi-pci", "virtio-scsi-pci", []want{
		{"acpi-index", "acpi-index"},
		{"iothread-vq-mapping", "virtio-scsi.iothread-mapping"},
	}},
	{"virtio-blk-ccw", "virtio-ccw", []want{
		{"scsi", "virtio-blk-pci.scsi"},
		{"queue-size", "virtio-blk.queue-size"},
		{"acpi-index", "acpi-index"},
		{"iothread-vq-mapping", "virtio-blk.iothread-mapping"},
	}},
	{"virtio-net-ccw", "virtio-net", []want{
		{"acpi-index", "acpi-index"},
		{"rss", "virtio-net.rss"},
	}},
	{"virtio-scsi-ccw", "virtio-scsi-pci", []want{
		{"acpi-index", "acpi-index"},
		{"iothread-vq-mapping", "virtio-scsi.iothread-mapping"},
	}},
	{"scsi-hd", "", []want{
		{"channel", "scsi-disk.channel"},
		{"rotation_rate", "rotation-rate"},
	}},
	{"PIIX4_PM", "", []want{
		{"acpi-root-pci-hotplug", "piix4.acpi-root-pci-hotplug"},
	}},
	{"usb-redir", "usb-redir", []want{
		{"filter", "usb-redir.filter"},
	}},
	{"kvm-pit", "", []want{
		{"lost_tick_policy", "kvm-pit-lost-tick-policy"},
	}},
	{"VGA", "VGA", []want{
		{"vgamem_mb", "VGA.vgamem_mb"},
	}},
	{"vmware-svga", "vmware-svga", []want{
		{"vgamem_mb", "vmware-svga.vgamem_mb"},
	}},
	{"qxl", "qxl", []want{
		{"vgamem_mb", "qxl.vgamem_mb"},
		{"vram64_size_mb", "qxl.vram64_size_mb"},
	}},
	{"virtio-gpu-pci", "virtio-gpu", []want{
		{"virgl", "virtio-gpu.virgl"},
		{"acpi-index", "acpi-index"},
		{"blob", "virtio-gpu.blob"},
	}},
	{"virtio-gpu-device", "virtio-gpu", []want{
		{"virgl", "virtio-gpu.virgl"},
		{"acpi-index", "acpi-index"},
		{"blob", "virtio-gpu.blob"},
	}},
	{"virtio-balloon-pci", "", []want{
		{"deflate-on-oom", "virtio-balloon-pci.deflate-on-oom"},
		{"free-page-reporting", "virtio-balloon.free-page-reporting"},
		{"acpi-index", "acpi-index"},
	}},
	{"virtio-balloon-ccw", "", []want{
		{"deflate-on-oom", "virtio-balloon-pci.deflate-on-oom"},
		{"free-page-reporting", "virtio-balloon.free-page-reporting"},
		{"acpi-index", "acpi-index"},
	}},
	{"virtio-balloon-device", "", []want{
		{"deflate-on-oom", "virtio-balloon-pci.deflate-on-oom"},
		{"free-page-reporting", "virtio-balloon.free-page-reporting"},
		{"acpi-index", "acpi-index"},
	}},
	{"intel-iommu", "intel-iommu", []want{
		{"intremap", "intel-iommu.intremap"},
		{"caching-mode", "intel-iommu.caching-mode"},
		{"eim", "intel-iommu.eim"},
		{"device-iotlb", "intel-iommu.device-iotlb"},
		{"aw-bits", "intel-iommu.aw-bits"},
		{"dma-translation", "intel-iommu.dma-translation"},
	}},
	{"spapr-pci-host-bridge", "spapr-pci-host-bridge", []want{
		{"numa_node", "spapr-pci-host-bridge.numa_node"},
	}},
	{"virtio-gpu-ccw", "virtio-gpu-ccw", []want{
		{"virgl", "virtio-gpu.virgl"},
		{"acpi-index", "acpi-index"},
		{"blob", "virtio-gpu.blob"},
	}},
	{"mch", "mch", []want{
		{"extended-tseg-mbytes", "mch.extended-tseg-mbytes"},
	}},
	{"nvdimm", "nvdimm", []want{
		{"unarmed", "nvdimm.unarmed"},
	}},
	{"pcie-root-port", "pcie-root-port", []want{
		{"hotplug", "pcie-root-port.hotplug"},
	}},
	{"usb-host", "", []want{
		{"hostdevice", "usb-host.hostdevice"},
		{"guest-resets-all", "usb-host.guest-resets-all"},
	}},
	{"vhost-user-fs-device", "vhost-user-fs", []want{
		{"bootindex", "vhost-user-fs.bootindex"},
	}},
	{"virtio-mem-pci", "virtio-mem-pci", []want{
		{"prealloc", "virtio-mem-pci.prealloc"},
		{"dynamic-memslots", "virtio-mem-pci.dynamic-memslots"},
	}},
	{"virtio-iommu-pci", "virtio-iommu-pci", []want{
		{"boot-bypass", "virtio-iommu.boot-bypass"},
	}},
	{"virtio-blk-ccw", "virtio-ccw", []want{
		{"loadparm", "virtio-ccw.loadparm"},
	}},
}

// objectProperties are asked with qom-list-properties.
var objectProperties = []properties{
	{"memory-backend-file", "", []want{
		{"pmem", "memory-backend-file.pmem"},
		{"x-use-canonical-path-for-ramblock-id", "memory-backend-file.x-use-canonical-path-for-ramblock-id"},
		{"reserve", "memory-backend-file.reserve"},
		{"prealloc-threads", "memory-backend-file.prealloc-threads"},
	}},
	{"memory-backend-memfd", "memory-backend-memfd", []want{
		{"hugetlb", "memory-backend-memfd.hugetlb"},
	}},
	{"max-x86_64-cpu", "x86-max-cpu", []want{
		{"unavailable-features", "cpu-unavailable-features"},
		{"kvm-no-adjvtime", "cpu.kvm-no-adjvtime"},
		{"migratable", "cpu.migratable"},
	}},
	{"max-arm-cpu", "arm-max-cpu", []want{
		{"unavailable-features", "cpu-unavailable-features"},
		{"kvm-no-adjvtime", "cpu.kvm-no-adjvtime"},
		{"migratable", "cpu.migratable"},
	}},
}

// machineProperties are those of machine types; the QOM type is the name with "-machine".
var machineProperties = []properties{
	{"virt", "", []want{
		{"iommu", "machine.virt.iommu"},
		{"ras", "machine.virt.ras"},
		{"aia", "machine.virt.aia"},
	}},
	{"none", "", []want{
		{"confidential-guest-support", "confidential-guest-support"},
		{"shim", "shim"},
	}},
	{"generic-pc", "", []want{
		{"i8042", "machine-i8042-opt"},
	}},
}

// option is a parameter of a command line option; without a parameter the option itself.
type option struct {
	name, param string
	flag        Flag
}

// commandLine is asked with query-command-line-options.
var commandLine = []option{
	{"fsdev", "multidevs", "fsdev.multidevs"},
	{"machine", "hpet", "machine-hpet"},
	{"sandbox", "", "seccomp-sandbox"},
	{"spice", "", "spice"},
	{"spice", "gl", "spice-gl"},
	{"spice", "rendernode", "spice-rendernode"},
	{"vnc", "power-control", "vnc-power-control"},
	{"run-with", "async-teardown", "run-with.async-teardown"},
}

// tpmModels and tpmTypes are of query-tpm-models and query-tpm-types.
var (
	tpmModels = []want{{"tpm-tis", "tpm-tis"}, {"tpm-crb", "tpm-crb"}, {"tpm-spapr", "tpm-spapr"}}
	tpmTypes  = []want{{"passthrough", "tpm-passthrough"}, {"emulator", "tpm-emulator"}}
)

// preferredMachines is the machine type of a document that names none, by architecture, whatever QEMU prefers.
var preferredMachines = map[string]string{
	"alpha":        "clipper",
	"armv6l":       "integratorcp",
	"armv7l":       "virt",
	"armv7b":       "virt",
	"aarch64":      "virt",
	"cris":         "axis-dev88",
	"i686":         "pc",
	"lm32":         "lm32-evr",
	"loongarch64":  "virt",
	"m68k":         "mcf5208evb",
	"microblaze":   "petalogix-s3adsp1800",
	"microblazeel": "petalogix-s3adsp1800",
	"mips":         "malta",
	"mipsel":       "malta",
	"mips64":       "malta",
	"mips64el":     "malta",
	"openrisc":     "or1k-sim",
	"ppc":          "g3beige",
	"ppcle":        "g3beige",
	"ppc64":        "pseries",
	"ppc64le":      "pseries",
	"ppcemb":       "bamboo",
	"riscv32":      "virt",
	"riscv64":      "virt",
	"s390x":        "s390-ccw-virtio",
	"sh4":          "shix",
	"sh4eb":        "shix",
	"sparc":        "SS-5",
	"sparc64":      "sun4u",
	"unicore32":    "puv3",
	"x86_64":       "pc",
	"xtensa":       "sim",
	"xtensaeb":     "sim",
}
