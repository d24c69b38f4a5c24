package cpumodel

import (
	"slices"

	"virtree.dev/protocol/xml/cpu"
)

// baseline finds what all hosts have. The first one's vendor is not held against its model.
func (m *x86Map) baseline(cpus []*cpu.CPU, models []HypervisorModel, only []string, migratable bool) (*cpu.CPU, error) {
	has, _, err := m.features(cpus[0], anyPolicy)
	if err != nil {
		return nil, err
	}
	common := Data{Features: has, Vendor: cpus[0].Vendor}
	tellVendor := common.Vendor != ""
	if tellVendor && !m.vendorNamed(common.Vendor) {
		return nil, failed("Unknown CPU vendor %s", common.Vendor)
	}
	names := []string{cpus[0].Model}
	for _, c := range cpus[1:] {
		has, model, err := m.features(c, anyPolicy)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(names, c.Model) {
			names = append(names, c.Model)
		}
		if common.Vendor, err = m.sameVendor(common.Vendor, c, model); err != nil {
			return nil, err
		}
		tellVendor = tellVendor && c.Vendor != ""
		common.Features = common.Features.Both(has)
	}
	if only != nil {
		allowed := Data{}
		for _, name := range only {
			allowed.AddFeature(name)
		}
		common.Features = common.Features.Both(allowed.Features)
	}
	if common.Features.Empty() {
		return nil, failed("CPUs are incompatible")
	}
	c := &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact"}
	err = m.decode(c, common, choice{kind: cpu.Guest, models: models, preferred: names, migratable: migratable})
	if err != nil {
		return nil, err
	}
	if len(names) == 1 && c.Model == names[0] {
		c.Fallback = "forbid"
	}
	if !tellVendor {
		c.Vendor = ""
	}
	return c, nil
}

// sameVendor holds a processor's vendor against that of those before it, which is empty when none has one.
func (m *x86Map) sameVendor(before string, c *cpu.CPU, model *x86Model) (string, error) {
	if c.Vendor != "" && model.vendor != "" && c.Vendor != model.vendor {
		return "", failed("CPU vendor %s of model %s differs from vendor %s", model.vendor, model.name, c.Vendor)
	}
	name := c.Vendor
	if name == "" {
		name = model.vendor
	}
	switch {
	case name == "" || name == before:
		return before, nil
	case before != "":
		return "", failed("CPU vendors do not match")
	case !m.vendorNamed(name):
		return "", failed("Unknown CPU vendor %s", name)
	}
	return name, nil
}
