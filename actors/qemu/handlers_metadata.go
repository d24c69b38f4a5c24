package qemu

import (
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

func (d *Driver) metadataHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetMetadata, dispatch.Inline, d.getMetadata)
	dispatch.Handle(t, remote.ProcDomainSetMetadata, dispatch.Worker, d.setMetadata)
}

// checkMetadata refuses what libvirt's common code for domains, in that function, does not know.
func checkMetadata(function string, kind int32, flags uint32) error {
	switch unknown := flags &^ uint32(affectMask); {
	case unknown != 0:
		return errFlags(virerr.FromDomain, function, unknown)
	case kind < 0 || kind > virtype.DomainMetadataElement:
		return virerr.New(virerr.FromDomain, virerr.InvalidArg, "unknown metadata type '%d'", kind)
	}
	return nil
}

func (d *Driver) getMetadata(_ *dispatch.Call, a *remote.DomainGetMetadataArgs) (*remote.DomainGetMetadataRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	if err := checkMetadata("virDomainObjGetMetadata", a.Type, a.Flags); err != nil {
		return nil, err
	}
	def, err := affect(a.Flags).one(o)
	if err != nil {
		return nil, err
	}
	value := ""
	switch a.Type {
	case virtype.DomainMetadataDescription:
		value = def.Description
	case virtype.DomainMetadataTitle:
		value = def.Title
	case virtype.DomainMetadataElement:
		value = metadataElement(def.Metadata, text(a.URI))
	}
	if value == "" {
		return nil, virerr.New(virerr.FromDomain, virerr.NoDomainMetadata, "Requested metadata element is not present")
	}
	return &remote.DomainGetMetadataRet{Metadata: value}, nil
}

// metadataElement shows the element of a namespace as it would stand alone, without its prefix.
func metadataElement(all *xmltree.Node, uri string) string {
	for n := range all.Elements() {
		if n.Space != uri {
			continue
		}
		alone := n.Alone()
		strip(alone, uri)
		alone.Declared = slices.DeleteFunc(alone.Declared, func(d xmltree.Declaration) bool { return d.URI == uri })
		return string(alone.AppendDump(nil, 0))
	}
	return ""
}

// strip takes the prefix of a namespace away from an element and those below.
func strip(n *xmltree.Node, uri string) {
	if n.Space == uri {
		n.Prefix, n.Space = "", ""
	}
	for c := range n.Elements() {
		strip(c, uri)
	}
}

func (d *Driver) setMetadata(c *dispatch.Call, a *remote.DomainSetMetadataArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	if _, err := d.find(a.Dom); err != nil {
		return nil, err
	}
	if err := checkMetadata("", a.Type, 0); err != nil {
		return nil, err
	}
	set := func(def *xml.Domain) error { return setMetadata(def, a) }
	err := d.edit(c, a.Dom, a.Flags, change{
		config: set,
		live:   func(_ handle, def *xml.Domain) error { return set(def) },
	})
	if err == nil {
		d.emitMetadata(a)
	}
	return nil, err
}

func setMetadata(def *xml.Domain, a *remote.DomainSetMetadataArgs) error {
	switch a.Type {
	case virtype.DomainMetadataDescription:
		def.Description = text(a.Metadata)
	case virtype.DomainMetadataTitle:
		def.Title = text(a.Metadata)
	case virtype.DomainMetadataElement:
		return setMetadataElement(def, a)
	}
	return nil
}

// setMetadataElement puts an element in place of those of its namespace.
func setMetadataElement(def *xml.Domain, a *remote.DomainSetMetadataArgs) error {
	uri := text(a.URI)
	all := def.Metadata.Clone()
	if all == nil {
		all = &xmltree.Node{Kind: xmltree.Element, Name: "metadata"}
	}
	var fresh *xmltree.Node
	if a.Metadata != nil {
		root, err := xmltree.Parse([]byte(*a.Metadata), "(metadata_xml)")
		if err != nil {
			r := xmltree.Reader{From: virerr.FromDomain}
			r.XMLDetail("%s", err)
			return r.Err()
		}
		fresh = root.Clone()
		give(fresh, text(a.Key), uri)
		fresh.Declared = append(fresh.Declared, xmltree.Declaration{Prefix: text(a.Key), URI: uri})
	}
	all.Nodes = slices.DeleteFunc(all.Nodes, func(n *xmltree.Node) bool {
		return n.Kind == xmltree.Element && n.Space == uri
	})
	if fresh != nil {
		fresh.Parent = all
		all.Nodes = append(all.Nodes, fresh)
	}
	def.Metadata = all
	return nil
}

// give puts an element, and those below that have no namespace of their own, into one.
func give(n *xmltree.Node, prefix, uri string) {
	if n.Space == "" {
		n.Prefix, n.Space = prefix, uri
	}
	for c := range n.Elements() {
		give(c, prefix, uri)
	}
}
