package qemu

import (
	"encoding/json"
	"errors"
	"strings"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// featureWord is one of the features of a processor of QEMU: what CPUID says in a register.
type featureWord struct {
	Register string `json:"cpuid-register"`
	Leaf     uint32 `json:"cpuid-input-eax"`
	Sub      uint32 `json:"cpuid-input-ecx"`
	Features uint32 `json:"features"`
}

// verifyCPU holds the machine's processor against the document, and writes into the machine's document
// what QEMU made of it.
func (s *starter) verifyCPU() error {
	if len(s.vcpuPaths) == 0 || !caps.SameFamily(s.def.OS.Arch, "x86_64") {
		return nil
	}
	enabled, err := s.enabledFeatures()
	if err != nil {
		return err
	}
	if err := s.verifyParavirt(); err != nil {
		return err
	}
	if s.def.CPU == nil || s.def.CPU.Mode == "custom" && s.def.CPU.Model == "" {
		return nil
	}
	wants, err := cpumodel.HasFeature(s.def.OS.Arch, s.def.CPU, "invtsc")
	if err != nil {
		return err
	}
	if wants && !enabled.HasFeature("invtsc") {
		return errUnsupportedConfig("host doesn't support invariant TSC")
	}
	disabled, err := s.disabledFeatures()
	if err != nil {
		return err
	}
	return s.adoptCPU(enabled, disabled)
}

func (s *starter) adoptCPU(enabled, disabled cpumodel.Data) error {
	c := s.def.CPU.Clone()
	compared, err := cpumodel.UpdateLive(s.def.OS.Arch, c, enabled, disabled)
	if err != nil || !compared {
		return err
	}
	c.Check = "full"
	o, err := call(s.ctx, s.dom, update{Change: func(st *domstatus.Status) { st.Domain.CPU = c }})
	if err == nil {
		s.def = o.Def
	}
	return err
}

// property reads a property of the first processor. One that is not there is nil.
func (s *starter) property(name string) (json.RawMessage, error) {
	args := map[string]any{"path": s.vcpuPaths[0], "property": name}
	raw, err := call(s.ctx, s.dom, execute{Command: qmp.Command{Name: "qom-get", Arguments: args}})
	if refused := new(qmp.Error); errors.As(err, &refused) {
		return nil, nil
	}
	return raw, monitorError(err)
}

// isOn says whether a switch of the first processor is there and on.
func (s *starter) isOn(name string) (bool, error) {
	raw, err := s.property(name)
	return string(raw) == "true", err
}

func (s *starter) enabledFeatures() (cpumodel.Data, error) {
	words, err := s.featureWords("feature-words")
	if err != nil {
		return cpumodel.Data{}, err
	}
	d := cpumodel.Read(words)
	for _, name := range cpumodel.MSRFeatures() {
		if !d.HasFeature(msrSwitch(name)) {
			continue // QEMU turns off what depends on that
		}
		on, err := s.isOn(caps.FeatureToQEMU(s.def.OS.Arch, name))
		if err != nil {
			return d, err
		}
		if on {
			d.AddFeature(name)
		}
	}
	return d, nil
}

// msrSwitch gives the feature without which a processor of QEMU does not have a feature of an MSR.
func msrSwitch(name string) string {
	switch {
	case strings.HasPrefix(name, "vmx-"):
		return "vmx"
	case name == "split-lock-detect":
		return "core-capability"
	}
	return "arch-capabilities"
}

// registers are in the order of cpumodel.Reading.
var registers = []string{"EAX", "EBX", "ECX", "EDX"}

func (s *starter) featureWords(property string) ([]cpumodel.Reading, error) {
	raw, err := s.property(property)
	if err != nil || raw == nil {
		return nil, err
	}
	var words []featureWord
	if err := json.Unmarshal(raw, &words); err != nil {
		return nil, errInternal("invalid features in CPU data: %s", err)
	}
	var out []cpumodel.Reading
	for _, w := range words {
		r := cpumodel.Reading{Leaf: w.Leaf, Sub: w.Sub}
		for i, name := range registers {
			if name == w.Register {
				r.Registers[i] = w.Features
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// disabledFeatures are those that the document or the model has but the host cannot give.
func (s *starter) disabledFeatures() (cpumodel.Data, error) {
	if !s.caps.Has("cpu-unavailable-features") {
		words, err := s.featureWords("filtered-features")
		return cpumodel.Read(words), err
	}
	raw, err := s.property("unavailable-features")
	if err != nil || raw == nil {
		return cpumodel.Data{}, err
	}
	var names []string
	if err := json.Unmarshal(raw, &names); err != nil {
		return cpumodel.Data{}, errInternal("invalid features in CPU data: %s", err)
	}
	var d cpumodel.Data
	for _, name := range names {
		d.AddFeature(caps.FeatureFromQEMU(s.def.OS.Arch, name))
	}
	return d, nil
}

// enlightened are the enlightenments by their names in documents and what QEMU calls them; some only help.
var enlightened = []struct {
	name     string
	property string
	on       func(h *xml.HyperV) xml.Tristate
	helps    bool
}{
	{"relaxed", "hv-relaxed", func(h *xml.HyperV) xml.Tristate { return h.Relaxed }, true},
	{"vapic", "hv-vapic", func(h *xml.HyperV) xml.Tristate { return h.VAPIC }, true},
	{"vpindex", "hv-vpindex", func(h *xml.HyperV) xml.Tristate { return h.VPIndex }, false},
	{"runtime", "hv-runtime", func(h *xml.HyperV) xml.Tristate { return h.Runtime }, false},
	{"synic", "hv-synic", func(h *xml.HyperV) xml.Tristate { return h.SynIC }, false},
	{"stimer", "hv-stimer", func(h *xml.HyperV) xml.Tristate { return h.STimer }, false},
	{"reset", "hv-reset", func(h *xml.HyperV) xml.Tristate { return h.Reset }, false},
	{"frequencies", "hv-frequencies", func(h *xml.HyperV) xml.Tristate { return h.Frequencies }, false},
	{"reenlightenment", "hv-reenlightenment", func(h *xml.HyperV) xml.Tristate { return h.Reenlightenment }, false},
	{"tlbflush", "hv-tlbflush", func(h *xml.HyperV) xml.Tristate { return h.TLBFlush }, false},
	{"ipi", "hv-ipi", func(h *xml.HyperV) xml.Tristate { return h.IPI }, false},
	{"evmcs", "hv-evmcs", func(h *xml.HyperV) xml.Tristate { return h.EVMCS }, false},
	{"avic", "hv-avic", func(h *xml.HyperV) xml.Tristate { return h.AVIC }, false},
	{"emsr_bitmap", "hv-emsr-bitmap", func(h *xml.HyperV) xml.Tristate { return h.EMSRBitmap }, false},
	{"xmm_input", "hv-xmm-input", func(h *xml.HyperV) xml.Tristate { return h.XMMInput }, false},
}

// verifyParavirt wants what the guest is promised of its hypervisor.
func (s *starter) verifyParavirt() error {
	f := &s.def.Features
	if f.PVSpinlock == xml.On {
		if on, err := s.isOn("kvm-pv-unhalt"); err != nil || !on {
			return orError(err, errUnsupportedConfig("host doesn't support paravirtual spinlocks"))
		}
	}
	for _, e := range enlightened {
		if e.on(&f.HyperV) != xml.On || e.helps {
			continue
		}
		if on, err := s.isOn(e.property); err != nil || !on {
			return orError(err, errUnsupportedConfig("host doesn't support hyperv '%s' feature", e.name))
		}
	}
	for _, e := range []struct {
		wanted               bool
		name, mode, switched string
	}{
		{f.HyperV.STimer == xml.On && f.HyperV.STimerDirect == xml.On, "stimer", "direct", "hv-stimer-direct"},
		{f.HyperV.TLBFlush == xml.On && f.HyperV.TLBFlushDirect == xml.On, "tlbflush", "direct", "hv-tlbflush-direct"},
		{f.HyperV.TLBFlush == xml.On && f.HyperV.TLBFlushExtended == xml.On, "tlbflush", "extended", "hv-tlbflush-ext"},
	} {
		if !e.wanted {
			continue
		}
		if on, err := s.isOn(e.switched); err != nil || !on {
			return orError(err, errUnsupportedConfig("host doesn't support hyperv %s '%s' feature", e.name, e.mode))
		}
	}
	return nil
}

func orError(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// updatedCPU gives a copy of a document with the processor that a machine of it would get here. The document was
// read with the binary's help, so that nobody is asked now.
func (d *Driver) updatedCPU(def *xml.Domain) (*xml.Domain, error) {
	if def.CPU == nil || def.CPU.Mode == "custom" && def.CPU.Model == "" {
		return def, nil
	}
	var host *cpu.CPU
	if binary := d.binaries.Known(def.Devices.Emulator); binary != nil {
		host = binary.HostModel(def.Type, d.processor).Migratable
	}
	next := *def
	next.CPU = def.CPU.Clone()
	return &next, cpumodel.Update(def.OS.Arch, next.CPU, host, cpu.Disable)
}
