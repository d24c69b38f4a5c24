package defaults

import (
	"math"

	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

const (
	memoryAlign      = 1024       // KiB
	moduleAlign      = 2048       // KiB
	memoryAlignPower = 256 * 1024 // KiB
	maxMemory        = math.MaxInt64 >> 10
)

func roundUp(v, align uint64) uint64 { return (v + align - 1) / align * align }

// AlignMemory rounds the sizes of a machine that is about to start up to what QEMU
// takes. The error is VIR_ERR_CONFIG_UNSUPPORTED for what does not fit any more.
func AlignMemory(d *domain.Domain) error {
	align, module := uint64(memoryAlign), uint64(moduleAlign)
	if machine.Of(d).PPC64() {
		align, module = memoryAlignPower, memoryAlignPower
	}
	initial, err := alignCells(d, align)
	if err != nil {
		return err
	}
	if initial == 0 {
		initial = roundUp(d.InitialMemory(), align)
	}
	if initial > maxMemory {
		return unsupported("initial memory size overflowed after alignment")
	}
	if d.Memory.Max = roundUp(d.Memory.Max, align); d.Memory.Max > maxMemory {
		return unsupported("maximum memory size overflowed after alignment")
	}
	d.Memory.Total = initial
	for i, m := range d.Devices.Memories {
		if err := alignModule(m, module); err != nil {
			return err
		}
		if m.Size > maxMemory {
			return unsupported("size of memory module '%d' overflowed after alignment", i)
		}
		d.Memory.Total += m.Size
	}
	return nil
}

// alignModule rounds up, but an NVDIMM of POWER down: what is behind it has no more room,
// and its label comes on top.
func alignModule(m *domain.MemoryDevice, align uint64) error {
	if m.Model != "nvdimm" || align != memoryAlignPower {
		m.Size = roundUp(m.Size, align)
		return nil
	}
	area := (m.Size - m.LabelSize) / align * align
	if area == 0 {
		return virerr.New(virerr.FromQEMU, virerr.XMLError, "minimum target size for the NVDIMM must be 256MB plus the label size")
	}
	m.Size = area + m.LabelSize
	return nil
}

func alignCells(d *domain.Domain, align uint64) (uint64, error) {
	var sum uint64
	for i := range d.Numa.Cells {
		c := &d.Numa.Cells[i]
		if c.Memory = roundUp(c.Memory, align); c.Memory > maxMemory {
			return 0, unsupported("memory size of NUMA node '%d' overflowed after alignment", i)
		}
		sum += c.Memory
	}
	return sum, nil
}
