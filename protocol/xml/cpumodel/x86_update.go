package cpumodel

import (
	"strings"

	"virtree.dev/protocol/xml/cpu"
)

// update settles a guest's processor: what it has of the host's, whether optional features are there, and
// a word on each feature that its model lost.
func (m *x86Map) update(guest, host *cpu.CPU, relative bool, dropped string) error {
	if relative {
		if err := m.updateByHost(guest, host); err != nil {
			return err
		}
	}
	model := m.named[guest.Model]
	if model == nil {
		return internal("Unknown CPU model %s", guest.Model)
	}
	for _, name := range model.dropped {
		guest.AddMissing(name, dropped)
	}
	return nil
}

func (m *x86Map) updateByHost(guest, host *cpu.CPU) error {
	if host == nil {
		return unsupported("unknown host CPU model")
	}
	has, _, err := m.features(host, anyPolicy)
	if err != nil {
		return err
	}
	for i := range guest.Features {
		f := &guest.Features[i]
		if f.Policy != cpu.Optional {
			continue
		}
		n, ok := m.number[f.Name]
		switch {
		case !ok:
			return internal("unknown CPU feature %s", f.Name)
		case has.Has(n):
			f.Policy = cpu.Require
		default:
			f.Policy = cpu.Disable
		}
	}
	if guest.Mode == "host-model" || guest.Match == "minimum" {
		takeHostModel(guest, host)
	}
	return nil
}

// takeHostModel gives a guest the host's model, with its own wishes for features.
func takeHostModel(guest, host *cpu.CPU) {
	own, vendor, vendorID := guest.Features, guest.Vendor, guest.VendorID
	guest.CopyModel(host)
	for _, f := range own {
		guest.SetFeature(f.Name, f.Policy)
	}
	if vendorID != "" {
		guest.VendorID = vendorID
	}
	if guest.Mode == "custom" {
		guest.Vendor, guest.VendorID = vendor, vendorID
	}
	guest.Mode, guest.Match = "custom", "exact"
}

// translate describes a processor by a model that the hypervisor has.
func (m *x86Map) translate(c *cpu.CPU, models []HypervisorModel) error {
	has, model, err := m.features(c, anyPolicy)
	if err != nil {
		return err
	}
	d := Data{Features: has}
	if model != nil {
		d.Vendor = model.vendor
		if len(model.signatures) > 0 {
			d.Signature = model.signatures[0].first()
		}
	}
	t := c.WithoutModel()
	if err := m.decode(t, d, choice{kind: c.Kind, models: models, fallback: c.Fallback}); err != nil {
		return err
	}
	for _, f := range c.Features {
		t.SetFeature(f.Name, f.Policy)
	}
	c.Model, c.Features, c.Microcode = t.Model, t.Features, t.Microcode
	return nil
}

// first is the signature with its lowest stepping.
func (s signature) first() cpu.Signature {
	stepping := uint(0)
	for s.steppings&(1<<stepping) == 0 {
		stepping++
	}
	return cpu.Signature{Family: s.family, Model: s.model, Stepping: stepping}
}

// expand lists the model's features in the document.
func (m *x86Map) expand(c *cpu.CPU) error {
	model := m.named[c.Model]
	if model == nil {
		return internal("unknown CPU model %s", c.Model)
	}
	own := c.Features
	if c.Features = m.withPolicy(model.has, cpu.Require); c.Kind == cpu.Host {
		c.Features = m.withPolicy(model.has, "")
	}
	for _, f := range own {
		if c.Kind == cpu.Host || f.Policy == cpu.Require || f.Policy == cpu.Disable {
			c.SetFeature(f.Name, f.Policy)
		}
	}
	if c.Kind != cpu.Host {
		for _, name := range model.dropped {
			c.AddMissing(name, cpu.Disable)
		}
	}
	return nil
}

// live is one comparison of a machine's processor with its document.
type live struct {
	*x86Map
	c              *cpu.CPU
	has, off       Set // by the document
	late           Set // may be on without being told of
	enabled        Set // by the hypervisor
	disabled       Set
	extra, missing []string // what check='full' forbids
}

// updateLive writes into the document what the hypervisor made of it; with check='full' that must be nothing.
func (m *x86Map) updateLive(c *cpu.CPU, enabled, disabled Set) error {
	has, model, err := m.features(c, anyPolicy)
	if err != nil {
		return err
	}
	off, _, err := m.features(c, cpu.Disable)
	if err != nil {
		return err
	}
	l := &live{x86Map: m, c: c, has: has, off: off, enabled: enabled, disabled: disabled}
	if model != nil {
		l.late = model.late
	}
	for i := range m.known {
		if err := l.feature(i); err != nil {
			return err
		}
	}
	if model != nil {
		for _, name := range model.dropped {
			c.AddMissing(name, cpu.Disable)
		}
	}
	return l.judge()
}

func (l *live) feature(i int) error {
	name := l.known[i].name
	on, off := l.enabled.Has(i), l.disabled.Has(i)
	if on && off {
		return failed("hypervisor provided conflicting CPU data: feature '%s' is both enabled and disabled at the same time", name)
	}
	explicit := l.has.Has(i) || l.off.Has(i)
	opaque := l.c.Mode == "host-passthrough" || l.c.Mode == "maximum"
	strict := l.c.Check == "full" && (explicit || !l.late.Has(i))
	if on && !l.has.Has(i) && (l.off.Has(i) || !opaque) {
		if strict {
			l.extra = append(l.extra, name)
		} else {
			l.c.SetFeature(name, cpu.Require)
		}
	}
	if off || l.has.Has(i) && !on {
		if strict {
			l.missing = append(l.missing, name)
		} else {
			l.c.SetFeature(name, cpu.Disable)
			l.disabled.remove(i)
		}
	}
	return nil
}

func (l *live) judge() error {
	const what = "guest CPU doesn't match specification"
	extra, missing := strings.Join(l.extra, ","), strings.Join(l.missing, ",")
	switch {
	case extra != "" && missing != "":
		return failed(what+": extra features: %s, missing features: %s", extra, missing)
	case extra != "":
		return failed(what+": extra features: %s", extra)
	case missing != "":
		return failed(what+": missing features: %s", missing)
	case l.c.Check == "full" && !l.disabled.Empty():
		return failed(what)
	}
	return nil
}
