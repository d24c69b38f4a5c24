package caps

import (
	"slices"

	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
)

// featureNames are the names of x86 features in documents, and QEMU's where it has others.
var featureNames = [][2]string{
	{"cmp_legacy", "cmp-legacy"},
	{"ds_cpl", "ds-cpl"},
	{"fxsr_opt", "fxsr-opt"},
	{"kvm_pv_eoi", "kvm-pv-eoi"},
	{"kvm_pv_unhalt", "kvm-pv-unhalt"},
	{"lahf_lm", "lahf-lm"},
	{"nodeid_msr", "nodeid-msr"},
	{"pclmuldq", "pclmulqdq"},
	{"perfctr_core", "perfctr-core"},
	{"perfctr_nb", "perfctr-nb"},
	{"tsc_adjust", "tsc-adjust"},
	{"vmx-invvpid-single-context-noglobals", "vmx-invept-single-context-noglobals"},
}

// FeatureToQEMU gives QEMU's name of a processor feature.
func FeatureToQEMU(arch, name string) string { return translate(arch, name, 0, 1) }

// FeatureFromQEMU gives the name in documents of a processor feature of QEMU.
func FeatureFromQEMU(arch, name string) string { return translate(arch, name, 1, 0) }

func translate(arch, name string, from, to int) string {
	if isX86(arch) {
		for _, n := range featureNames {
			if n[from] == name {
				return n[to]
			}
		}
	}
	return name
}

// neverPassed are features that QEMU never had, or dropped as they never did anything.
var neverPassed = []string{
	"cmt", "mbm_total", "mbm_local", "osxsave", "ospke", "vmx-ept-uc", "vmx-ept-wb", "vmx-invvpid-single-context",
}

// DropNeverPassed takes out of a processor what may not be passed to QEMU.
func DropNeverPassed(arch string, c *cpu.CPU) {
	if isX86(arch) {
		c.KeepFeatures(func(f cpu.Feature) bool { return !slices.Contains(neverPassed, f.Name) })
	}
}

// Models lists the binary's processor models with documents' names of what keeps the host from having them;
// nil when the binary has none.
func (c *Caps) Models(virtType string) []cpumodel.HypervisorModel {
	a := c.AccelOf(virtType)
	if a == nil || a.CPUs == nil {
		return nil
	}
	out := make([]cpumodel.HypervisorModel, 0, len(a.CPUs))
	for i := range a.CPUs {
		out = append(out, cpumodel.HypervisorModel{Name: a.CPUs[i].Name, Blockers: c.blockers(&a.CPUs[i])})
	}
	return out
}

func (c *Caps) blockers(m *CPUModel) []string {
	var out []string
	for _, b := range m.Blockers {
		out = append(out, FeatureFromQEMU(c.Arch, b))
	}
	return out
}

// model finds a processor model; nil when the binary does not have it.
func (c *Caps) model(virtType, name string) *CPUModel {
	a := c.AccelOf(virtType)
	if a == nil {
		return nil
	}
	i := slices.IndexFunc(a.CPUs, func(m CPUModel) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &a.CPUs[i]
}

// Features lists what the binary's best model has or could have, by the names of documents. Complete is false
// when only what can migrate was asked for, but the binary does not know.
func (c *Caps) Features(virtType string, migratable bool) (names []string, complete bool) {
	a := c.AccelOf(virtType)
	if a == nil || a.Host == nil {
		return nil, true
	}
	names = make([]string, 0, len(a.Host.Properties))
	for _, p := range a.Host.Properties {
		if !migratable || !p.stuck() {
			names = append(names, FeatureFromQEMU(c.Arch, p.Name))
		}
	}
	return names, !migratable || a.Host.Migratability
}
