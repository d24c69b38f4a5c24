package xmltree

import "strings"

// Detach copies the subtree so that it stands alone: namespaces declared further up are declared on the
// copy, and blanks that only indent are dropped.
func (n *Node) Detach() *Node {
	c := n.Clone()
	if c == nil {
		return nil
	}
	c.dropBlanks()
	c.declare(c)
	return c
}

// Alone copies the subtree as it is, with the namespaces that were declared further up.
func (n *Node) Alone() *Node {
	c := n.Clone()
	c.declare(c)
	return c
}

// declare adds to root what the names in n need.
func (n *Node) declare(root *Node) {
	need := func(prefix, space string) {
		if space != "" && n.Lookup(prefix) != space {
			root.Declared = append(root.Declared, Declaration{Prefix: prefix, URI: space})
		}
	}
	if n.Kind != Element {
		return
	}
	need(n.Prefix, n.Space)
	for _, a := range n.Attrs {
		need(a.Prefix, a.Space)
	}
	for _, c := range n.Nodes {
		c.declare(root)
	}
}

// dropBlanks removes blank texts that stand between elements, by the same rules as libxml2's "no blanks".
func (n *Node) dropBlanks() {
	kept := make([]*Node, 0, len(n.Nodes))
	for _, c := range n.Nodes {
		afterText := len(kept) > 0 && (kept[len(kept)-1].Kind == Text || kept[0].Kind == Text)
		if c.Kind == Text && strings.TrimSpace(c.Data) == "" && len(n.Nodes) > 1 && !afterText {
			continue
		}
		if c.Kind == Element {
			c.dropBlanks()
		}
		kept = append(kept, c)
	}
	n.Nodes = kept
}

// AppendDump appends the subtree in libxml2's form: double quotes, and two spaces an indent wherever an
// element holds no text. The first line is not indented and the last not ended.
func (n *Node) AppendDump(b []byte, level int) []byte {
	switch n.Kind {
	case Text:
		return appendText(b, n.Data)
	case Comment:
		b = append(b, "<!--"...)
		b = append(b, n.Data...)
		return append(b, "-->"...)
	}
	b = append(b, '<')
	b = append(b, n.QName()...)
	for _, d := range n.Declared {
		name := "xmlns"
		if d.Prefix != "" {
			name += ":" + d.Prefix
		}
		b = appendAttr(b, name, d.URI)
	}
	for _, a := range n.Attrs {
		name := a.Name
		if a.Prefix != "" {
			name = a.Prefix + ":" + name
		}
		b = appendAttr(b, name, a.Value)
	}
	if len(n.Nodes) == 0 {
		return append(b, "/>"...)
	}
	b = n.appendContent(append(b, '>'), level)
	b = append(b, "</"...)
	b = append(b, n.QName()...)
	return append(b, '>')
}

func (n *Node) appendContent(b []byte, level int) []byte {
	lines := level >= 0
	for _, c := range n.Nodes {
		lines = lines && c.Kind != Text
	}
	inner := level + 1
	if !lines {
		inner = -1 // nothing below a text is indented
	}
	for _, c := range n.Nodes {
		if lines {
			b = appendLine(b, inner)
		}
		b = c.AppendDump(b, inner)
	}
	if lines {
		b = appendLine(b, level)
	}
	return b
}

func appendLine(b []byte, level int) []byte {
	b = append(b, '\n')
	for range level {
		b = append(b, "  "...)
	}
	return b
}

func appendAttr(b []byte, name, value string) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, `="`...)
	for i := range len(value) {
		switch c := value[i]; c {
		case '"':
			b = append(b, "&quot;"...)
		case '\n':
			b = append(b, "&#10;"...)
		case '\t':
			b = append(b, "&#9;"...)
		default:
			b = appendEscaped(b, c)
		}
	}
	return append(b, '"')
}

func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		b = appendEscaped(b, text[i])
	}
	return b
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '<':
		return append(b, "&lt;"...)
	case '>':
		return append(b, "&gt;"...)
	case '&':
		return append(b, "&amp;"...)
	case '\r':
		return append(b, "&#13;"...)
	}
	return append(b, c)
}
