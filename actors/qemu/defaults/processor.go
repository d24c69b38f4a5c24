package defaults

import (
	"strings"

	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/domain"
)

// chooseCPU takes the machine type's own processor where the document names none.
func (a *applier) chooseCPU() error {
	d, m := a.doc, a.machine
	if d.CPU != nil && (d.CPU.Mode != "custom" || d.CPU.Model != "") {
		return nil
	}
	usable := m.X86() || m.S390() || m.PPC64() || d.Type == "qemu"
	if !usable || !knownArch(m) {
		return nil
	}
	model := a.defaultCPU()
	if model == "" {
		return nil
	}
	if model == "host" && d.Type != "kvm" {
		return virerr.New(virerr.FromQEMU, virerr.InternalError, `QEMU reports invalid default CPU model "host" for non-kvm domain virt type`)
	}
	if d.CPU == nil {
		d.CPU = &domain.CPU{}
	}
	c := d.CPU
	c.Kind = cpu.Guest
	switch {
	case model != "host":
		c.Check, c.Mode, c.Match, c.Fallback, c.Model = "none", "custom", "exact", "forbid", model
	case m.S390() && a.hostModel():
		c.Mode = "host-model"
	default:
		c.Mode = "host-passthrough"
	}
	return nil
}

// knownArch says whether processor models exist for the architecture.
func knownArch(m machine.Type) bool {
	return m.X86() || m.PPC64() || m.S390() || m.ARM() || m.RISCV() || m.LoongArch()
}

// finishCPU settles what depends on the mode.
func (a *applier) finishCPU() error {
	c := a.doc.CPU
	if c == nil {
		return nil
	}
	if err := settleSVE(c); err != nil {
		return err
	}
	if !a.doc.Active() && c.Mode == "host-passthrough" && !c.Migratable.Given() {
		if a.binary.Has("cpu.migratable") {
			c.Migratable = domain.On
		} else if a.machine.X86() {
			c.Migratable = domain.Off
		}
	}
	if c.Mode == "custom" && c.Model == "" || c.Check != "" {
		return nil
	}
	c.Check = "partial"
	switch {
	case c.Mode == "host-passthrough", c.Mode == "maximum", c.Mode == "custom" && a.doc.Type == "qemu":
		c.Check = "none"
	}
	return nil
}

// settleSVE turns the vector extension on where vector lengths are asked for.
func settleSVE(c *domain.CPU) error {
	lengths := false
	for _, f := range c.Features {
		lengths = lengths || f.Name != "sve" && strings.HasPrefix(f.Name, "sve")
	}
	if !lengths {
		return nil
	}
	if f := c.Feature("sve"); f != nil && (f.Policy == "disable" || f.Policy == "forbid") {
		return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "SVE disabled, but SVE vector lengths provided")
	}
	c.SetFeature("sve", "require")
	return nil
}

// checkVCPUs refuses orders of plugging in that QEMU cannot follow.
func (a *applier) checkVCPUs() error {
	list := a.doc.VCPU.List
	refuse := func(text string) error { return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "%s", text) }
	if len(list) == 0 {
		return nil
	}
	first := list[0]
	switch {
	case !first.Online:
		return refuse("vcpu 0 can't be offline")
	case first.Hotpluggable == domain.Yes:
		return refuse("vcpu0 can't be hotpluggable")
	case first.Order > 1:
		return refuse("vcpu0 must be enabled first")
	}
	for i := 1; i < len(list); i++ {
		v, prev := list[i], list[i-1]
		if v.Online && (v.Order != 0) != (first.Order != 0) {
			return refuse("all vcpus must have either set or unset order")
		}
		if v.Hotpluggable != domain.No {
			continue
		}
		if prev.Hotpluggable == domain.Yes {
			return refuse("online non-hotpluggable vcpus need to be ordered prior to hotpluggable vcpus")
		}
		if prev.Order > v.Order {
			return refuse("online non-hotpluggable vcpus must be ordered in ascending order")
		}
	}
	return nil
}
