package cpumodel

import (
	"cmp"
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
)

// checkArch refuses an architecture of which nothing is known.
func checkArch(arch string) (family, error) {
	f := familyOf(arch)
	switch {
	case arch == "":
		return f, internal("undefined hardware architecture")
	case f == noFamily:
		return f, noSupport("'%s' architecture is not supported by CPU driver", arch)
	}
	return f, nil
}

// Models lists the models of an architecture. Where no model is listed, all names are taken.
func Models(arch string) ([]string, error) {
	f, err := checkArch(arch)
	if err != nil {
		return nil, err
	}
	var out []string
	switch f {
	case familyX86:
		for _, m := range x86().models {
			out = append(out, m.name)
		}
	case familyPPC64:
		for _, m := range ppc64Models {
			out = append(out, m[0])
		}
	}
	return out, nil
}

// Vendor names the maker of a model, empty when it has none.
func Vendor(arch, model string) string {
	switch familyOf(arch) {
	case familyX86:
		if m := x86().named[model]; m != nil {
			return m.vendor
		}
	case familyPPC64:
		v, _ := ppc64Vendor(model)
		return v
	case familyS390:
		if strings.HasPrefix(model, "z") || strings.HasPrefix(model, "gen") {
			return "IBM"
		}
	}
	return ""
}

// Canonical gives the canonical name of a model that is an alias, empty for another.
func Canonical(arch, model string) string {
	if m := x86().named[model]; m != nil && isX86(arch) {
		return m.canonical
	}
	return ""
}

// ComparesHost says whether a partial check of a processor compares it with the host's, by what is known
// of the model here, and not by what the hypervisor says of the model.
func ComparesHost(arch, model string) (bool, error) {
	f, err := checkArch(arch)
	if err != nil || f != familyX86 {
		return true, err
	}
	m := x86().named[model]
	if m == nil {
		return false, virerr.New(virerr.FromCPU, virerr.InvalidArg, "unknown CPU model %s", model)
	}
	return m.compat, nil
}

// Compare says whether a host can give what a document asks for; that it cannot is an error when fail says so.
func Compare(arch string, host, c *cpu.CPU, fail bool) (Result, error) {
	f, err := checkArch(arch)
	if err != nil {
		return Incompatible, err
	}
	v := verdict{Result: Identical}
	switch {
	case f == familyS390 || f == familyRISCV || f == familyLoongArch || f == familyARM && c.Kind != cpu.Host:
	case host == nil || host.Model == "":
		v = verdict{why: "unknown host CPU"}
	case f == familyARM:
		v = armCompare(host, c)
	case f == familyPPC64:
		v, err = ppc64Compare(host, c)
	default:
		v, err = x86().compare(host, c)
	}
	if err == nil && fail && v.Result == Incompatible {
		return Incompatible, incompatible("%s", v.why)
	}
	return v.Result, err
}

// CompareUnusable says whether a hypervisor can give what a document asks for beyond a model whose
// features it does not have for the guest: those that block the model must be turned off.
func CompareUnusable(arch string, host, c *cpu.CPU, blockers []string, fail bool) (Result, error) {
	var missing []string
	for _, name := range blockers {
		if f := c.Feature(name); f == nil || f.Policy != cpu.Disable {
			missing = append(missing, name)
		}
	}
	all := host.Clone()
	if err := Expand(arch, all); err != nil {
		return Incompatible, err
	}
	for _, f := range c.Features {
		if f.Policy != cpu.Require {
			continue
		}
		if has := all.Feature(f.Name); has == nil || has.Policy != cpu.Require {
			missing = append(missing, f.Name)
		}
	}
	switch {
	case missing == nil:
		return Superset, nil
	case fail:
		return Incompatible, incompatible("Host CPU does not provide required features: %s", strings.Join(missing, ", "))
	}
	return Incompatible, nil
}

// Baseline describes what all processors have. Only features of the list count unless it is nil, and only models
// of the hypervisor unless there are none given. Without arch it is the first processor's.
func Baseline(arch string, cpus []*cpu.CPU, models []HypervisorModel, features []string, migratable bool) (*cpu.CPU, error) {
	if len(cpus) == 0 {
		return nil, virerr.New(virerr.FromCPU, virerr.InvalidArg, "no CPUs given")
	}
	for i, c := range cpus {
		if c.Model == "" {
			return nil, virerr.New(virerr.FromCPU, virerr.InvalidArg, "no CPU model specified at index %d", i)
		}
	}
	if arch == "" {
		arch = cpus[0].Arch
	}
	f, err := checkArch(arch)
	switch {
	case err != nil:
		return nil, err
	case f == familyX86:
		return x86().baseline(cpus, models, features, migratable)
	case f == familyPPC64:
		return ppc64Baseline(cpus)
	case f == familyARM:
		return &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact", Model: cpus[0].Model}, nil
	}
	return nil, noSupport("cannot compute baseline CPU of %s architecture", arch)
}

