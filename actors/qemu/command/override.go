package command

import (
	"slices"

	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// override sets and removes properties of a device as the document asks in QEMU's own words.
func (b *builder) override(p *Props) {
	if b.doc.QEMU == nil || p == nil {
		return
	}
	id := p.Get("id")
	if id == "" {
		return
	}
	for _, o := range b.doc.QEMU.Overrides {
		if o.Alias != id {
			continue
		}
		for _, v := range o.Properties {
			p.set(&v)
		}
	}
}

// set replaces or removes a property; what is set comes last.
func (p *Props) set(o *domain.OverrideProperty) {
	p.members = slices.DeleteFunc(p.members, func(m member) bool { return m.name == o.Name })
	if o.Type != "remove" {
		p.members = append(p.members, member{o.Name, overrideValue(o)})
	}
}

// overrideValue is a value that was checked when the document was read, by the same rules.
func overrideValue(o *domain.OverrideProperty) any {
	switch o.Type {
	case "signed":
		n, _ := xmltree.ParseInt(o.Value, 10, 64)
		return n
	case "unsigned":
		n, _ := xmltree.ParseUint(o.Value, 10, 64)
		return n
	case "bool":
		return o.Value == "true"
	}
	return o.Value
}
