package cpumodel

import (
	"slices"

	"virtree.dev/protocol/xml/cpu"
)

// HypervisorModel is a model that a hypervisor has, and what it says keeps the host from having it.
type HypervisorModel struct {
	Name     string
	Blockers []string
}

// choice is what choosing a model takes into account.
type choice struct {
	kind       cpu.Kind
	models     []HypervisorModel // those that may be chosen; nil for all
	preferred  []string
	fallback   string
	migratable bool // leave out what cannot migrate
}

// candidate is a model with what must be added to it and taken from it.
type candidate struct {
	model   *x86Model
	on, off Set
	dropped []string // off too, as the model once had them
}

// Decode finds the model that comes nearest to what a processor says and describes the processor by it.
// Only models of the hypervisor are taken unless the list is nil. The processor's kind says who it is for.
func Decode(c *cpu.CPU, d Data, models []HypervisorModel) error {
	return x86().decode(c, d, choice{kind: c.Kind, models: models, fallback: c.Fallback})
}

func (m *x86Map) decode(c *cpu.CPU, d Data, how choice) error {
	d.Features = m.withoutBrokenTSX(d)
	best, err := m.choose(d, how)
	if err != nil {
		return err
	}
	if best == nil {
		return internal("Cannot find suitable CPU model for given data")
	}
	on, off := cpu.Require, cpu.Disable
	if how.kind == cpu.Host {
		on, off = "", ""
	}
	c.Model, c.Vendor = best.model.name, d.Vendor
	c.Features = append(m.withPolicy(best.on, on), m.withPolicy(best.off, off)...)
	for _, name := range best.dropped {
		c.AddMissing(name, off)
	}
	if how.migratable {
		c.KeepFeatures(func(f cpu.Feature) bool { return m.migratable(f.Name) })
	}
	c.Signature = nil
	if d.Signature.Family != 0 {
		c.Signature = &d.Signature
	}
	return nil
}

// choose looks at the newest models first.
func (m *x86Map) choose(d Data, how choice) (*candidate, error) {
	only := ""
	if len(how.preferred) == 1 {
		only = how.preferred[0]
	}
	var best *candidate
	for _, model := range slices.Backward(m.models) {
		var blockers []string
		if how.models != nil {
			i := slices.IndexFunc(how.models, func(h HypervisorModel) bool { return h.Name == model.name })
			if i < 0 {
				if model.name == only && how.fallback == "forbid" {
					return nil, unsupported("CPU model %s is not supported by hypervisor", only)
				}
				continue
			}
			blockers = how.models[i].Blockers
		}
		if d.Vendor != "" && model.vendor != "" && d.Vendor != model.vendor {
			continue
		}
		next := m.candidate(model, d, blockers, how.kind)
		switch {
		case !next.allowed(how.kind):
		case model.name == only:
			return next, nil
		case best == nil || next.better(best, d.Signature, slices.Contains(how.preferred, model.name)):
			best = next
		}
	}
	return best, nil
}

// candidate describes a processor by a model.
func (m *x86Map) candidate(model *x86Model, d Data, blockers []string, kind cpu.Kind) *candidate {
	c := &candidate{model: model, on: d.Features.Minus(model.has), off: model.has.Minus(d.Features)}
	for _, name := range blockers { // the hypervisor's model has more than ours
		if i, ok := m.number[name]; ok && !c.on.Has(i) {
			c.off.add(i)
		}
	}
	if kind == cpu.Guest {
		for _, name := range model.dropped {
			if i := m.number[name]; !c.on.Has(i) && !c.off.Has(i) {
				c.dropped = append(c.dropped, name)
			}
		}
	}
	return c
}

// allowed says whether the model may be chosen at all. A host's description cannot take features away.
func (c *candidate) allowed(kind cpu.Kind) bool {
	if kind == cpu.Host {
		return c.model.host && c.off.Empty()
	}
	return c.model.guest
}

// better says whether a candidate describes the processor better than what was found before: by a model
// of the processor's own signature, then by fewer words.
func (c *candidate) better(than *candidate, s cpu.Signature, preferred bool) bool {
	if s != (cpu.Signature{}) {
		if mine, other := c.model.matches(s), than.model.matches(s); mine != other {
			return mine
		}
	}
	cost, off := c.cost()
	otherCost, otherOff := than.cost()
	switch {
	case cost != otherCost:
		if cost < otherCost {
			return true
		}
	case off < otherOff:
		return true
	}
	return preferred && off < otherOff
}

// firstPenalty is what the first feature costs that is off; each further one costs one more.
const firstPenalty = 2

// cost weighs the features. libvirt stops to look for those that are off, which come last, as many
// features before the end as it has found already; the rest count as if they were on.
func (c *candidate) cost() (all, off int) {
	on := c.on.Len()
	total := on + c.off.Len() + len(c.dropped)
	counted := 0
	for i := on; i < total-counted; i++ {
		off += firstPenalty + counted
		counted++
	}
	return total - counted + off, off
}

// brokenTSX are the Intel models of family 6 whose transactions never worked.
var brokenTSX = []struct{ model, below uint }{{60, 16}, {63, 4}, {69, 16}, {70, 16}}

func (m *x86Map) withoutBrokenTSX(d Data) Set {
	s := d.Features
	if d.Vendor != "Intel" || d.Signature.Family != 6 {
		return s
	}
	for _, b := range brokenTSX {
		if d.Signature.Model == b.model && d.Signature.Stepping < b.below {
			s.remove(m.number["hle"])
			s.remove(m.number["rtm"])
		}
	}
	return s
}
