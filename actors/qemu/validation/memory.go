package validation

import (
	"os"

	"virtree.dev/protocol/xml/domain"
)

func (v *check) memoryHotplug() {
	d := v.doc
	m := &d.Memory
	if m.Slots == 0 && m.Max == 0 {
		v.refuse(len(d.Devices.Memories) > 0, "cannot use/hotplug a memory device when domain 'maxMemory' is not defined")
		return
	}
	v.refuse(!v.machine.PPC64() && len(d.Numa.Cells) == 0,
		"At least one numa node has to be configured when enabling memory hotplug")
	var plugged uint64
	slots := 0
	for _, dev := range d.Devices.Memories {
		plugged += dev.Size
		if oneOf(dev.Model, "dimm", "nvdimm") {
			slots++
		}
		if dev.Model != "sgx-epc" {
			v.pluggable(dev)
		}
	}
	v.refuse(slots > int(m.Slots), //nolint:gosec // counted
		"count of memory devices requiring memory slots '%d' exceeds slots count '%d'", slots, m.Slots)
	v.refuse(plugged > m.Max-d.InitialMemory(), "memory device total size exceeds hotplug space")
}

func (v *check) pluggable(m *domain.MemoryDevice) {
	switch m.Model {
	case "dimm", "nvdimm":
		v.refuse(!addressed(m, "dimm"), "only 'dimm' addresses are supported for the pc-dimm device")
		slot := m.DeviceInfo.Address.DIMM.Slot
		v.refuse(m.DeviceInfo.Address.Type == "dimm" && slot >= v.doc.Memory.Slots,
			"memory device slot '%d' exceeds slots count '%d'", slot, v.doc.Memory.Slots)
	case "virtio-pmem":
		v.refuse(!addressed(m, "pci"), "only 'pci' addresses are supported for the virtio-pmem device")
	case "virtio-mem":
		v.refuse(!addressed(m, "pci", "ccw"), "only 'pci' addresses are supported for the %s device", m.Model)
	}
	v.refuse(m.Model != "virtio-pmem" && len(v.doc.Numa.Cells) > 0 && m.TargetNode == nil,
		"target NUMA node needs to be specified for memory device")
}

func (v *check) hugePages() {
	b := &v.doc.MemoryBacking
	if len(b.HugePages) == 0 {
		return
	}
	v.refuse(b.Allocation == "ondemand", "hugepages are not allowed with memory allocation ondemand")
	v.refuse(b.AllocationThreads > 0 && !v.has("memory-backend-file.prealloc-threads"),
		"preallocation threads are unsupported with this QEMU")
	v.refuse(b.Source == "anonymous", "hugepages are not allowed with anonymous memory source")
	v.refuse(b.Source == "memfd" && !v.has("memory-backend-memfd.hugetlb"),
		"hugepages is not supported with memfd memory source")
	main := v.caps.Machine(v.doc.Type, v.doc.OS.Machine).DefaultRAM
	v.refuse(main == "" && b.HugePages[0].Size != uint64(os.Getpagesize())>>10 && //nolint:gosec // a page
		len(v.doc.Numa.Cells) == 0 && !oneOf(b.Access, "", "private"),
		"memory access mode '%s' not supported without guest numa node", b.Access)
}

func (v *check) hmat() {
	used := len(v.doc.Numa.Interconnects) > 0
	for i := range v.doc.Numa.Cells {
		used = used || len(v.doc.Numa.Cells[i].Caches) > 0
	}
	v.refuse(used && !v.has("numa.hmat"), "HMAT is not supported with this QEMU")
}

// sharedMemory wants memory that another process of the host can see.
func (v *check) sharedMemory(what string) {
	shared := v.doc.MemoryBacking.Access == "shared"
	bad := len(v.doc.Numa.Cells) == 0 && !shared
	for i := range v.doc.Numa.Cells {
		a := v.doc.Numa.Cells[i].MemAccess
		bad = bad || a == "private" || a == "" && !shared
	}
	v.refuse(bad, "'%s' requires shared memory", what)
}

func (v *check) memoryDevice(m *domain.MemoryDevice) {
	switch m.Model {
	case "dimm":
		v.refuse(!v.has("pc-dimm"), "memory hotplug isn't supported by this QEMU binary")
	case "nvdimm":
		v.refuse(!v.has("nvdimm"), "nvdimm isn't supported by this QEMU binary")
		v.refuse(m.ReadOnly && !v.has("nvdimm.unarmed"), "nvdimm readonly property is not available with this QEMU binary")
	case "virtio-pmem":
		v.refuse(!v.has("virtio-pmem-pci"), "virtio-pmem isn't supported by this QEMU binary")
	case "virtio-mem":
		v.refuse(!v.has("virtio-mem-pci"), "virtio-mem isn't supported by this QEMU binary")
		v.refuse(m.DynamicMemslots == domain.Yes && !v.has("virtio-mem-pci.dynamic-memslots"),
			"virtio-mem does not support dynamicMemslots")
	case "sgx-epc":
		v.enclave(m)
	}
}

// enclave wants room for an enclave on the host's nodes, the first one unless others are named.
func (v *check) enclave(m *domain.MemoryDevice) {
	v.refuse(!v.has("sgx-epc"), "sgx epc isn't supported by this QEMU binary")
	if v.caps.SGX == nil || len(v.caps.SGX.Sections) == 0 {
		v.Unsupported("this QEMU version didn't provide SGX EPC NUMA info")
		return
	}
	nodes := []int{0}
	if m.Nodes != nil {
		nodes = m.Nodes.Members()
	}
	for _, n := range nodes {
		var size uint64
		if n < len(v.caps.SGX.Sections) {
			size = v.caps.SGX.Sections[n].Size
		}
		v.refuse(m.Size > size, "sgx epc size %d on host node %d is less than requested size %d", size, n, m.Size)
	}
}
