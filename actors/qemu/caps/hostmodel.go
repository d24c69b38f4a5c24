package caps

import (
	"slices"
	"sync"

	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	"virtree.dev/protocol/xml/xmltree"
)

// HostModel is the host's processor as a guest can have it, described by the binary's models.
type HostModel struct {
	Reported   *cpu.CPU // nil when nothing is known
	Migratable *cpu.CPU // without what cannot migrate
	Full       *cpu.CPU // with what the binary cannot give; nil when that is not known
	PhysBits   uint     // of addresses; 0 when not known
}

// Compared is what a document is compared with: all that the host has.
func (m *HostModel) Compared() *cpu.CPU {
	if m.Full != nil {
		return m.Full
	}
	return m.Reported
}

// Told says that the binary itself tells what it can give.
func (m *HostModel) Told() bool { return m.Reported != nil && m.Reported.Fallback == "forbid" }

// Processor is the host's.
type Processor interface {
	// Arch names the host's architecture.
	Arch() string
	// Describe describes the processor for a guest by the models of the list, or by any when it is nil.
	Describe(models []cpumodel.HypervisorModel) (*cpu.CPU, error)
	// Readable says whether a processor of that architecture can be described here.
	Readable(arch string) bool
	// PhysBits is the width of physical addresses, 0 when it is not known.
	PhysBits() uint
}

// hostModel is made when it is first asked for; the host does not change.
type hostModel struct {
	once sync.Once
	made HostModel
}

// HostModel describes a host's processor for guests of a virt type.
func (c *Caps) HostModel(virtType string, host Processor) *HostModel {
	a := c.AccelOf(virtType)
	if a == nil || host == nil {
		return &HostModel{}
	}
	a.hostModel.once.Do(func() {
		if m, err := c.describeHost(virtType, a, host); err == nil { // without a model there is no host-model
			a.hostModel.made = m
		}
	})
	return &a.hostModel.made
}

// WithoutHostModel is a copy of a binary that does not tell what it can give of the host's processor.
func (c *Caps) WithoutHostModel() *Caps {
	out := *c
	out.Accels = map[string]*Accel{}
	for t, a := range c.Accels {
		out.Accels[t] = &Accel{Machines: a.Machines, CPUs: a.CPUs}
	}
	return &out
}

func (c *Caps) describeHost(virtType string, a *Accel, host Processor) (HostModel, error) {
	var m HostModel
	if !Native(host.Arch(), c.Arch) {
		return m, nil
	}
	accelerated := Accelerated(virtType)
	var err error
	if m.Reported, err = c.expanded(virtType, a, false); err != nil {
		return HostModel{}, err
	}
	switch {
	case isARM(c.Arch) || c.Arch == "loongarch64":
		return HostModel{}, nil
	case m.Reported == nil:
		probed, err := host.Describe(c.Models(virtType))
		if err != nil {
			return HostModel{}, err
		}
		m.Reported = newHostModel()
		m.Reported.CopyModel(probed)
		DropNeverPassed(c.Arch, m.Reported)
	case accelerated && host.Readable(c.Arch):
		if m.Full, err = c.full(m.Reported, host); err != nil {
			return HostModel{}, err
		}
	}
	if m.Migratable, err = c.expanded(virtType, a, true); err != nil {
		return HostModel{}, err
	}
	if m.Migratable == nil {
		m.Migratable = cpumodel.Migratable(c.Arch, m.Reported)
	}
	if isX86(c.Arch) && !c.Has("cpu-unavailable-features") {
		for _, d := range []*cpu.CPU{m.Reported, m.Migratable, m.Full} {
			if d != nil {
				d.KeepFeatures(func(f cpu.Feature) bool { return !cpumodel.InMSR(f.Name) })
			}
		}
	}
	if accelerated {
		m.PhysBits = host.PhysBits()
	}
	return m, nil
}

func newHostModel() *cpu.CPU {
	return &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact", Fallback: "allow"}
}