// Expand lists all features in the document, in the order of their names.
func Expand(arch string, c *cpu.CPU) error {
	f, err := checkArch(arch)
	if err != nil {
		return err
	}
	if f == familyX86 {
		if err := x86().expand(c); err != nil {
			return err
		}
	}
	slices.SortStableFunc(c.Features, func(a, b cpu.Feature) int { return cmp.Compare(a.Name, b.Name) })
	return nil
}

// Update settles a guest's processor by the host's, which may be nil where nothing is asked of it.
// The policy is for features that the model lost.
func Update(arch string, guest, host *cpu.CPU, dropped string) error {
	f, err := checkArch(arch)
	if err != nil {
		return err
	}
	relative := guest.Mode == "host-model" || guest.Mode == "custom" && (guest.Match == "minimum" ||
		slices.ContainsFunc(guest.Features, func(f cpu.Feature) bool { return f.Policy == cpu.Optional }))
	switch {
	case guest.Mode == "host-passthrough" || guest.Mode == "maximum":
		return nil
	case f == familyX86:
		return x86().update(guest, host, relative, dropped)
	case f == familyPPC64:
		if guest.Mode == "custom" {
			guest.Match = "exact"
		}
		return nil
	case f == familyLoongArch || !relative:
		return nil
	case f == familyS390 && guest.Match == "minimum" && guest.Mode == "custom":
		return unsupported("match mode %s not supported", guest.Match)
	case f == familyS390 && guest.Mode == "custom":
		return unsupported("optional CPU features are not supported")
	case guest.Mode != "host-model":
		return nil
	case host == nil:
		return unsupported("unknown host CPU model")
	}
	own := guest.Features
	guest.CopyModel(host)
	if f == familyS390 {
		for _, feature := range own {
			guest.SetFeature(feature.Name, feature.Policy)
		}
	}
	guest.Mode, guest.Match = "custom", "exact"
	return nil
}

// Translate describes a processor by a model that the hypervisor has; nothing changes when it has it.
func Translate(arch string, c *cpu.CPU, models []HypervisorModel) error {
	f, err := checkArch(arch)
	allowed := models == nil || slices.ContainsFunc(models, func(m HypervisorModel) bool { return m.Name == c.Model })
	switch {
	case err != nil:
		return err
	case c.Mode != "custom" || allowed:
		return nil
	case c.Fallback == "forbid":
		return unsupported("CPU model %s is not supported by hypervisor", c.Model)
	case f != familyX86:
		return noSupport("cannot translate CPU model %s to a supported model", c.Model)
	}
	return x86().translate(c, models)
}

// UpdateLive writes into a machine's document what the hypervisor made of it. It says whether there was
// anything to compare.
func UpdateLive(arch string, c *cpu.CPU, enabled, disabled Data) (bool, error) {
	f, err := checkArch(arch)
	if err != nil || f != familyX86 || c.Mode != "custom" && c.Check != "full" {
		return false, err
	}
	return true, x86().updateLive(c, enabled.Features, disabled.Features)
}

// CheckFeatures refuses features that the architecture does not have.
func CheckFeatures(arch string, c *cpu.CPU) error {
	family, err := checkArch(arch)
	if err != nil {
		return err
	}
	for _, f := range c.Features {
		_, known := x86().number[f.Name]
		switch {
		case family == familyX86 && !known, family == familyARM && !slices.Contains(armFeatures, f.Name):
			return unsupported("unknown CPU feature: %s", f.Name)
		case family == familyS390 && f.Policy == cpu.Optional:
			return unsupported("only cpu feature policies 'require' and 'disable' are supported for %s", f.Name)
		}
	}
	return nil
}

// HasFeature says whether a processor has a feature in the end.
func HasFeature(arch string, c *cpu.CPU, name string) (bool, error) {
	f, err := checkArch(arch)
	if err != nil || f != familyX86 {
		return false, err
	}
	has, _, err := x86().features(c, anyPolicy)
	i, known := x86().number[name]
	if err == nil && !known {
		err = internal("unknown CPU feature %s", name)
	}
	return err == nil && has.Has(i), err
}

// Migratable is a copy without the features that cannot migrate.
func Migratable(arch string, c *cpu.CPU) *cpu.CPU {
	d := c.Clone()
	if d != nil && isX86(arch) {
		d.KeepFeatures(func(f cpu.Feature) bool { return x86().migratable(f.Name) })
	}
	return d
}

// InMSR says whether an x86 feature shows in a model-specific register.
func InMSR(name string) bool {
	i, ok := x86().number[name]
	return ok && x86().known[i].msr
}

// MSRFeatures lists the x86 features that show in model-specific registers.
func MSRFeatures() []string {
	var out []string
	for _, f := range x86().known {
		if f.msr {
			out = append(out, f.name)
		}
	}
	return out
}

// CheckForbidden refuses a guest that must not see a feature which the host has.
func CheckForbidden(guest, host *cpu.CPU) error {
	for _, f := range guest.Features {
		if f.Policy != cpu.Forbid {
			continue
		}
		if has := host.Feature(f.Name); has != nil && has.Policy != cpu.Disable {
			return incompatible("Host CPU provides forbidden feature '%s'", f.Name)
		}
	}
	return nil
}
