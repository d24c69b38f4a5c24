package domain

import (
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

func (p *parser) interfaceHostdev(_ *xmltree.Node) *Hostdev { return &Hostdev{} }

func formatHostdevSource(_ *xmlout.Writer, _ *Hostdev, _ bool, _ FormatOptions) {}
