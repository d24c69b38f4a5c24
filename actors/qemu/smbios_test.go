package qemu

import (
	"slices"
	"testing"

	"virtree.dev/protocol/xml/sysinfo"
)

func TestGuestTablesHaveNoIdentityOfTheHost(t *testing.T) {
	info, err := sysinfo.ParseDMI([]byte(`BIOS Information
	Vendor: Firm
Base Board Information
	Product Name: one
Base Board Information
	Product Name: two
Processor Information
	Family: Xeon
OEM Strings
	String 1: text
System Information
	UUID: 4C4C4544-004E-4610-8032-C3C04F4E4632
`))
	if err != nil {
		t.Fatal(err)
	}
	s := guestTables(info)
	if len(s.BIOS) != 1 || s.BIOS[0].Value != "Firm" || len(s.BaseBoards) != 2 || s.Chassis != nil {
		t.Errorf("%+v", s)
	}
	if s.System == nil || len(s.System) != 0 {
		t.Errorf("system %v: libvirt has the table, but not the host's identity", s.System)
	}
	if !slices.Equal(s.OEMStrings, []string{"text"}) {
		t.Errorf("strings %q", s.OEMStrings)
	}
}
