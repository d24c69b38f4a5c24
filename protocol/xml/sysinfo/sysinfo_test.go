package sysinfo

import "testing"

const printed = `BIOS Information
	Vendor: A & B  
	Version: 1.2
	Release Date: 01/02/2024

System Information
	Manufacturer: Somebody
	Product Name: Machine
	UUID: 6a58fdcd-52c8-45f4-9f4d-5e5d50bdb1a6
	Family: Not Specified

Processor Information
	Socket Designation: CPU 1
	Type: Central Processor

Memory Device
	Size: No Module Installed

Memory Device
	Size: 16 GB
	Locator: DIMM 2

OEM Strings
	String 1: plain
	String 2: with.dot
`

const document = `<sysinfo type='smbios'>
  <bios>
    <entry name='vendor'>A &amp; B</entry>
    <entry name='version'>1.2</entry>
    <entry name='date'>01/02/2024</entry>
  </bios>
  <system>
    <entry name='manufacturer'>Somebody</entry>
    <entry name='product'>Machine</entry>
    <entry name='uuid'>6a58fdcd-52c8-45f4-9f4d-5e5d50bdb1a6</entry>
    <entry name='family'>Not Specified</entry>
  </system>
  <processor>
    <entry name='socket_destination'>CPU 1</entry>
    <entry name='type'>Central Processor</entry>
  </processor>
  <memory_device>
    <entry name='size'>16 GB</entry>
    <entry name='locator'>DIMM 2</entry>
  </memory_device>
  <oemStrings>
    <entry>plain</entry>
    <entry>with.dot</entry>
  </oemStrings>
</sysinfo>
`

func TestParseDMI(t *testing.T) {
	info, err := ParseDMI([]byte(printed))
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Format(); got != document {
		t.Errorf("got\n%swant\n%s", got, document)
	}
	if info.OEMStrings[0].Dotted || !info.OEMStrings[1].Dotted {
		t.Error("wrong about dots")
	}
}

func TestMalformed(t *testing.T) {
	for _, text := range []string{"OEM Strings\n String x: y\n", "OEM Strings\nString 1 y\n", "OEM Strings\nString 1: cut"} {
		if _, err := ParseDMI([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

func FuzzParseDMI(f *testing.F) {
	f.Add([]byte(printed))
	f.Add([]byte("Memory DeviceMemory Device\nSize: \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		info, err := ParseDMI(text)
		if err != nil {
			return
		}
		for _, s := range info.Sections {
			if s.Entries == nil {
				t.Errorf("an empty table %s", s.Name)
			}
		}
		_ = info.Format()
	})
}