// full adds to what the host's processor has what the binary adds to that.
func (c *Caps) full(reported *cpu.CPU, host Processor) (*cpu.CPU, error) {
	full, err := host.Describe(nil)
	if err != nil {
		return nil, err
	}
	all := reported.Clone()
	if err := cpumodel.Expand(c.Arch, all); err != nil {
		return nil, err
	}
	for _, f := range all.Features {
		if f.Policy == cpu.Require {
			full.SetFeature(f.Name, cpu.Require)
		}
	}
	return full, nil
}

// expanded describes the binary's best model; nil when the binary does not tell what it consists of.
func (c *Caps) expanded(virtType string, a *Accel, migratable bool) (*cpu.CPU, error) {
	if a.Host == nil || migratable && !a.Host.Migratability {
		return nil, nil
	}
	d := newHostModel()
	switch {
	case isX86(c.Arch):
		data, err := c.data(a.Host, migratable)
		if err != nil {
			return nil, err
		}
		if err := cpumodel.Decode(d, data, c.Models(virtType)); err != nil {
			return nil, err
		}
	case c.Arch == "s390x" || c.Arch == "s390":
		d.Model = a.Host.Model
		for _, p := range a.Host.Properties {
			if on, ok := p.Value.(bool); ok {
				policy := cpu.Disable
				if on && (!migratable || !p.stuck()) {
					policy = cpu.Require
				}
				d.Features = append(d.Features, cpu.Feature{Name: p.Name, Policy: policy})
			}
		}
	default:
		return nil, nil
	}
	d.Fallback = "forbid"
	return d, nil
}

func (p *Property) stuck() bool { return p.Migratable == xmltree.No }

// data reads an expansion as if it were a processor.
func (c *Caps) data(e *Expansion, migratable bool) (cpumodel.Data, error) {
	var d cpumodel.Data
	for i := range e.Properties {
		p := &e.Properties[i]
		switch v := p.Value.(type) {
		case bool:
			if v && (!migratable || !p.stuck()) {
				d.AddFeature(FeatureFromQEMU(c.Arch, p.Name))
			}
		case string:
			if p.Name == "vendor" {
				if err := d.SetVendor(v); err != nil {
					return d, err
				}
			}
		case int64:
			setSignature(&d.Signature, p.Name, v)
		}
	}
	return d, nil
}

func setSignature(s *cpu.Signature, name string, v int64) {
	if v < 0 {
		return
	}
	switch name {
	case "family":
		s.Family = uint(v)
	case "model":
		s.Model = uint(v)
	case "stepping":
		s.Stepping = uint(v) & 0xf
	}
}

// Usable says that the binary takes a processor as it is: it says so of the model, and nothing is added to it.
func (c *Caps) Usable(virtType string, d *cpu.CPU) bool {
	m := c.model(virtType, d.Model)
	return m != nil && m.Usable == xmltree.Yes &&
		!slices.ContainsFunc(d.Features, func(f cpu.Feature) bool { return f.Policy != cpu.Disable })
}

// CheckCPU says whether guests of a virt type can have a processor; that they cannot is an error when fail says so. A
// model that is known by its usability here is compared with what the binary tells, another with the host's processor.
func (c *Caps) CheckCPU(arch, virtType string, d *cpu.CPU, host *HostModel, compared *cpu.CPU, fail bool) (cpumodel.Result, error) {
	if c.Usable(virtType, d) {
		return cpumodel.Superset, nil
	}
	m := c.model(virtType, d.Model)
	if d.Model == "" || !host.Told() || m == nil {
		return cpumodel.Compare(arch, compared, d, fail)
	}
	byHost, err := cpumodel.ComparesHost(arch, d.Model)
	if err != nil {
		return cpumodel.Incompatible, err
	}
	if byHost {
		return cpumodel.Compare(arch, compared, d, fail)
	}
	return cpumodel.CompareUnusable(arch, host.Reported, d, c.blockers(m), fail)
}
