package domain

import (
	"slices"

	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// defaultTPMDevice is the host's TPM.
const defaultTPMDevice = "/dev/tpm0"

var (
	tpmModels      = []string{"default", "tpm-tis", "tpm-crb", "tpm-spapr", "spapr-tpm-proxy"}
	tpmBackends    = []string{"passthrough", "emulator", "external"}
	tpmVersions    = []string{"default", "1.2", "2.0"}
	tpmBanks       = []string{"sha1", "sha256", "sha384", "sha512"}
	tpmSources     = []string{"default", "file", "dir"}
	removeDisabled = []string{"check", "fips-host"}
)

func (p *parser) tpm(n *xmltree.Node) *TPM {
	t := &TPM{Model: unset(p.Enum(n, "model", tpmModels, xmltree.Optional), "default")}
	b := n.Child("backend")
	switch {
	case n.Count("backend") > 1:
		p.XMLError("only one TPM backend is supported")
	case b == nil:
		p.XMLError("missing TPM device backend")
		return t
	}
	t.Backend = p.Enum(b, "type", tpmBackends, xmltree.Required)
	switch t.Backend {
	case "passthrough":
		if t.Device = b.Child("device").Get("path"); t.Device == "" {
			t.Device = defaultTPMDevice
		}
	case "emulator":
		p.tpmEmulator(b, t)
	case "external":
		p.tpmExternal(b, t)
	}
	p.info(n, &t.DeviceInfo, 0)
	if p.opts.Status {
		if private := n.Child("privateData"); private != nil {
			t.Private = private.Detach()
		}
	}
	return t
}

func (p *parser) tpmEmulator(n *xmltree.Node, t *TPM) {
	t.Version = unset(p.Enum(n, "version", tpmVersions, xmltree.Optional), "default")
	t.Debug, _ = p.Uint(n, "debug", 10, xmltree.Optional)
	if text := n.Child("encryption").Get("secret"); text != "" {
		u, err := uuid.Parse(text)
		if err != nil {
			p.Internal("Unable to parse secret uuid '%s'", text)
		}
		t.Secret = &u
	}
	if s := n.Child("source"); s != nil {
		t.SourceType = unset(p.Enum(s, "type", tpmSources, xmltree.Optional), "default")
		if t.SourcePath = s.Get("path"); !s.Has("path") {
			p.XMLError("missing TPM source path")
		}
	}
	switch v := n.Get("persistent_state"); {
	case v == "yes":
		t.PersistentState = true
	case n.Has("persistent_state") && v != "no":
		p.Internal("Invalid persistent_state value, either 'yes' or 'no'")
	}
	for c := range n.Child("active_pcr_banks").Elements() {
		if !slices.Contains(tpmBanks, c.Name) {
			p.Unsupported("Unsupported PCR banks '%s'", c.Name)
		}
		t.PCRBanks = append(t.PCRBanks, c.Name)
	}
	if c := n.Child("profile"); c != nil {
		t.Profile = &TPMProfile{
			Source: c.Get("source"), Name: c.Get("name"),
			RemoveDisabled: p.Enum(c, "removeDisabled", removeDisabled, xmltree.Optional),
		}
	}
}

func (p *parser) tpmExternal(n *xmltree.Node, t *TPM) {
	s := n.Child("source")
	kind := s.Get("type")
	if kind == "" {
		p.XMLError("missing external TPM backend source type")
		return
	}
	if !slices.Contains(chardevTypes, kind) {
		p.Unsupported("unknown backend source type '%s' for external TPM", kind)
	}
	t.Socket = &ChardevSource{Type: kind}
	p.chardevSource(n, t.Socket, false)
}

func formatTPM(w *xmlout.Writer, t *TPM) {
	w.Start("tpm")
	w.OptAttr("model", t.Model)
	w.Start("backend")
	w.Attr("type", t.Backend)
	switch t.Backend {
	case "passthrough":
		w.AttrElem("device", "path", t.Device)
	case "emulator":
		formatTPMEmulator(w, t)
	case "external":
		if t.Socket != nil && t.Socket.Type == "unix" {
			w.Start("source")
			w.Attr("type", "unix")
			w.Attr("mode", "connect")
			w.OptAttr("path", t.Socket.Path)
			w.End()
		}
	}
	w.End()
	formatInfo(w, &t.DeviceInfo, 0)
	if t.Private != nil {
		w.Tree(t.Private)
	}
	w.End()
}

func formatTPMEmulator(w *xmlout.Writer, t *TPM) {
	w.OptAttr("version", t.Version)
	if t.PersistentState {
		w.Attr("persistent_state", "yes")
	}
	w.OptUintAttr("debug", uint64(t.Debug))
	if t.Secret != nil {
		w.AttrElem("encryption", "secret", t.Secret.String())
	}
	if len(t.PCRBanks) > 0 {
		w.Start("active_pcr_banks")
		for _, bank := range tpmBanks {
			if slices.Contains(t.PCRBanks, bank) {
				w.Empty(bank)
			}
		}
		w.End()
	}
	if t.SourceType != "" {
		w.Start("source")
		w.Attr("type", t.SourceType)
		w.OptAttr("path", t.SourcePath)
		w.End()
	}
	if f := t.Profile; f != nil && (f.Source != "" || f.Name != "") {
		w.Start("profile")
		w.OptAttr("source", f.Source)
		w.OptAttr("removeDisabled", f.RemoveDisabled)
		w.OptAttr("name", f.Name)
		w.End()
	}
}
