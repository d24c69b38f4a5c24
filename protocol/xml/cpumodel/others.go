package cpumodel

import (
	"cmp"
	"slices"

	"virtree.dev/protocol/xml/cpu"
)

// family is what is known of the processors of some architectures.
type family uint8

const (
	noFamily family = iota
	familyX86
	familyPPC64
	familyS390
	familyARM
	familyRISCV
	familyLoongArch
)

func familyOf(arch string) family {
	switch arch {
	case "x86_64", "i686":
		return familyX86
	case "ppc64", "ppc64le":
		return familyPPC64
	case "s390", "s390x":
		return familyS390
	case "armv6l", "armv7l", "armv7b", "aarch64":
		return familyARM
	case "riscv64":
		return familyRISCV
	case "loongarch64":
		return familyLoongArch
	}
	return noFamily
}

func isX86(arch string) bool { return familyOf(arch) == familyX86 }

// ppc64Models are the models of POWER with their vendors.
var ppc64Models = [][2]string{
	{"POWER6", "IBM"}, {"POWER7", "IBM"}, {"POWER8", "IBM"}, {"POWER9", "IBM"}, {"POWER10", "IBM"},
	{"POWERPC_e5500", "Freescale"}, {"POWERPC_e6500", "Freescale"},
}

func ppc64Vendor(model string) (vendor string, known bool) {
	for _, m := range ppc64Models {
		if m[0] == model {
			return m[1], true
		}
	}
	return "", false
}

// ppc64Baseline takes hosts of one model only.
func ppc64Baseline(cpus []*cpu.CPU) (*cpu.CPU, error) {
	model := cpus[0].Model
	vendor, known := ppc64Vendor(model)
	if !known {
		return nil, internal("Unknown CPU model %s", model)
	}
	for _, c := range cpus {
		switch {
		case c.Model != model:
			return nil, failed("CPUs are incompatible")
		case c.Vendor == "" || c.Vendor == vendor:
		case c.Vendor != "IBM" && c.Vendor != "Freescale":
			return nil, failed("Unknown CPU vendor %s", c.Vendor)
		default:
			return nil, failed("CPU vendor %s of model %s differs from vendor %s", vendor, model, c.Vendor)
		}
	}
	return &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact", Fallback: "forbid", Model: model}, nil
}

// armFeatures are the features of ARM that documents may name.
var armFeatures = []string{
	"sve", "sve128", "sve256", "sve384", "sve512", "sve640", "sve768", "sve896", "sve1024", "sve1152", "sve1280",
	"sve1408", "sve1536", "sve1664", "sve1792", "sve1920", "sve2048", "pauth",
}

// armCompare compares hosts by their names; a guest is left to QEMU.
func armCompare(host, c *cpu.CPU) verdict {
	if host.Vendor == c.Vendor && host.Model == c.Model {
		return verdict{Result: Identical}
	}
	return verdict{why: "Host CPU model does not match required CPU vendor " + cmp.Or(c.Vendor, "(null)") +
		" or(and) model " + c.Model}
}

// ppc64Compare wants the same model, but a compatibility mode may be of an older one.
func ppc64Compare(host, c *cpu.CPU) (verdict, error) {
	model := c.Model
	if slices.Contains([]string{"POWER7_v2.1", "POWER7_v2.3", "POWER7+_v2.1", "POWER8_v1.0"}, model) {
		model = model[:len("POWER7")] // names of long ago
	}
	switch {
	case c.Arch != "" && familyOf(c.Arch) != familyPPC64:
		return verdict{why: "CPU arch " + c.Arch + " does not match host arch"}, nil
	case c.Vendor != "" && c.Vendor != host.Vendor:
		return verdict{why: "host CPU vendor does not match required CPU vendor " + c.Vendor}, nil
	case c.Kind == cpu.Guest && c.Mode == "host-model":
		return powerMode(host.Model, model)
	case c.Kind == cpu.Guest && c.Mode != "custom":
		return verdict{Result: Identical}, nil
	}
	if _, known := ppc64Vendor(model); !known {
		return verdict{}, internal("Unknown CPU model %s", model)
	}
	if model != host.Model {
		return verdict{why: "host CPU model does not match required CPU model " + model}, nil
	}
	return verdict{Result: Identical}, nil
}

// powerModes are the compatibility modes, oldest first, with the models that have them.
var powerModes = [][2]string{
	{"power6", "POWER6"}, {"power7", "POWER7"}, {"power8", "POWER8"}, {"power9", "POWER9"}, {"power10", "POWER10"},
}

func powerMode(host, mode string) (verdict, error) {
	if mode == "" {
		return verdict{Result: Identical}, nil
	}
	has := slices.IndexFunc(powerModes, func(m [2]string) bool { return m[1] == host })
	wants := slices.IndexFunc(powerModes, func(m [2]string) bool { return m[0] == mode })
	switch {
	case has < 0:
		return verdict{}, internal("Host CPU does not support compatibility modes")
	case wants < 0:
		return verdict{}, internal("Unknown compatibility mode %s", mode)
	case wants > has:
		return verdict{}, nil
	}
	return verdict{Result: Identical}, nil
}
