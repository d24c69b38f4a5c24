package cpu

import (
	"slices"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/xmltree"
)

// schemaFile is what libvirt names in its errors.
const schemaFile = "/usr/share/libvirt/schemas/cpu.rng"

// shape is what an element may be.
type shape struct {
	attrs    []attr
	children map[string]*shape
	many     []string // children that may come more than once
	content  func(string) bool
}

// attr is an attribute with what its value may be.
type attr struct {
	name     string
	required bool
	valid    func(string) bool
}

func word(words ...string) func(string) bool {
	return func(v string) bool { return slices.Contains(words, v) }
}

func anyText(string) bool { return true }

func unsigned(v string) bool {
	_, err := strconv.ParseUint(v, 10, 32)
	return err == nil
}

func positive(v string) bool { return unsigned(v) && strings.Trim(v, "0") != "" }

// made says whether a name is made of letters, digits and some marks.
func made(marks string) func(string) bool {
	return func(v string) bool {
		return v != "" && !strings.ContainsFunc(v, func(r rune) bool {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
			return !letter && !strings.ContainsRune(marks, r)
		})
	}
}

func vendorID(v string) bool { return len(v) == vendorIDLength && !strings.Contains(v, ",") }

var (
	textShape     = &shape{content: anyText}
	topologyShape = &shape{attrs: []attr{{"sockets", true, positive}, {"dies", false, positive}, {"clusters", false, positive},
		{"cores", true, positive}, {"threads", true, positive}}}
	physAddrShape = &shape{attrs: []attr{{"mode", true, word(physModes...)}, {"bits", false, unsigned}, {"limit", false, unsigned}}}
	onOff         = word("on", "off")
)

var guestShape = &shape{
	attrs: []attr{{"mode", false, word(modes...)}, {"match", false, word(matches...)}, {"check", false, word(checks...)},
		{"deprecated_features", false, onOff}, {"migratable", false, onOff}},
	children: map[string]*shape{
		"model":       {attrs: []attr{{"fallback", false, word(fallbacks...)}, {"vendor_id", false, vendorID}}, content: anyText},
		"vendor":      textShape,
		"topology":    topologyShape,
		"feature":     {attrs: []attr{{"policy", true, word(policies...)}, {"name", true, made("-_.")}}},
		"numa":        nil, // belongs to the domain
		"cache":       {attrs: []attr{{"level", false, word("1", "2", "3")}, {"mode", true, word(caches...)}}},
		"maxphysaddr": physAddrShape,
	},
	many: []string{"feature"},
}

var hostShape = &shape{
	children: map[string]*shape{
		"arch":     {content: arch.Known},
		"features": {children: map[string]*shape{"pae": {}, "nonpae": {}, "vmx": {}, "svm": {}}},
		"model":    textShape, "vendor": textShape,
		"microcode":   {attrs: []attr{{"version", true, positive}}},
		"signature":   {attrs: []attr{{"family", true, positive}, {"model", true, unsigned}, {"stepping", true, unsigned}}},
		"counter":     {attrs: []attr{{"name", true, anyText}, {"frequency", true, positive}, {"scaling", true, word("yes", "no")}}},
		"topology":    topologyShape,
		"maxphysaddr": physAddrShape,
		"feature":     {attrs: []attr{{"name", true, made("-_")}}},
		"pages":       {attrs: []attr{{"unit", false, made("")}, {"size", true, unsigned}}},
	},
	many: []string{"feature", "pages"},
}

// Validate holds a <cpu> element against libvirt's schema: it is a guest's or a host's.
func Validate(n *xmltree.Node) error {
	guest, host := guestShape.check(n), "Expecting an element arch, got nothing\n"
	if n.Child("arch") != nil {
		host = hostShape.check(n)
	}
	if guest == "" || host == "" {
		return nil
	}
	return virerr.New(virerr.FromXML, virerr.XMLInvalidSchema, "Unable to validate doc against %s\n%s%s"+
		"Invalid sequence in interleave\nElement cpu failed to validate content\n", schemaFile, guest, host)
}

// check tells what is wrong with an element, in lines; nothing when it fits.
func (s *shape) check(n *xmltree.Node) string {
	if s == nil {
		return ""
	}
	for _, a := range n.Attrs {
		i := slices.IndexFunc(s.attrs, func(want attr) bool { return want.name == a.Name })
		if i < 0 || !s.attrs[i].valid(a.Value) {
			return "Invalid attribute " + a.Name + " for element " + n.Name + "\n"
		}
	}
	for _, a := range s.attrs {
		if a.required && !n.Has(a.name) {
			return "Element " + n.Name + " failed to validate attributes\n"
		}
	}
	if s.children == nil {
		if text := n.Content(); text != "" && (s.content == nil || !s.content(text)) {
			return "Error validating value \nElement " + n.Name + " failed to validate content\n"
		}
	}
	for c := range n.Elements() {
		inner, known := s.children[c.Name]
		if !known || n.Count(c.Name) > 1 && !slices.Contains(s.many, c.Name) {
			return "Element " + n.Name + " has extra content: " + c.Name + "\n"
		}
		if said := inner.check(c); said != "" && inner.content == nil {
			return said + "Extra element " + c.Name + " in interleave\n"
		} else if said != "" {
			return said
		}
	}
	return ""
}
