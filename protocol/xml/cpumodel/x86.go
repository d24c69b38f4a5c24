package cpumodel

import (
	"slices"

	"virtree.dev/protocol/xml/cpu"
)

// x86Map is all that is known of x86.
type x86Map struct {
	vendors []vendor
	known   []x86Feature
	number  map[string]int // of a feature, by name
	places  map[place]*[32]int
	models  []*x86Model // oldest of a family first
	named   map[string]*x86Model
}

type vendor struct{ name, text string } // the text is what CPUID says

type x86Feature struct {
	name  string
	msr   bool // shows in an MSR
	stuck bool // cannot migrate
}

// place is a register in which features show, by their bits.
type place struct {
	msr       bool
	leaf, sub uint32
	register  int // eax, ebx, ecx, edx
}

type x86Model struct {
	name        string
	host, guest bool // may be chosen for such
	compat      bool // a partial check is against the host's processor
	canonical   string
	vendor      string
	signatures  []signature
	has         Set
	late        Set // on in hypervisors before the model had them
	dropped     []string
}

type signature struct {
	family, model uint
	steppings     uint16 // a bit each
}

func (s signature) matches(o cpu.Signature) bool {
	return s.family == o.Family && s.model == o.Model && s.steppings&(1<<(o.Stepping&15)) != 0
}

func (m *x86Model) matches(s cpu.Signature) bool {
	return slices.ContainsFunc(m.signatures, func(own signature) bool { return own.matches(s) })
}

func (m *x86Map) vendorNamed(name string) bool {
	return slices.ContainsFunc(m.vendors, func(v vendor) bool { return v.name == name })
}

// names lists the features of a set in the order of documents.
func (m *x86Map) names(s Set) []string {
	out := make([]string, 0, s.Len())
	for i := range s.all() {
		out = append(out, m.known[i].name)
	}
	return out
}

// withPolicy lists the features of a set for a document.
func (m *x86Map) withPolicy(s Set, policy string) []cpu.Feature {
	out := make([]cpu.Feature, 0, s.Len())
	for i := range s.all() {
		out = append(out, cpu.Feature{Name: m.known[i].name, Policy: policy})
	}
	return out
}

func (m *x86Map) migratable(name string) bool {
	i, ok := m.number[name]
	return !ok || !m.known[i].stuck
}
