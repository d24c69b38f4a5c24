package domain

import (
	"fmt"
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// The longest names and labels of a security model.
const (
	maxSecModel = 257 - 1
	maxSecLabel = 4097 - 1
)

func (p *parser) secLabels(n *xmltree.Node, d *Domain) {
	for c := range n.Children("seclabel") {
		s := p.secLabel(c)
		if slices.ContainsFunc(d.SecLabels, func(o SecLabel) bool { return o.Model == s.Model }) {
			p.XMLDetail("seclabel for model %s is already provided", s.Model)
		}
		d.SecLabels = append(d.SecLabels, s)
	}
	switch len(d.SecLabels) {
	case 0:
	case 1:
		p.defaultModel(&d.SecLabels[0])
	default:
		if slices.ContainsFunc(d.SecLabels, func(s SecLabel) bool { return s.Model == "" }) {
			p.XMLError("missing security model when using multiple labels")
		}
	}
}

func (p *parser) secLabel(n *xmltree.Node) SecLabel {
	s := SecLabel{Type: "dynamic", Relabel: Yes}
	if s.Model = n.Get("model"); len(s.Model) > maxSecModel {
		s.Model = ""
	}
	if t := p.Enum(n, "type", secLabelTypes, xmltree.Optional); t != "" {
		s.Type = t
	}
	if s.Type != "dynamic" {
		s.Relabel = No
	}
	if v := p.YesNo(n, "relabel"); v.Given() {
		s.Relabel = v
	}
	switch {
	case s.Type == "dynamic" && s.Relabel == No:
		p.Unsupported("dynamic label type must use resource relabeling")
	case s.Type == "none" && s.Relabel == Yes:
		p.Unsupported("resource relabeling is not compatible with 'none' label type")
	}
	if s.Model == "none" {
		p.noneModel(&s)
		return s
	}
	p.labels(n, &s)
	return s
}

// noneModel sets right what older versions wrote for the model that does nothing.
func (p *parser) noneModel(s *SecLabel) {
	if p.opts.Inactive {
		s.Type, s.Relabel = "none", No
	} else if s.Type != "none" {
		p.Unsupported("unsupported type='%s' to model 'none'", s.Type)
	}
}

func (p *parser) labels(n *xmltree.Node, s *SecLabel) {
	live := !p.opts.Inactive && s.Type != "none"
	if s.Type == "static" || live {
		if s.Label = n.ChildText("label"); s.Label == "" || len(s.Label) > maxSecLabel {
			p.XMLError("security label is missing")
		}
	}
	if s.Relabel == Yes && live {
		if s.ImageLabel = n.ChildText("imagelabel"); s.ImageLabel == "" || len(s.ImageLabel) > maxSecLabel {
			p.XMLError("security imagelabel is missing")
		}
	}
	if s.Type == "dynamic" {
		if s.BaseLabel = n.ChildText("baselabel"); len(s.BaseLabel) > maxSecLabel {
			s.BaseLabel = ""
		}
	}
}

// defaultModel gives a single label that names no model the host's.
func (p *parser) defaultModel(s *SecLabel) {
	if s.Model != "" || p.opts.DefaultSecModel == "" {
		return
	}
	if s.Type != "none" && (s.Type != "dynamic" || s.BaseLabel != "" || !p.opts.Inactive) {
		p.XMLError("missing security model in domain seclabel")
		return
	}
	if s.Model = p.opts.DefaultSecModel; s.Model == "none" && p.opts.Inactive {
		s.Type, s.Relabel = "none", No
	}
}

func formatSecLabel(w *xmlout.Writer, s *SecLabel, o FormatOptions) {
	if s.Type == "" || o.Migratable && s.Implicit && (s.Model == "dac" || s.Model == "none") {
		return
	}
	w.Start("seclabel")
	w.Attr("type", s.Type)
	w.OptAttr("model", s.Model)
	if s.Type != "none" {
		w.Attr("relabel", xmltree.TristateOf(s.Relabel == Yes).YesNo())
		w.Elem("label", s.Label)
		if s.Relabel == Yes {
			w.Elem("imagelabel", s.ImageLabel)
		}
		if s.Type == "dynamic" {
			w.Elem("baselabel", s.BaseLabel)
		}
	}
	w.End()
}

func (p *parser) keyWrap(n *xmltree.Node, d *Domain) {
	var k KeyWrap
	for c := range n.Children("cipher") {
		name := p.Enum(c, "name", []string{"aes", "dea"}, xmltree.Required)
		field := &k.AES
		if name == "dea" {
			field = &k.DEA
		}
		if field.Given() {
			p.Internal("A domain definition can have no more than one cipher node with name %s", name)
		}
		*field = p.NeedOnOff(c, "state")
	}
	if k != (KeyWrap{}) {
		d.KeyWrap = &k
	}
}

func formatKeyWrap(w *xmlout.Writer, k *KeyWrap) {
	if k == nil {
		return
	}
	w.Start("keywrap")
	for _, c := range []struct {
		name  string
		state Tristate
	}{{"aes", k.AES}, {"dea", k.DEA}} {
		if c.state.Given() {
			w.Start("cipher")
			w.Attr("name", c.name)
			w.Attr("state", c.state.OnOff())
			w.End()
		}
	}
	w.End()
}

func (p *parser) launchSecurity(n *xmltree.Node, d *Domain) {
	if n == nil {
		return
	}
	s := &LaunchSecurity{Type: p.Enum(n, "type", launchSecurityTypes, xmltree.Required)}
	d.LaunchSecurity = s
	if s.Type == "s390-pv" {
		return
	}
	s.KernelHashes = p.YesNo(n, "kernelHashes")
	s.CBitPos = p.optionalUint(n.ChildText("cbitpos"), "Invalid format for launch security cbitpos")
	s.ReducedPhysBits = p.optionalUint(n.ChildText("reducedPhysBits"),
		"Invalid format for launch security reduced-phys-bits")
	bits := 32
	if s.Type == "sev-snp" {
		bits = 64
		s.AuthorKey = p.YesNo(n, "authorKey")
		s.VCEK = p.YesNo(n, "vcek")
	}
	policy, ok := xmltree.ParseUint(n.ChildText("policy"), 16, bits)
	if !ok {
		p.XMLError("failed to get launch security policy")
	}
	s.Policy = policy
	if s.Type == "sev" {
		s.DHCert, s.Session = n.ChildText("dhCert"), n.ChildText("session")
		return
	}
	s.GuestVisibleWorkarounds = n.ChildText("guestVisibleWorkarounds")
	s.IDBlock, s.IDAuth, s.HostData = n.ChildText("idBlock"), n.ChildText("idAuth"), n.ChildText("hostData")
}

func (p *parser) optionalUint(text, complaint string) *uint {
	if text == "" {
		return nil
	}
	v := uint(p.number(text, 32, func() { p.XMLError("%s", complaint) }))
	return &v
}

func formatLaunchSecurity(w *xmlout.Writer, s *LaunchSecurity) {
	if s == nil {
		return
	}
	w.Start("launchSecurity")
	w.Attr("type", s.Type)
	if s.Type == "s390-pv" {
		w.End()
		return
	}
	w.OptAttr("kernelHashes", s.KernelHashes.YesNo())
	w.OptAttr("authorKey", s.AuthorKey.YesNo())
	w.OptAttr("vcek", s.VCEK.YesNo())
	if s.CBitPos != nil {
		w.UintElem("cbitpos", uint64(*s.CBitPos))
	}
	if s.ReducedPhysBits != nil {
		w.UintElem("reducedPhysBits", uint64(*s.ReducedPhysBits))
	}
	if s.Type == "sev" {
		w.FullElem("policy", fmt.Sprintf("0x%04x", s.Policy))
		w.Elem("dhCert", s.DHCert)
		w.Elem("session", s.Session)
	} else {
		w.FullElem("policy", fmt.Sprintf("0x%08x", s.Policy))
		w.Elem("guestVisibleWorkarounds", s.GuestVisibleWorkarounds)
		w.Elem("idBlock", s.IDBlock)
		w.Elem("idAuth", s.IDAuth)
		w.Elem("hostData", s.HostData)
	}
	w.End()
}
