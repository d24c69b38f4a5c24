package caps

import (
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmltree"
)

func (p *prober) machines() error { return p.machinesOf(p.caps.Best()) }

func (p *prober) machinesOf(virtType string) error {
	var all []struct {
		Name       string `json:"name"`
		Alias      string `json:"alias"`
		MaxCPUs    uint   `json:"cpu-max"`
		Hotplug    bool   `json:"hotpluggable-cpus"`
		Default    bool   `json:"is-default"`
		DefaultCPU string `json:"default-cpu-type"`
		DefaultRAM string `json:"default-ram-id"`
		NUMAMem    *bool  `json:"numa-mem-supported"`
		Deprecated bool   `json:"deprecated"`
		ACPI       *bool  `json:"acpi"`
	}
	if _, err := p.ask(&all, "query-machines", nil); err != nil {
		return err
	}
	a := p.caps.accel(virtType)
	for _, m := range all {
		if m.Name == "none" {
			continue
		}
		a.Machines = append(a.Machines, Machine{
			Name: m.Name, Alias: m.Alias, MaxCPUs: m.MaxCPUs, HotplugCPU: m.Hotplug, Default: m.Default,
			DefaultCPU: m.DefaultCPU, DefaultRAM: m.DefaultRAM, NUMAMem: m.NUMAMem == nil || *m.NUMAMem,
			Deprecated: m.Deprecated, ACPI: tristate(m.ACPI),
		})
	}
	a.preferFirst(preferredMachines[p.caps.Arch])
	return nil
}

// preferFirst moves the machine type to the front that a document without one gets: libvirt's own
// choice, so that documents mean the same with every QEMU, else QEMU's.
func (a *Accel) preferFirst(preferred string) {
	at := -1
	for i, m := range a.Machines {
		if m.Name == preferred || m.Alias == preferred && preferred != "" {
			at = i
		}
	}
	if at < 0 {
		at = slices.IndexFunc(a.Machines, func(m Machine) bool { return m.Default })
	}
	if at > 0 {
		m := a.Machines[at]
		a.Machines = slices.Insert(slices.Delete(a.Machines, at, at+1), 0, m)
	}
}

func tristate(b *bool) xmltree.Tristate {
	if b == nil {
		return xmltree.Absent
	}
	return xmltree.TristateOf(*b)
}

func (p *prober) models() error { return p.modelsOf(p.caps.Best()) }

func (p *prober) modelsOf(virtType string) error {
	if !p.caps.Has("query-cpu-definitions") {
		return nil
	}
	var all []struct {
		Name        string    `json:"name"`
		Type        string    `json:"typename"`
		Unavailable *[]string `json:"unavailable-features"`
		Deprecated  bool      `json:"deprecated"`
	}
	if _, err := p.ask(&all, "query-cpu-definitions", nil, "GenericError"); err != nil {
		return err
	}
	a := p.caps.accel(virtType)
	for _, d := range all {
		m := CPUModel{Name: p.modelName(d.Name), Type: d.Type, Deprecated: d.Deprecated}
		if d.Unavailable != nil {
			m.Usable = xmltree.TristateOf(len(*d.Unavailable) == 0)
			m.Blockers = append(m.Blockers, *d.Unavailable...)
		}
		a.CPUs = append(a.CPUs, m)
		if m.Name == "max" {
			p.caps.Set("cpu-max", true)
		}
	}
	return nil
}

// powerModels are the processors that libvirt writes in capitals and QEMU does not.
var powerModels = []string{"POWER6", "POWER7", "POWER8", "POWER9", "POWER10", "POWER11", "POWERPC_e5500", "POWERPC_e6500"}

func (p *prober) modelName(name string) string {
	if p.caps.Arch == "ppc64" {
		for _, m := range powerModels {
			if strings.EqualFold(m, name) {
				return m
			}
		}
	}
	return name
}

func (p *prober) gic() error {
	switch p.caps.Arch {
	case "aarch64", "armv6l", "armv7l":
	default:
		return nil
	}
	var all []struct {
		Version  uint `json:"version"`
		Kernel   bool `json:"kernel"`
		Emulated bool `json:"emulated"`
	}
	_, err := p.ask(&all, "query-gic-capabilities", nil, "CommandNotFound")
	for _, g := range all {
		p.caps.GICs = append(p.caps.GICs, GIC(g))
	}
	return err
}

// sev takes the flags back when only the binary can do it but not the host.
func (p *prober) sev() error {
	if !p.caps.Has("sev-guest") && !p.caps.Has("sev-snp-guest") {
		return nil
	}
	var s struct {
		PDH       string `json:"pdh"`
		CertChain string `json:"cert-chain"`
		CPU0ID    string `json:"cpu0-id"`
		CBitPos   uint   `json:"cbitpos"`
		Reduced   uint   `json:"reduced-phys-bits"`
	}
	ok, err := p.ask(&s, "query-sev-capabilities", nil, "GenericError")
	if !ok {
		p.caps.Set("sev-guest", false)
		p.caps.Set("sev-snp-guest", false)
		return err
	}
	p.caps.SEV = &SEV{PDH: s.PDH, CertChain: s.CertChain, CPU0ID: s.CPU0ID, CBitPos: s.CBitPos, ReducedBits: s.Reduced}
	return nil
}

func (p *prober) sgx() error {
	if !p.caps.Has("sgx-epc") {
		return nil
	}
	var s struct {
		FLC      bool `json:"flc"`
		SGX1     bool `json:"sgx1"`
		SGX2     bool `json:"sgx2"`
		Sections *[]struct {
			Node uint   `json:"node"`
			Size uint64 `json:"size"`
		} `json:"sections"`
	}
	ok, err := p.ask(&s, "query-sgx-capabilities", nil, "GenericError")
	if !ok || s.Sections == nil {
		p.caps.Set("sgx-epc", false)
		return err
	}
	p.caps.SGX = &SGX{FLC: s.FLC, SGX1: s.SGX1, SGX2: s.SGX2}
	for _, section := range *s.Sections {
		kib := section.Size / 1024
		p.caps.SGX.Size += kib
		p.caps.SGX.Sections = append(p.caps.SGX.Sections, SGXSection{Node: section.Node, Size: kib})
	}
	return nil
}

// enlightenments are the Hyper-V features there are, in libvirt's order.
var enlightenments = []string{
	"relaxed", "vapic", "spinlocks", "vpindex", "runtime", "synic", "stimer", "reset", "vendor_id",
	"frequencies", "reenlightenment", "tlbflush", "ipi", "evmcs", "avic", "emsr_bitmap", "xmm_input",
}

// hyperV finds the enlightenments in the expansion of a model that passes all of the host's on.
func (c *Caps) hyperV(e *Expansion) {
	found := map[string]bool{}
	for _, p := range e.Properties {
		name, ok := strings.CutPrefix(p.Name, "hv-")
		if ok && p.isSet() {
			found[strings.ReplaceAll(name, "-", "_")] = true
		}
	}
	h := &HyperV{}
	for _, name := range enlightenments {
		if found[name] {
			h.Features = append(h.Features, name)
		}
	}
	if len(h.Features) > 0 { // older QEMU does not refuse, but expands nothing either
		c.HyperV = h
	}
}

func (p *Property) isSet() bool {
	switch v := p.Value.(type) {
	case bool:
		return v
	case int64:
		return v > 0
	default:
		return true
	}
}
