package domain

import (
	"math"
	"math/bits"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// feature is how one element of <features> is read and written.
type feature struct {
	name   string
	parse  func(p *parser, n *xmltree.Node, f *Features)
	format func(w *xmlout.Writer, f *Features)
}

// plain is a feature without a state: being there means on.
func plain(name string, field func(*Features) *Tristate) feature {
	return feature{
		name:  name,
		parse: func(_ *parser, _ *xmltree.Node, f *Features) { *field(f) = On },
		format: func(w *xmlout.Writer, f *Features) {
			if *field(f) == On {
				w.Empty(name)
			}
		},
	}
}

// state is a feature with an on/off attribute; implied says that it means on when it has none.
func state(name string, implied bool, field func(*Features) *Tristate) feature {
	return feature{
		name: name,
		parse: func(p *parser, n *xmltree.Node, f *Features) {
			if implied {
				*field(f) = p.onByDefault(n)
			} else {
				*field(f) = p.NeedOnOff(n, "state")
			}
		},
		format: func(w *xmlout.Writer, f *Features) { w.AttrElem(name, "state", field(f).OnOff()) },
	}
}

func (p *parser) onByDefault(n *xmltree.Node) Tristate {
	if v := p.OnOff(n, "state"); v.Given() {
		return v
	}
	return On
}

// choice is a feature with one attribute out of a list of words.
func choice(name, attr string, rule xmltree.Rule, words []string, field func(*Features) *string) feature {
	return feature{
		name:   name,
		parse:  func(p *parser, n *xmltree.Node, f *Features) { *field(f) = p.Enum(n, attr, words, rule) },
		format: func(w *xmlout.Writer, f *Features) { w.AttrElem(name, attr, *field(f)) },
	}
}

var mitigations = []string{"broken", "workaround", "fixed"}

// featureTable gives the features in the order they are written.
var featureTable = []feature{
	plain("acpi", func(f *Features) *Tristate { return &f.ACPI }),
	{"apic", parseAPIC, formatAPIC},
	plain("pae", func(f *Features) *Tristate { return &f.PAE }),
	state("hap", true, func(f *Features) *Tristate { return &f.HAP }),
	plain("viridian", func(f *Features) *Tristate { return &f.Viridian }),
	plain("privnet", func(f *Features) *Tristate { return &f.PrivNet }),
	{"hyperv", parseHyperV, formatHyperV},
	{"kvm", parseKVM, formatKVM},
	state("pvspinlock", true, func(f *Features) *Tristate { return &f.PVSpinlock }),
	{"capabilities", parseCapabilities, formatCapabilities},
	state("pmu", true, func(f *Features) *Tristate { return &f.PMU }),
	state("vmport", true, func(f *Features) *Tristate { return &f.VMPort }),
	{"gic", parseGIC, formatGIC},
	{"smm", parseSMM, formatSMM},
	choice("ioapic", "driver", xmltree.Optional, []string{"qemu", "kvm"},
		func(f *Features) *string { return &f.IOAPIC }),
	{"hpt", parseHPT, formatHPT},
	state("vmcoreinfo", true, func(f *Features) *Tristate { return &f.VMCoreInfo }),
	state("htm", false, func(f *Features) *Tristate { return &f.HTM }),
	state("nested-hv", false, func(f *Features) *Tristate { return &f.NestedHV }),
	choice("msrs", "unknown", xmltree.Required, []string{"ignore", "fault"},
		func(f *Features) *string { return &f.MSRsUnknown }),
	state("ccf-assist", false, func(f *Features) *Tristate { return &f.CCFAssist }),
	{"xen", parseXen, formatXen},
	choice("cfpc", "value", xmltree.Optional, mitigations, func(f *Features) *string { return &f.CFPC }),
	choice("sbbc", "value", xmltree.Optional, mitigations, func(f *Features) *string { return &f.SBBC }),
	choice("ibs", "value", xmltree.Optional,
		[]string{"broken", "workaround", "fixed-ibs", "fixed-ccd", "fixed-na"},
		func(f *Features) *string { return &f.IBS }),
	{"tcg", parseTCG, formatTCG},
	{"async-teardown", parseAsyncTeardown, formatAsyncTeardown},
	state("ras", false, func(f *Features) *Tristate { return &f.RAS }),
	state("ps2", false, func(f *Features) *Tristate { return &f.PS2 }),
	choice("aia", "value", xmltree.Optional, []string{"none", "aplic", "aplic-imsic"},
		func(f *Features) *string { return &f.AIA }),
}

func (p *parser) features(n *xmltree.Node, f *Features) {
	for c := range n.Elements() {
		i := slices.IndexFunc(featureTable, func(k feature) bool { return k.name == c.Name })
		if i < 0 {
			p.Unsupported("unexpected feature '%s'", c.Name)
			return
		}
		featureTable[i].parse(p, c, f)
	}
}

func formatFeatures(w *xmlout.Writer, f *Features) {
	w.Start("features")
	for i := range featureTable {
		featureTable[i].format(w, f)
	}
	w.EndOrDrop()
}

func parseAPIC(p *parser, n *xmltree.Node, f *Features) {
	f.APIC, f.APICEOI = On, p.OnOff(n, "eoi")
}

func formatAPIC(w *xmlout.Writer, f *Features) {
	if f.APIC == On {
		w.Start("apic")
		w.OptAttr("eoi", f.APICEOI.OnOff())
		w.End()
	}
}

func parseGIC(p *parser, n *xmltree.Node, f *Features) {
	f.GIC = &GIC{Version: p.Enum(n, "version", []string{"2", "3", "host"}, xmltree.Optional)}
}

func formatGIC(w *xmlout.Writer, f *Features) {
	if f.GIC != nil {
		w.Start("gic")
		w.OptAttr("version", f.GIC.Version)
		w.End()
	}
}

func parseSMM(p *parser, n *xmltree.Node, f *Features) {
	if f.SMM = p.onByDefault(n); f.SMM != On {
		return
	}
	tseg := n.Child("tseg")
	if v, ok := p.scaled(tseg.Content(), tseg.Get("unit"), "string(./features/smm/tseg)", 1<<20, math.MaxUint64, false); ok {
		f.TSEG = &v
	}
}

func formatSMM(w *xmlout.Writer, f *Features) {
	if !f.SMM.Given() {
		return
	}
	w.Start("smm")
	w.Attr("state", f.SMM.OnOff())
	if f.SMM == On && f.TSEG != nil {
		size, unit := pretty(*f.TSEG)
		w.SizeElem("tseg", unit, size)
	}
	w.End()
}

func parseHPT(p *parser, n *xmltree.Node, f *Features) {
	h := HPT{Resizing: p.Enum(n, "resizing", []string{"enabled", "disabled", "required"}, xmltree.Optional)}
	size := n.Child("maxpagesize")
	bytes, _ := p.scaled(size.Content(), size.Get("unit"), "./features/hpt/maxpagesize", 1024, math.MaxUint64, false)
	h.MaxPageSize = bytes/1024 + (bytes%1024+1023)/1024
	if h != (HPT{}) {
		f.HPT = &h
	}
}

func formatHPT(w *xmlout.Writer, f *Features) {
	if f.HPT == nil {
		return
	}
	w.Start("hpt")
	w.OptAttr("resizing", f.HPT.Resizing)
	if f.HPT.MaxPageSize > 0 {
		w.SizeElem("maxpagesize", "KiB", f.HPT.MaxPageSize)
	}
	w.EndOrDrop()
}

func parseTCG(p *parser, n *xmltree.Node, f *Features) {
	if size := p.childKiB(n, "tb-cache", "./tb-cache"); size != 0 {
		f.TCG = &TCGFeatures{TBCache: size}
	}
}

func formatTCG(w *xmlout.Writer, f *Features) {
	if f.TCG != nil && f.TCG.TBCache > 0 {
		w.Start("tcg")
		w.SizeElem("tb-cache", "KiB", f.TCG.TBCache)
		w.End()
	}
}

func parseAsyncTeardown(p *parser, n *xmltree.Node, f *Features) {
	if f.AsyncTeardown = p.YesNo(n, "enabled"); !f.AsyncTeardown.Given() {
		f.AsyncTeardown = Yes
	}
}

func formatAsyncTeardown(w *xmlout.Writer, f *Features) {
	w.AttrElem("async-teardown", "enabled", f.AsyncTeardown.YesNo())
}

// kvmStates are the features of KVM in the order they are written.
var kvmStates = []struct {
	name  string
	field func(*KVMFeatures) *Tristate
}{
	{"hidden", func(k *KVMFeatures) *Tristate { return &k.Hidden }},
	{"hint-dedicated", func(k *KVMFeatures) *Tristate { return &k.HintDedicated }},
	{"poll-control", func(k *KVMFeatures) *Tristate { return &k.PollControl }},
	{"pv-ipi", func(k *KVMFeatures) *Tristate { return &k.PVIPI }},
	{"dirty-ring", func(k *KVMFeatures) *Tristate { return &k.DirtyRing }},
}

func parseKVM(p *parser, n *xmltree.Node, f *Features) {
	if f.KVM == nil {
		f.KVM = &KVMFeatures{}
	}
	for c := range n.Elements() {
		known := false
		for _, s := range kvmStates {
			if s.name == c.Name {
				*s.field(f.KVM) = p.NeedOnOff(c, "state")
				known = true
			}
		}
		if !known {
			p.Unsupported("unsupported KVM feature: %s", c.Name)
		}
		if c.Name == "dirty-ring" && f.KVM.DirtyRing == On {
			size, ok := p.Uint(c, "size", 0, xmltree.Required)
			if ok && (bits.OnesCount(size) != 1 || size < 1024 || size > 65536) {
				p.XMLError("dirty ring must be power of 2 and ranges [1024, 65536]")
			}
			f.KVM.DirtyRingSize = size
		}
	}
}

func formatKVM(w *xmlout.Writer, f *Features) {
	if f.KVM == nil {
		return
	}
	w.Start("kvm")
	for _, s := range kvmStates {
		v := *s.field(f.KVM)
		if !v.Given() {
			continue
		}
		w.Start(s.name)
		w.Attr("state", v.OnOff())
		if s.name == "dirty-ring" {
			w.OptUintAttr("size", uint64(f.KVM.DirtyRingSize))
		}
		w.End()
	}
	w.EndFull()
}

func parseXen(p *parser, n *xmltree.Node, f *Features) {
	if f.Xen == nil {
		f.Xen = &XenFeatures{}
	}
	for c := range n.Elements() {
		switch c.Name {
		case "e820_host":
			f.Xen.E820Host = p.NeedOnOff(c, "state")
		case "passthrough":
			f.Xen.Passthrough = p.NeedOnOff(c, "state")
			if f.Xen.Passthrough == On {
				f.Xen.PassthroughMode = p.Enum(c, "mode", []string{"sync_pt", "share_pt"}, xmltree.Optional)
			}
		default:
			p.Unsupported("unsupported Xen feature: %s", c.Name)
		}
	}
}

func formatXen(w *xmlout.Writer, f *Features) {
	if f.Xen == nil {
		return
	}
	w.Start("xen")
	w.AttrElem("e820_host", "state", f.Xen.E820Host.OnOff())
	if f.Xen.Passthrough.Given() {
		w.Start("passthrough")
		w.Attr("state", f.Xen.Passthrough.OnOff())
		if f.Xen.Passthrough == On {
			w.OptAttr("mode", f.Xen.PassthroughMode)
		}
		w.End()
	}
	w.EndFull()
}

func parseCapabilities(p *parser, n *xmltree.Node, f *Features) {
	c := &ProcessCapabilities{
		Policy: p.Enum(n, "policy", []string{"default", "allow", "deny"}, xmltree.Optional),
		States: map[string]Tristate{},
	}
	for e := range n.Elements() {
		if !slices.Contains(ProcessCapabilityNames, e.Name) {
			p.Unsupported("unexpected capability feature '%s'", e.Name)
			return
		}
		c.States[e.Name] = p.onByDefault(e)
	}
	if c.Policy == "" {
		c.Policy = "default"
	}
	f.Capabilities = c
}

func formatCapabilities(w *xmlout.Writer, f *Features) {
	c := f.Capabilities
	if c == nil {
		return
	}
	w.Start("capabilities")
	if c.Policy != "default" || len(c.States) > 0 {
		w.Attr("policy", c.Policy)
	}
	for _, name := range ProcessCapabilityNames {
		w.AttrElem(name, "state", c.States[name].OnOff())
	}
	w.EndOrDrop()
}

const (
	minSpinlockRetries = 0xfff
	maxHyperVVendorID  = 12
)

// hypervStates are the enlightenments in the order they are written.
var hypervStates = []struct {
	name  string
	field func(*HyperV) *Tristate
}{
	{"relaxed", func(h *HyperV) *Tristate { return &h.Relaxed }},
	{"vapic", func(h *HyperV) *Tristate { return &h.VAPIC }},
	{"spinlocks", func(h *HyperV) *Tristate { return &h.Spinlocks }},
	{"vpindex", func(h *HyperV) *Tristate { return &h.VPIndex }},
	{"runtime", func(h *HyperV) *Tristate { return &h.Runtime }},
	{"synic", func(h *HyperV) *Tristate { return &h.SynIC }},
	{"stimer", func(h *HyperV) *Tristate { return &h.STimer }},
	{"reset", func(h *HyperV) *Tristate { return &h.Reset }},
	{"vendor_id", func(h *HyperV) *Tristate { return &h.VendorID }},
	{"frequencies", func(h *HyperV) *Tristate { return &h.Frequencies }},
	{"reenlightenment", func(h *HyperV) *Tristate { return &h.Reenlightenment }},
	{"tlbflush", func(h *HyperV) *Tristate { return &h.TLBFlush }},
	{"ipi", func(h *HyperV) *Tristate { return &h.IPI }},
	{"evmcs", func(h *HyperV) *Tristate { return &h.EVMCS }},
	{"avic", func(h *HyperV) *Tristate { return &h.AVIC }},
	{"emsr_bitmap", func(h *HyperV) *Tristate { return &h.EMSRBitmap }},
	{"xmm_input", func(h *HyperV) *Tristate { return &h.XMMInput }},
}

func parseHyperV(p *parser, n *xmltree.Node, f *Features) {
	h := &f.HyperV
	if h.Mode = p.Enum(n, "mode", []string{"custom", "passthrough"}, xmltree.Optional); h.Mode == "" {
		h.Mode = "custom"
	}
	if h.Mode == "passthrough" {
		return
	}
	for c := range n.Elements() {
		known := false
		for _, s := range hypervStates {
			if s.name != c.Name {
				continue
			}
			known = true
			if *s.field(h) = p.NeedOnOff(c, "state"); *s.field(h) == On {
				p.hypervDetail(c, h)
			}
		}
		if !known {
			p.Unsupported("unsupported HyperV Enlightenment feature: %s", c.Name)
		}
	}
}

func (p *parser) hypervDetail(n *xmltree.Node, h *HyperV) {
	switch n.Name {
	case "tlbflush":
		p.hypervParts(n, "tlbflush", map[string]*Tristate{"direct": &h.TLBFlushDirect, "extended": &h.TLBFlushExtended})
	case "stimer":
		p.hypervParts(n, "stimer", map[string]*Tristate{"direct": &h.STimerDirect})
	case "spinlocks":
		v, ok := p.Uint(n, "retries", 0, xmltree.Required)
		if ok && v < minSpinlockRetries {
			p.XMLError("HyperV spinlock retry count must be at least 4095")
		}
		h.Retries = v
	case "vendor_id":
		v, ok := n.Attr("value")
		switch {
		case !ok:
			p.XMLError("missing 'value' attribute for HyperV feature 'vendor_id'")
		case len(v) > maxHyperVVendorID:
			p.XMLError("HyperV vendor_id value must not be more than %d characters.", maxHyperVVendorID)
		case strings.Contains(v, ","):
			p.XMLError("HyperV vendor_id value is invalid")
		}
		h.VendorIDValue = v
	}
}

func (p *parser) hypervParts(n *xmltree.Node, name string, parts map[string]*Tristate) {
	for c := range n.Elements() {
		if field := parts[c.Name]; field != nil {
			*field = p.NeedOnOff(c, "state")
		} else {
			p.Unsupported("unsupported Hyper-V %s feature: %s", name, c.Name)
		}
	}
}

func formatHyperV(w *xmlout.Writer, f *Features) {
	h := &f.HyperV
	if h.Mode == "" {
		return
	}
	w.Start("hyperv")
	w.Attr("mode", h.Mode)
	for _, s := range hypervStates {
		v := *s.field(h)
		if !v.Given() {
			continue
		}
		w.Start(s.name)
		w.Attr("state", v.OnOff())
		if v == On {
			formatHyperVDetail(w, s.name, h)
		}
		w.End()
	}
	w.EndFull()
}

func formatHyperVDetail(w *xmlout.Writer, name string, h *HyperV) {
	part := func(name string, v Tristate) {
		if v == On {
			w.AttrElem(name, "state", "on")
		}
	}
	switch name {
	case "spinlocks":
		w.UintAttr("retries", uint64(h.Retries))
	case "stimer":
		part("direct", h.STimerDirect)
	case "vendor_id":
		w.Attr("value", h.VendorIDValue)
	case "tlbflush":
		part("direct", h.TLBFlushDirect)
		part("extended", h.TLBFlushExtended)
	}
}
