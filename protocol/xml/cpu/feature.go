package cpu

import "slices"

// The policies of features.
const (
	Force    = "force"
	Require  = "require"
	Optional = "optional"
	Disable  = "disable"
	Forbid   = "forbid"
)

// SetFeature gives a feature a policy, adding the feature if needed. A host has no policies.
func (c *CPU) SetFeature(name, policy string) {
	if c.Kind == Host {
		policy = ""
	}
	if f := c.Feature(name); f != nil {
		f.Policy = policy
		return
	}
	c.Features = append(c.Features, Feature{Name: name, Policy: policy})
}

// AddMissing adds a feature unless it is there, whatever its policy.
func (c *CPU) AddMissing(name, policy string) {
	if c.Feature(name) == nil {
		c.SetFeature(name, policy)
	}
}

// KeepFeatures drops the features that are not to be kept.
func (c *CPU) KeepFeatures(keep func(Feature) bool) {
	c.Features = slices.DeleteFunc(c.Features, func(f Feature) bool { return !keep(f) })
}

// WithoutModel is a copy without model, vendor, features and microcode.
func (c *CPU) WithoutModel() *CPU {
	d := c.Clone()
	d.Model, d.Vendor, d.VendorID, d.Microcode, d.Features = "", "", "", 0, nil
	return d
}

// CopyModel takes model, vendor, features and microcode of another processor. What a host has, a guest requires.
func (c *CPU) CopyModel(from *CPU) {
	c.Model, c.Vendor, c.VendorID, c.Microcode = from.Model, from.Vendor, from.VendorID, from.Microcode
	c.Features = slices.Clone(from.Features)
	for i := range c.Features {
		f := &c.Features[i]
		switch {
		case c.Kind == Host:
			f.Policy = ""
		case f.Policy == "":
			f.Policy = Require
		}
	}
}
