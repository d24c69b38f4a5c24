package validation

import (
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// maxVCPUsWithoutEIM is how many processors a PC can interrupt without extended interrupt mode.
const maxVCPUsWithoutEIM = 255

func (v *check) cpu() {
	c := v.doc.CPU
	if c == nil {
		return
	}
	if a := c.PhysAddr; a != nil {
		v.refuse(!v.machine.X86(), "CPU maximum physical address bits specification is not supported for '%s' architecture", v.machine.Arch)
		v.refuse(a.Mode == "passthrough" && a.Bits != -1,
			"CPU maximum physical address bits number specification cannot be used with mode='passthrough'")
		bits := v.host.PhysBits()
		v.refuse(a.Mode == "emulate" && bits != 0 && a.Bits > bits,
			"The number of virtual CPU address bits cannot exceed the number supported by the host CPU")
	}
	v.cpuCache()
	v.refuse(c.Mode == "host-passthrough" && c.Migratable == domain.On && !v.has("cpu.migratable"),
		"Migratable attribute for host-passthrough CPU is not supported by this QEMU binary")
	v.refuse(c.Mode == "maximum" && !v.has("cpu-max"), "maximum CPU is not supported by QEMU binary")
}

func (v *check) cpuCache() {
	c := v.doc.CPU
	k := c.Cache
	if k == nil {
		return
	}
	v.refuse(!v.machine.X86(), "CPU cache specification is not supported for '%s' architecture", v.machine.Arch)
	v.refuse(k.Mode == "emulate" && k.Level != 3, "CPU cache mode '%s' can only be used with level='3'", k.Mode)
	v.refuse(k.Mode == "passthrough" && !oneOf(c.Mode, "host-passthrough", "maximum"),
		"CPU cache mode '%s' can only be used with '%s' / '%s' CPUs", k.Mode, "host-passthrough", "maximum")
	v.refuse(k.Mode != "emulate" && k.Level != -1, "unsupported CPU cache level for mode '%s'", k.Mode)
}

func (v *check) threadPools() {
	set := func(p domain.ThreadPool) bool { return p.Min >= 0 || p.Max >= 0 }
	used := v.doc.DefaultIOThread != nil && set(*v.doc.DefaultIOThread) ||
		slices.ContainsFunc(v.doc.IOThreads, func(t domain.IOThread) bool { return set(t.Pool) })
	v.refuse(used && !v.has("iothread.thread-pool-max"),
		"thread_pool_min and thread_pool_max is not supported by this QEMU binary")
}

func (v *check) topology() {
	d := v.doc
	count, most := uint(d.VCPU.Max()), v.caps.Machine(d.Type, d.OS.Machine).MaxCPUs //nolint:gosec // counted
	v.refuse(d.VCPU.Online() == 0, "Domain requires at least 1 vCPU")
	v.refuse(most > 0 && count > most, "Maximum CPUs greater than specified machine type limit %d", most)
	granularity := uint(1)
	if d.CPU != nil && d.CPU.Topology != nil {
		t := d.CPU.Topology
		total := uint64(t.Sockets) * uint64(t.Dies) * uint64(t.Clusters) * uint64(t.Cores) * uint64(t.Threads)
		v.refuse(total != uint64(count), "CPU topology doesn't match maximum vcpu count")
		if v.machine.PSeries() {
			granularity = t.Threads
		}
	}
	if granularity > 0 && uint(d.VCPU.Online())%granularity != 0 { //nolint:gosec // counted
		v.Unsupported("vCPUs count must be a multiple of the vCPU hotplug granularity (%d)", granularity)
	}
	if !v.machine.X86() || count <= maxVCPUsWithoutEIM {
		return
	}
	v.refuse(!v.machine.Q35(), "more than %d vCPUs are only supported on q35-based machine types", maxVCPUsWithoutEIM)
	v.refuse(d.Devices.IOMMU == nil || d.Devices.IOMMU.EIM != domain.On,
		"more than %d vCPUs require extended interrupt mode enabled on the iommu device", maxVCPUsWithoutEIM)
}

func (v *check) cacheTune() {
	v.refuse(len(v.doc.CPUTune.Resctrl) > 0 && v.doc.Type != "kvm", "cachetune is only supported for KVM domains")
}
