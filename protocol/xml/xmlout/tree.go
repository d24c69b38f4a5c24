package xmlout

import (
	"strings"

	"virtree.dev/protocol/xml/xmltree"
)

// Tree writes a kept element in libvirt's form. Blank texts and comments are left out.
func (w *Writer) Tree(n *xmltree.Node) {
	w.Start(n.QName())
	for _, d := range n.Declared {
		if d.Prefix == "" {
			w.Attr("xmlns", d.URI)
		} else {
			w.Attr("xmlns:"+d.Prefix, d.URI)
		}
	}
	for _, a := range n.Attrs {
		if a.Prefix != "" {
			w.Attr(a.Prefix+":"+a.Name, a.Value)
		} else {
			w.Attr(a.Name, a.Value)
		}
	}
	text := n.Content()
	for c := range n.Elements() {
		w.Tree(c)
		text = ""
	}
	if strings.TrimSpace(text) != "" {
		w.Text(text)
	}
	w.End()
}
