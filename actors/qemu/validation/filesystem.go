package validation

import "virtree.dev/protocol/xml/domain"

func (v *check) filesystem(f *domain.Filesystem) {
	v.refuse(f.Type != "mount", "only supports mount filesystem type")
	v.refuse(f.HardLimit > 0 || f.SoftLimit > 0, "filesystem usage limits are not supported with QEMU")
	v.refuse(f.Multidevs != "" && !v.has("fsdev.multidevs"), "multidevs is not supported with this QEMU binary")
	v.refuse((f.FMode != 0 || f.DMode != 0) && f.AccessMode != "mapped", "fmode and dmode must be used with accessmode=mapped")
	v.refuse(f.Driver.Type != "virtiofs" && f.Binary.Sandbox != "", "sandbox can only be used with driver=virtiofs")
	switch f.Driver.Type {
	case "handle":
		v.refuse(f.AccessMode != "passthrough", "only supports passthrough accessmode")
	case "loop", "nbd", "ploop":
		v.Unsupported("Filesystem driver type not supported")
	case "virtiofs":
		v.virtiofs(f)
	case "mtp":
		v.refuse(!v.has("usb-mtp"), "mtp is not supported with this QEMU binary")
		v.refuse(f.AccessMode != "passthrough", "mtp only supports passthrough accessmode")
	}
}

func (v *check) virtiofs(f *domain.Filesystem) {
	if f.Socket == "" {
		v.refuse(f.AccessMode != "passthrough", "virtiofs only supports passthrough accessmode")
		v.refuse(f.Driver.WRPolicy != "", "virtiofs does not support wrpolicy")
	} else {
		v.refuse(f.ReadOnly, "readonly mode cannot be set for externally started virtiofsd")
	}
	v.refuse(f.Model != "", "virtiofs does not support model")
	v.refuse(f.Driver.Format != "", "virtiofs does not support format")
	v.refuse(!v.has("vhost-user-fs"), "virtiofs is not supported with this QEMU binary")
	v.refuse(f.Multidevs != "", "virtiofs does not support multidevs")
	v.refuse(f.FMode != 0 || f.DMode != 0, "virtiofs does not support fmode and dmode")
	v.sharedMemory("virtiofs")
	if f.DeviceInfo.Boot != 0 {
		v.refuse(!v.has("vhost-user-fs.bootindex"), "setting virtiofs boot order is not supported with this QEMU binary")
		v.refuse(!addressed(f, "pci"), "setting virtiofs boot order is supported only with PCI bus")
	}
}
