package sysinfo

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"virtree.dev/protocol/xml/xmlout"
)

// Types are the tables that dmidecode is asked for.
const Types = "0,1,2,3,4,11,17"

// maxText bounds what is read of a program's output, in bytes.
const maxText = 1 << 20

// Info are the tables, in the order of the document.
type Info struct {
	Sections   []Section
	OEMStrings []OEMString
	HasOEM     bool
}

// Section is one table.
type Section struct {
	Name    string // bios, system, baseBoard, chassis, processor, memory_device
	Entries []Entry
}

// Entry is one text of a table.
type Entry struct{ Name, Value string }

// OEMString is a text of the vendor. Dotted says that dmidecode may have put dots for line ends.
type OEMString struct {
	Number uint
	Text   string
	Dotted bool
}

// entry is an entry by the label that dmidecode gives it.
type entry struct{ name, label string }

// table is what is known of a kind of tables.
type table struct {
	name, title string
	many        bool
	entries     []entry
}

var tables = []table{
	{"bios", "BIOS Information", false, []entry{
		{"vendor", "Vendor: "}, {"version", "Version: "}, {"date", "Release Date: "}, {"release", "BIOS Revision: "},
	}},
	{"system", "System Information", false, []entry{
		{"manufacturer", "Manufacturer: "}, {"product", "Product Name: "}, {"version", "Version: "},
		{"serial", "Serial Number: "}, {"uuid", "UUID: "}, {"sku", "SKU Number: "}, {"family", "Family: "},
	}},
	{"baseBoard", "Base Board Information", true, []entry{
		{"manufacturer", "Manufacturer: "}, {"product", "Product Name: "}, {"version", "Version: "},
		{"serial", "Serial Number: "}, {"asset", "Asset Tag: "}, {"location", "Location In Chassis: "},
	}},
	{"chassis", "Chassis Information", false, []entry{
		{"manufacturer", "Manufacturer: "}, {"version", "Version: "}, {"serial", "Serial Number: "},
		{"asset", "Asset Tag: "}, {"sku", "SKU Number: "},
	}},
	{"processor", "Processor Information", true, []entry{
		{"socket_destination", "Socket Designation: "}, {"type", "Type: "}, {"family", "Family: "},
		{"manufacturer", "Manufacturer: "}, {"signature", "Signature: "}, {"version", "Version: "},
		{"external_clock", "External Clock: "}, {"max_speed", "Max Speed: "}, {"status", "Status: "},
		{"serial_number", "Serial Number: "}, {"part_number", "Part Number: "},
	}},
	{memory, "Memory Device", true, []entry{
		{"size", "Size: "}, {"form_factor", "Form Factor: "}, {"locator", "Locator: "}, {"bank_locator", "Bank Locator: "},
		{"type", "Type: "}, {"type_detail", "Type Detail: "}, {"speed", "Speed: "}, {"manufacturer", "Manufacturer: "},
		{"serial_number", "Serial Number: "}, {"part_number", "Part Number: "},
	}},
}

const memory = "memory_device"

// ParseDMI reads what dmidecode -q printed. An entry that a table lacks is taken from a later
// one that has it: libvirt does so, and its clients compare.
func ParseDMI(text []byte) (*Info, error) {
	if len(text) > maxText {
		return nil, errors.New("dmidecode printed too much")
	}
	info := &Info{}
	for i := range tables {
		t := &tables[i]
		rest := text
		for {
			at := bytes.Index(rest, []byte(t.title))
			if at < 0 {
				break
			}
			rest = rest[at+len(t.title):]
			if s := t.read(rest); s.Entries != nil {
				info.Sections = append(info.Sections, s)
			}
			if !t.many {
				break
			}
		}
	}
	return info, info.readOEM(text)
}

func (t *table) read(text []byte) Section {
	s := Section{Name: t.name}
	for _, e := range t.entries {
		value, ok := field(text, e.label)
		if t.name == memory && e.name == "size" && ok && value == "No Module Installed" {
			break
		}
		if value != "" {
			s.Entries = append(s.Entries, Entry{e.name, value})
		}
	}
	return s
}

// field gives the rest of the line behind the first such label.
func field(text []byte, label string) (string, bool) {
	_, rest, ok := bytes.Cut(text, []byte(label))
	if !ok {
		return "", false
	}
	line, _, whole := bytes.Cut(rest, []byte("\n"))
	if !whole {
		return "", false
	}
	return strings.TrimRight(string(line), " \t\r\v\f"), true
}

func (i *Info) readOEM(text []byte) error {
	_, rest, ok := bytes.Cut(text, []byte("OEM Strings"))
	if i.HasOEM = ok; !ok {
		return nil
	}
	for {
		_, next, ok := bytes.Cut(rest, []byte("String "))
		if !ok {
			return nil
		}
		line, after, whole := strings.Cut(string(next), "\n")
		number, value, numbered := strings.Cut(line, ":")
		n, err := strconv.ParseUint(strings.TrimSpace(number), 10, 32)
		if !whole || !numbered || err != nil {
			return errors.New("Malformed output of dmidecode")
		}
		if value = strings.TrimRight(strings.TrimPrefix(value, " "), " \t\r\v\f"); value != "" {
			i.OEMStrings = append(i.OEMStrings, OEMString{Number: uint(n), Text: value, Dotted: strings.Contains(value, ".")})
		}
		rest = []byte(after)
	}
}

// Format writes the document.
func (i *Info) Format() string {
	w := xmlout.New(0)
	w.Start("sysinfo")
	w.Attr("type", "smbios")
	for _, s := range i.Sections {
		w.Start(s.Name)
		for _, e := range s.Entries {
			w.Start("entry")
			w.Attr("name", e.Name)
			w.Text(e.Value)
			w.End()
		}
		w.EndFull()
	}
	if i.HasOEM {
		w.Start("oemStrings")
		for _, s := range i.OEMStrings {
			w.Elem("entry", s.Text)
		}
		w.EndFull()
	}
	w.End()
	return w.String()
}
