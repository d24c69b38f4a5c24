package domain

import (
	"os"
	"strings"
)

// thpSize is how big transparent huge pages are, in KiB.
const thpSize = 2048

func (c *check) memoryDevice(m *MemoryDevice) {
	if n := m.TargetNode; n != nil {
		switch cells := len(c.d.Numa.Cells); {
		case cells == 0:
			c.XMLDetail("can't add memory backend as guest has no NUMA nodes configured")
		case int(*n) >= cells:
			c.XMLDetail("can't add memory backend for guest node '%d' as the guest has only '%d' NUMA nodes configured", *n, cells)
		}
	}
	switch m.Model {
	case "nvdimm":
		c.nvdimm(m)
	case "virtio-pmem":
		c.virtioPMem(m)
	case "virtio-mem":
		c.virtioMem(m)
	case "sgx-epc":
		c.unsupported(fault{m.DeviceInfo.Address.Type != "", "memory device address is not supported for model 'sgx-epc'"})
	}
	c.memoryConflict(m)
}

func (c *check) nvdimm(m *MemoryDevice) {
	if m.Path == "" {
		c.XMLDetail("path is required for model 'nvdimm'")
	}
	ppc := strings.HasPrefix(c.d.OS.Arch, "ppc64")
	c.unsupported(
		fault{m.Discard == Yes, "discard is not supported for nvdimms"},
		fault{ppc && m.LabelSize == 0, "label size is required for NVDIMM device"},
		fault{!ppc && m.UUID != nil, "UUID is not supported for NVDIMM device"},
	)
}

func (c *check) virtioPMem(m *MemoryDevice) {
	if m.Path == "" {
		c.XMLDetail("path is required for model 'virtio-pmem'")
	}
	c.unsupported(
		fault{m.Discard == Yes, "discard is not supported for model 'virtio-pmem'"},
		fault{m.Access != "shared", "shared access mode required for virtio-pmem device"},
		fault{m.TargetNode != nil, "virtio-pmem does not support NUMA nodes"},
	)
	if page := os.Getpagesize(); m.BaseAddress%uint64(page) != 0 {
		c.Unsupported("memory address must be aligned to %d bytes", page)
	}
}

func (c *check) virtioMem(m *MemoryDevice) {
	switch {
	case m.RequestedSize > m.Size:
		c.XMLDetail("requested size must be smaller than or equal to @size (%dKiB)", m.Size)
	case m.BlockSize == 0 || m.BlockSize&(m.BlockSize-1) != 0:
		c.XMLDetail("block size must be a power of two")
	case m.BlockSize < thpSize:
		c.XMLDetail("block size too small, must be at least %dKiB", uint64(thpSize))
	case m.RequestedSize%m.BlockSize != 0:
		c.XMLDetail("requested size must be an integer multiple of block size")
	case m.BaseAddress%(m.BlockSize<<10) != 0:
		c.XMLDetail("memory device address must be aligned to blocksize")
	}
}

// start gives where a device begins in the guest's memory, 0 when that is not known.
func (m *MemoryDevice) start() uint64 {
	switch {
	case m.Model == "virtio-pmem" || m.Model == "virtio-mem":
		return m.BaseAddress
	case m.DeviceInfo.Address.Type == "dimm" && m.Model != "sgx-epc":
		return m.DeviceInfo.Address.DIMM.Base
	}
	return 0
}

// end gives where a device ends; the label of an NVDIMM is elsewhere.
func (m *MemoryDevice) end() uint64 {
	size := m.Size
	if m.Model == "nvdimm" {
		align := m.AlignSize
		if align == 0 {
			align = uint64(os.Getpagesize()) >> 10
		}
		size -= (m.LabelSize + align - 1) / align * align
	}
	return m.start() + size<<10
}

func (c *check) memoryConflict(m *MemoryDevice) {
	slotted := m.DeviceInfo.Address.Type == "dimm" && (m.Model == "dimm" || m.Model == "nvdimm")
	from, to := m.start(), m.end()
	for _, o := range c.d.Devices.Memories {
		switch {
		case o == m:
			continue
		case slotted && o.DeviceInfo.Address.Type == "dimm" && o.DeviceInfo.Address.DIMM.Slot == m.DeviceInfo.Address.DIMM.Slot:
			c.Unsupported("memory device slot '%d' is already being used by another memory device", m.DeviceInfo.Address.DIMM.Slot)
		case !slotted && m.DeviceInfo.Alias != "" && m.DeviceInfo.Alias == o.DeviceInfo.Alias:
			continue // the same device, about to change
		}
		other := o.start()
		if from != 0 && other != 0 && from < o.end() && other < to {
			c.Unsupported("memory device address [0x%x:0x%x] overlaps with other memory device (0x%x)", from, to, other)
		}
	}
}
