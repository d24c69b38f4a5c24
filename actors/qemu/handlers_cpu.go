package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	"virtree.dev/protocol/xml/xmlout"
)

func (d *Driver) cpuHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectGetCPUModelNames, dispatch.Inline, d.cpuModelNames)
	dispatch.Handle(t, remote.ProcConnectCompareCPU, dispatch.Worker, d.compareCPU)
	dispatch.Handle(t, remote.ProcConnectBaselineCPU, dispatch.Worker, d.baselineCPU)
	dispatch.Handle(t, remote.ProcConnectCompareHypervisorCPU, dispatch.Worker, d.compareHypervisorCPU)
	dispatch.Handle(t, remote.ProcConnectBaselineHypervisorCPU, dispatch.Worker, d.baselineHypervisorCPU)
}

func (d *Driver) cpuModelNames(c *dispatch.Call, a *remote.ConnectGetCPUModelNamesArgs) (*remote.ConnectGetCPUModelNamesRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if !arch.Known(a.Arch) {
		return nil, errInvalidArg("cannot find architecture %s", a.Arch)
	}
	names, err := cpumodel.Models(a.Arch)
	if err != nil {
		return nil, err
	}
	r := &remote.ConnectGetCPUModelNamesRet{Ret: int32(len(names))}
	if a.NeedResults != 0 {
		r.Models = names
	}
	return r, nil
}

const (
	compareFlags  = virtype.ConnectCompareCPUFailIncompatible | virtype.ConnectCompareCPUValidateXML
	baselineFlags = virtype.ConnectBaselineCPUExpandFeatures | virtype.ConnectBaselineCPUMigratable
)

// parseCPU reads one processor.
func parseCPU(text string, kind cpu.Kind, flags uint32) (*cpu.CPU, error) {
	return cpu.ParseDocument([]byte(text), kind, flags&virtype.ConnectCompareCPUValidateXML != 0)
}

