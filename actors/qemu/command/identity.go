package command

import (
	"strings"

	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmlout"
)

func (b *builder) name() {
	text := "guest=" + escape(b.doc.Name)
	if b.env.Config.SetProcessName {
		text += ",process=qemu:" + b.doc.Name
	}
	b.arg("-name", text+",debug-threads=on")
}

func (b *builder) uuid() { b.arg("-uuid", b.doc.UUID.String()) }

// smbios fills the tables of the firmware from the document or the host.
func (b *builder) smbios() {
	switch b.doc.OS.SMBIOS {
	case "host":
		if b.env.HostTables != nil {
			if s := b.env.HostTables(); s != nil {
				b.smbiosTables(s)
				return
			}
		}
		b.unsupported("Host SMBIOS information is not available")
	case "sysinfo":
		for i := range b.doc.SysInfo {
			if s := &b.doc.SysInfo[i]; s.Type == "smbios" {
				b.smbiosTables(s)
				return
			}
		}
		b.failXML("Domain '%s' sysinfo are not available", b.doc.Name)
	}
}

func (b *builder) smbiosTables(s *domain.SysInfo) {
	if len(s.BaseBoards) > 1 {
		b.unsupported("qemu does not support more than one entry to Type 2 in SMBIOS table")
	}
	if s.BIOS != nil {
		b.arg("-smbios", smbiosTable("type=0", s.BIOS))
	}
	if s.System != nil && (len(s.System) != 1 || s.System[0].Name != "sku") { // libvirt leaves out a lone sku
		b.arg("-smbios", smbiosTable("type=1", s.System))
	}
	for _, board := range s.BaseBoards {
		if board[0].Name != "manufacturer" { // which is written in any case
			board = append([]domain.SysEntry{{Name: "manufacturer"}}, board...)
		}
		b.arg("-smbios", smbiosTable("type=2", board))
	}
	if s.Chassis != nil {
		b.arg("-smbios", smbiosTable("type=3", s.Chassis))
	}
	if s.OEMStrings != nil {
		text := "type=11"
		for _, v := range s.OEMStrings {
			text += ",value=" + escape(v)
		}
		b.arg("-smbios", text)
	}
}

// smbiosTable writes entries in the order the document keeps them.
func smbiosTable(kind string, entries []domain.SysEntry) string {
	var t strings.Builder
	t.WriteString(kind)
	for _, e := range entries {
		t.WriteString("," + e.Name + "=" + escape(e.Value))
	}
	return t.String()
}

// sysinfo hands entries to the guest through fw_cfg.
func (b *builder) sysinfo() {
	for _, s := range b.doc.SysInfo {
		for _, f := range s.FWCfg {
			text := "name=" + f.Name
			switch {
			case f.Value != "":
				text += ",string=" + xmlEscape(f.Value)
			case f.File != "":
				text += ",file=" + xmlEscape(f.File)
			}
			b.arg("-fw_cfg", text)
		}
	}
}

// xmlEscape is what libvirt does here to characters special in documents, commas are left.
func xmlEscape(s string) string { return string(xmlout.AppendEscaped(nil, s)) }

func (b *builder) generationID() {
	if g := b.doc.GenID; g != nil {
		b.device(props("driver", "vmgenid", "guid", g.UUID.String(), "id", "vmgenid0"))
	}
}
