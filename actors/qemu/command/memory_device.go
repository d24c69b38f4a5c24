package command

import "virtree.dev/protocol/xml/domain"

// memoryDrivers are QEMU's names of memory devices; those of virtio get their bus behind.
var memoryDrivers = map[string]string{
	"dimm": "pc-dimm", "nvdimm": "nvdimm", "virtio-mem": "virtio-mem", "virtio-pmem": "virtio-pmem",
}

// memoryDevices adds memory that can be taken away; the enclave's is an option of the machine.
func (b *builder) memoryDevices() {
	for _, m := range b.doc.Devices.Memories {
		if m.Alias == "" {
			b.internal("memory device alias is not assigned")
			return
		}
		b.memoryObject(b.memoryBackend("mem"+m.Alias, m, false))
		if m.Model != "sgx-epc" {
			b.device(b.memoryDevice(m))
		}
	}
}

func (b *builder) memoryDevice(m *domain.MemoryDevice) *Props {
	driver := memoryDrivers[m.Model]
	virtio := driver == m.Model && m.Model != "nvdimm"
	if virtio {
		driver = b.virtioDriver(driver, "", &m.DeviceInfo, true)
	}
	p := props("driver", driver)
	if m.TargetNode != nil {
		p.Uint("node", uint64(*m.TargetNode))
	}
	p.OptUint("label-size", m.LabelSize*1024).OptUint("block-size", m.BlockSize*1024)
	p.OptUint("requested-size", m.RequestedSize*1024)
	if m.UUID != nil {
		p.Str("uuid", m.UUID.String())
	}
	p.OptBool("unarmed", m.ReadOnly).Str("memdev", "mem"+m.Alias)
	if m.Model == "virtio-mem" && b.has("virtio-mem-pci.prealloc") {
		p.OptBool("prealloc", b.pagesOf(m).prealloc)
	}
	if virtio {
		p.OptUint("memaddr", m.BaseAddress).Switch("dynamic-memslots", m.DynamicMemslots)
	}
	p.Str("id", m.Alias)
	b.addressProps(p, &m.DeviceInfo)
	return p
}
