package domcaps

import (
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/xmlout"
)

// Capabilities is the whole document.
type Capabilities struct {
	Path, Type, Machine, Arch string
	MaxVCPUs                  uint
	OS                        OS
	CPU                       CPU
	MemoryBacking             Section
	Devices                   []Section
	GIC                       Section
	Features                  []Feature
	SEV                       *SEV
	SGX                       *SGX
	HyperV                    *Section // nil when nothing is known
	LaunchSecurity            Section
}

// OS is how guests may boot.
type OS struct {
	Firmware []string
	Loaders  []string // paths
	Loader   []Enum
}

// Section is a part of the document that says what there is to choose from. Without support it has nothing.
type Section struct {
	Name      string
	Supported bool
	Enums     []Enum
}

// Enum is a choice by its name; it may be empty.
type Enum struct {
	Name   string
	Values []string
}

// Feature is something that guests can have or not.
type Feature struct {
	Name      string
	Supported bool
}

// CPU is which processors guests may have.
type CPU struct {
	Passthrough []string // host-passthrough with or without migration; nil when it cannot be
	Maximum     []string
	HostModel   *cpu.CPU
	Custom      []Model
}

// Model is a processor model.
type Model struct {
	Name       string
	Usable     string // yes, no, unknown
	Deprecated bool
	Vendor     string // unknown when it has none
	Canonical  string
	Blockers   []string // features that the host lacks
}

// SEV is AMD's encryption of memory.
type SEV struct {
	CBitPos, ReducedBits, MaxGuests, MaxES uint
	CPU0ID                                 string
}

// SGX is Intel's enclaves.
type SGX struct {
	FLC, SGX1, SGX2 bool
	Size            uint64 // KiB
	Sections        []SGXSection
}

// SGXSection is the part of a NUMA node.
type SGXSection struct {
	Node uint
	Size uint64 // KiB
}

// Format writes the document.
func (c *Capabilities) Format() string {
	w := xmlout.New(0)
	w.Start("domainCapabilities")
	w.Elem("path", c.Path)
	w.Elem("domain", c.Type)
	w.Elem("machine", c.Machine)
	w.Elem("arch", c.Arch)
	if c.MaxVCPUs > 0 {
		w.Start("vcpu")
		w.UintAttr("max", uint64(c.MaxVCPUs))
		w.End()
	}
	support(w, "iothreads", true)
	c.OS.format(w)
	c.CPU.format(w)
	c.MemoryBacking.format(w)
	w.Start("devices")
	for i := range c.Devices {
		c.Devices[i].format(w)
	}
	w.End()
	c.formatFeatures(w)
	w.End()
	return w.String()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func support(w *xmlout.Writer, name string, supported bool) {
	w.AttrElem(name, "supported", yesNo(supported))
}

func (s *Section) format(w *xmlout.Writer) {
	if s.Name == "" {
		return
	}
	w.Start(s.Name)
	w.Attr("supported", yesNo(s.Supported))
	if !s.Supported {
		w.End()
		return
	}
	formatEnums(w, s.Enums)
	w.EndFull()
}

func formatEnums(w *xmlout.Writer, all []Enum) {
	for _, e := range all {
		w.Start("enum")
		w.Attr("name", e.Name)
		for _, v := range e.Values {
			w.FullElem("value", v)
		}
		w.End()
	}
}

func (o *OS) format(w *xmlout.Writer) {
	w.Start("os")
	w.Attr("supported", "yes")
	formatEnums(w, []Enum{{"firmware", o.Firmware}})
	w.Start("loader")
	w.Attr("supported", "yes")
	for _, path := range o.Loaders {
		w.FullElem("value", path)
	}
	formatEnums(w, o.Loader)
	w.EndFull()
	w.End()
}

func (c *CPU) format(w *xmlout.Writer) {
	w.Start("cpu")
	mode(w, "host-passthrough", c.Passthrough != nil, func() {
		formatEnums(w, []Enum{{"hostPassthroughMigratable", c.Passthrough}})
	})
	mode(w, "maximum", c.Maximum != nil, func() {
		formatEnums(w, []Enum{{"maximumMigratable", c.Maximum}})
	})
	mode(w, "host-model", c.HostModel != nil, func() { c.HostModel.FormatContent(w) })
	mode(w, "custom", len(c.Custom) > 0, func() {
		for i := range c.Custom {
			c.Custom[i].format(w)
		}
	})
	w.End()
}

func mode(w *xmlout.Writer, name string, supported bool, content func()) {
	w.Start("mode")
	w.Attr("name", name)
	w.Attr("supported", yesNo(supported))
	if !supported {
		w.End()
		return
	}
	content()
	w.EndFull()
}

func (m *Model) format(w *xmlout.Writer) {
	w.Start("model")
	w.Attr("usable", m.Usable)
	if m.Deprecated {
		w.Attr("deprecated", "yes")
	}
	w.Attr("vendor", m.Vendor)
	w.OptAttr("canonical", m.Canonical)
	w.Text(m.Name)
	w.End()
	if m.Blockers == nil {
		return
	}
	w.Start("blockers")
	w.Attr("model", m.Name)
	for _, b := range m.Blockers {
		w.AttrElem("feature", "name", b)
	}
	w.EndFull()
}

func (c *Capabilities) formatFeatures(w *xmlout.Writer) {
	w.Start("features")
	c.GIC.format(w)
	for _, f := range c.Features {
		support(w, f.Name, f.Supported)
	}
	c.SEV.format(w)
	c.SGX.format(w)
	if c.HyperV != nil {
		c.HyperV.format(w)
	}
	c.LaunchSecurity.format(w)
	w.End()
}

func (s *SEV) format(w *xmlout.Writer) {
	if s == nil {
		support(w, "sev", false)
		return
	}
	w.Start("sev")
	w.Attr("supported", "yes")
	w.UintElem("cbitpos", uint64(s.CBitPos))
	w.UintElem("reducedPhysBits", uint64(s.ReducedBits))
	w.UintElem("maxGuests", uint64(s.MaxGuests))
	w.UintElem("maxESGuests", uint64(s.MaxES))
	w.Elem("cpu0Id", s.CPU0ID)
	w.End()
}

func (s *SGX) format(w *xmlout.Writer) {
	if s == nil {
		support(w, "sgx", false)
		return
	}
	w.Start("sgx")
	w.Attr("supported", "yes")
	w.Elem("flc", yesNo(s.FLC))
	w.Elem("sgx1", yesNo(s.SGX1))
	w.Elem("sgx2", yesNo(s.SGX2))
	w.SizeElem("section_size", "KiB", s.Size)
	w.Start("sections")
	for _, section := range s.Sections {
		w.Start("section")
		w.UintAttr("node", uint64(section.Node))
		w.UintAttr("size", section.Size)
		w.Attr("unit", "KiB")
		w.End()
	}
	w.EndOrDrop()
	w.End()
}
