package cpumodel

import "virtree.dev/protocol/xml/cpu"

// anyPolicy asks for what a processor has in the end.
const anyPolicy = ""

// features gives what a document asks for with a policy; the model's own features count as required. With
// anyPolicy it is all that the processor has: the model's, those required and forced, without those off.
func (m *x86Map) features(c *cpu.CPU, policy string) (Set, *x86Model, error) {
	var s Set
	var model *x86Model
	whole := policy == anyPolicy
	if c.Kind == cpu.Host && !whole && policy != cpu.Require {
		return s, nil, nil
	}
	if c.Model != "" && (whole || policy == cpu.Require) {
		if model = m.named[c.Model]; model == nil {
			return s, nil, internal("Unknown CPU model %s", c.Model)
		}
		s = model.has
	}
	for _, f := range c.Features {
		own := f.Policy
		if own == "" {
			own = cpu.Require
		}
		if whole && own == cpu.Optional || !whole && own != policy {
			continue
		}
		i, ok := m.number[f.Name]
		switch {
		case !ok:
			return s, nil, internal("Unknown CPU feature %s", f.Name)
		case whole && (own == cpu.Disable || own == cpu.Forbid):
			s.remove(i)
		default:
			s.add(i)
		}
	}
	return s, model, nil
}
