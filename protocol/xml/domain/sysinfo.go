package domain

import (
	"strings"

	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// The entries of the SMBIOS tables, in the order they are written.
var (
	biosEntries      = []string{"vendor", "version", "date", "release"}
	systemEntries    = []string{"manufacturer", "product", "version", "serial", "uuid", "sku", "family"}
	baseBoardEntries = []string{"manufacturer", "product", "version", "serial", "asset", "location"}
	chassisEntries   = []string{"manufacturer", "version", "serial", "asset", "sku"}
)

func (p *parser) sysInfos(n *xmltree.Node, d *Domain, uuidGiven bool) {
	for c := range n.Children("sysinfo") {
		s := SysInfo{Type: p.Enum(c, "type", sysInfoTypes, xmltree.Required)}
		if s.Type == "fwcfg" {
			p.fwCfg(c, &s)
		} else {
			p.smbiosTables(c, &s, d, uuidGiven)
		}
		d.SysInfo = append(d.SysInfo, s)
	}
}

func (p *parser) smbiosTables(n *xmltree.Node, s *SysInfo, d *Domain, uuidGiven bool) {
	s.BIOS = sysEntries(n.Child("bios"), biosEntries)
	s.System = sysEntries(n.Child("system"), systemEntries)
	for b := range n.Children("baseBoard") {
		if board := sysEntries(b, baseBoardEntries); board != nil {
			s.BaseBoards = append(s.BaseBoards, board)
		}
	}
	s.Chassis = sysEntries(n.Child("chassis"), chassisEntries)
	for e := range n.Child("oemStrings").Children("entry") {
		s.OEMStrings = append(s.OEMStrings, e.Content())
	}
	for _, e := range s.BIOS {
		if e.Name == "date" && !validBIOSDate(e.Value) {
			p.XMLDetail("Invalid BIOS 'date' format")
		}
	}
	for i := range s.System {
		if e := &s.System[i]; e.Name == "uuid" {
			p.systemUUID(e, d, uuidGiven)
		}
	}
}

// systemUUID makes the entry agree with the domain's identity, which it gives when there is no other.
func (p *parser) systemUUID(e *SysEntry, d *Domain, uuidGiven bool) {
	u, err := uuid.Parse(e.Value)
	switch {
	case err != nil:
		p.XMLDetail("malformed <sysinfo> uuid element")
	case !uuidGiven:
		d.UUID = u
	case u != d.UUID:
		p.XMLDetail("UUID mismatch between <uuid> and <sysinfo>")
	}
	e.Value = u.String()
}

// sysEntries takes the first entry of each known name, nil when there is none.
func sysEntries(n *xmltree.Node, names []string) []SysEntry {
	var out []SysEntry
	for _, name := range names {
		for e := range n.Children("entry") {
			if e.Get("name") != name {
				continue
			}
			if text := e.Content(); text != "" {
				out = append(out, SysEntry{name, text})
			}
			break
		}
	}
	return out
}

// validBIOSDate wants mm/dd/yyyy or mm/dd/yy.
func validBIOSDate(text string) bool {
	parts := strings.Split(text, "/")
	if len(parts) != 3 {
		return false
	}
	month, ok1 := xmltree.ParseInt(parts[0], 10, 32)
	day, ok2 := xmltree.ParseInt(parts[1], 10, 32)
	year, ok3 := xmltree.ParseInt(parts[2], 10, 32)
	return ok1 && ok2 && ok3 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
		year >= 0 && (year < 100 || year >= 1900)
}

func (p *parser) fwCfg(n *xmltree.Node, s *SysInfo) {
	for e := range n.Children("entry") {
		name, ok := e.Attr("name")
		if !ok {
			p.XMLError("Firmware entry is missing 'name' attribute")
		}
		f := FWCfg{Name: name, Value: e.Content(), File: SanitizePath(e.Get("file"))}
		if f.Value == "" && !e.Has("file") {
			p.XMLError("Firmware entry must have either value or 'file' attribute")
		}
		s.FWCfg = append(s.FWCfg, f)
	}
}

func formatSysInfo(w *xmlout.Writer, s *SysInfo) {
	w.Start("sysinfo")
	w.Attr("type", s.Type)
	formatEntries(w, "bios", s.BIOS)
	formatEntries(w, "system", s.System)
	for _, b := range s.BaseBoards {
		formatEntries(w, "baseBoard", b)
	}
	formatEntries(w, "chassis", s.Chassis)
	if s.OEMStrings != nil {
		w.Start("oemStrings")
		for _, text := range s.OEMStrings {
			w.FullElem("entry", text)
		}
		w.End()
	}
	for _, f := range s.FWCfg {
		w.Start("entry")
		w.Attr("name", f.Name)
		w.OptAttr("file", f.File)
		if f.File == "" {
			w.Text(f.Value)
		}
		w.End()
	}
	w.End()
}

func formatEntries(w *xmlout.Writer, name string, entries []SysEntry) {
	if entries == nil {
		return
	}
	w.Start(name)
	for _, e := range entries {
		w.Start("entry")
		w.Attr("name", e.Name)
		w.Text(e.Value)
		w.End()
	}
	w.End()
}