// parseCPUs reads the processors of which a baseline is wanted.
func parseCPUs(texts []string, kind cpu.Kind, function string) ([]*cpu.CPU, error) {
	if len(texts) == 0 {
		return nil, virerr.Argument(virerr.FromDomain, function, "xmlCPUs", "xmlCPUs in %s must not be NULL", function)
	}
	out := make([]*cpu.CPU, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = parseCPU(text, kind, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func formatCPU(c *cpu.CPU) string {
	w := xmlout.New(0)
	c.Format(w, nil)
	return w.String()
}

func (d *Driver) compareCPU(c *dispatch.Call, a *remote.ConnectCompareCPUArgs) (*remote.ConnectCompareCPURet, error) {
	if err := checkFlags(c, a.Flags, compareFlags); err != nil {
		return nil, err
	}
	host, err := d.processor.Whole()
	if err != nil {
		return nil, errInternal("%s", err)
	}
	asked, err := parseCPU(a.XML, cpu.Auto, a.Flags)
	if err != nil {
		return nil, err
	}
	result, err := cpumodel.Compare(host.Arch, host, asked, a.Flags&virtype.ConnectCompareCPUFailIncompatible != 0)
	if err != nil {
		return nil, err
	}
	return &remote.ConnectCompareCPURet{Result: int32(result)}, nil
}

func (d *Driver) baselineCPU(c *dispatch.Call, a *remote.ConnectBaselineCPUArgs) (*remote.ConnectBaselineCPURet, error) {
	if err := checkFlags(c, a.Flags, baselineFlags); err != nil {
		return nil, err
	}
	cpus, err := parseCPUs(a.XMLCpus, cpu.Host, "virConnectBaselineCPU")
	if err != nil {
		return nil, err
	}
	arch := cpus[0].Arch
	base, err := cpumodel.Baseline(arch, cpus, nil, nil, a.Flags&virtype.ConnectBaselineCPUMigratable != 0)
	if err != nil {
		return nil, err
	}
	caps.DropNeverPassed(arch, base)
	if a.Flags&virtype.ConnectBaselineCPUExpandFeatures != 0 {
		if err := cpumodel.Expand(arch, base); err != nil {
			return nil, err
		}
	}
	return &remote.ConnectBaselineCPURet{CPU: formatCPU(base)}, nil
}

func (d *Driver) compareHypervisorCPU(c *dispatch.Call, a *remote.ConnectCompareHypervisorCPUArgs) (*remote.ConnectCompareHypervisorCPURet, error) {
	if err := checkFlags(c, a.Flags, compareFlags); err != nil {
		return nil, err
	}
	w, err := d.choose(c, a.Emulator, a.Arch, a.Virttype, a.Machine)
	if err != nil {
		return nil, err
	}
	host := w.binary.HostModel(w.virtType, d.processor)
	if !host.Told() {
		return nil, errUnsupportedOperation("QEMU '%s' does not support reporting CPU model for virttype '%s'", w.binary.Binary, w.virtType)
	}
	asked, err := parseCPU(a.XMLCPU, cpu.Auto, a.Flags)
	if err != nil {
		return nil, err
	}
	if !caps.SameFamily(w.arch, "x86_64") {
		return nil, errUnsupportedOperation("comparing with the hypervisor CPU is not supported for arch %s", w.arch)
	}
	fail := a.Flags&virtype.ConnectCompareCPUFailIncompatible != 0
	result, err := w.binary.CheckCPU(w.arch, w.virtType, asked, host, host.Reported, fail)
	if err != nil {
		return nil, err
	}
	return &remote.ConnectCompareHypervisorCPURet{Result: int32(result)}, nil
}

func (d *Driver) baselineHypervisorCPU(c *dispatch.Call, a *remote.ConnectBaselineHypervisorCPUArgs) (*remote.ConnectBaselineHypervisorCPURet, error) {
	if err := checkFlags(c, a.Flags, baselineFlags); err != nil {
		return nil, err
	}
	cpus, err := parseCPUs(a.XMLCpus, cpu.Auto, "virConnectBaselineHypervisorCPU")
	if err != nil {
		return nil, err
	}
	w, err := d.choose(c, a.Emulator, a.Arch, a.Virttype, a.Machine)
	if err != nil {
		return nil, err
	}
	models := w.binary.Models(w.virtType)
	if len(models) == 0 {
		return nil, errUnsupportedOperation("QEMU '%s' does not support any CPU models for virttype '%s'", w.binary.Binary, w.virtType)
	}
	if !caps.SameFamily(w.arch, "x86_64") {
		return nil, errUnsupportedOperation("computing baseline hypervisor CPU is not supported for arch %s", w.arch)
	}
	migratable := a.Flags&virtype.ConnectBaselineCPUMigratable != 0
	features, complete := w.binary.Features(w.virtType, migratable)
	if features != nil && complete {
		migratable = false // the binary has left out what cannot migrate
	}
	base, err := cpumodel.Baseline(w.arch, cpus, models, features, migratable)
	if err != nil {
		return nil, err
	}
	base.Fallback = "forbid"
	if a.Flags&virtype.ConnectBaselineCPUExpandFeatures != 0 {
		if err := cpumodel.Expand(w.arch, base); err != nil {
			return nil, err
		}
	}
	if limit := addressLimit(cpus); limit > 0 {
		base.PhysAddr = &cpu.PhysAddr{Mode: "passthrough", Bits: -1, Limit: limit}
	}
	return &remote.ConnectBaselineHypervisorCPURet{CPU: formatCPU(base)}, nil
}

// addressLimit is the lowest limit of physical addresses. libvirt forgets those before a processor that has none.
func addressLimit(cpus []*cpu.CPU) uint {
	limit := uint(0)
	for i, c := range cpus {
		switch {
		case c.PhysAddr == nil || c.PhysAddr.Limit == 0:
			limit = 0
		case i == 0 || c.PhysAddr.Limit < limit:
			limit = c.PhysAddr.Limit
		}
	}
	return limit
}
