package xmltree

import (
	"iter"
	"strings"
)

// Kind tells what a node is.
type Kind uint8

// The kinds of nodes.
const (
	Element Kind = iota
	Text
	Comment
)

// Attr is an attribute. Namespace declarations are kept in Node.Declared, not here.
type Attr struct {
	Prefix, Space, Name, Value string
}

// Declaration is an xmlns attribute; an empty prefix declares the default namespace.
type Declaration struct {
	Prefix, URI string
}

// Node is an element, a text or a comment.
type Node struct {
	Kind     Kind
	Prefix   string // as written, empty for none
	Space    string // namespace URI the prefix stands for, empty for none
	Name     string // local name
	Data     string // of a text or comment
	Line     int
	Attrs    []Attr
	Declared []Declaration
	Nodes    []*Node
	Parent   *Node
}

// Is says whether n is an element of that local name outside of any namespace.
func (n *Node) Is(name string) bool {
	return n.Kind == Element && n.Name == name && n.Space == ""
}

// Attr gives the value of an attribute without namespace, and whether it is there.
func (n *Node) Attr(name string) (string, bool) {
	if n == nil {
		return "", false
	}
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Name == name && a.Space == "" {
			return a.Value, true
		}
	}
	return "", false
}

// Get gives the value of an attribute, empty when it is absent.
func (n *Node) Get(name string) string {
	v, _ := n.Attr(name)
	return v
}

// Has says whether the attribute is there.
func (n *Node) Has(name string) bool {
	_, ok := n.Attr(name)
	return ok
}

// Child gives the first child element of that name, or nil. A nil node has no children.
func (n *Node) Child(name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Nodes {
		if c.Is(name) {
			return c
		}
	}
	return nil
}

// ChildNS gives the first child element of that namespace and name, or nil.
func (n *Node) ChildNS(space, name string) *Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Nodes {
		if c.Kind == Element && c.Space == space && c.Name == name {
			return c
		}
	}
	return nil
}

// Path follows first children by name, as in "os/bios"; nil when there is none.
func (n *Node) Path(path string) *Node {
	for n != nil && path != "" {
		var step string
		step, path, _ = strings.Cut(path, "/")
		n = n.Child(step)
	}
	return n
}

// Children walks the child elements of that name, in order.
func (n *Node) Children(name string) iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		for _, c := range n.Nodes {
			if c.Is(name) && !yield(c) {
				return
			}
		}
	}
}

// Elements walks all child elements, in order.
func (n *Node) Elements() iter.Seq[*Node] {
	return func(yield func(*Node) bool) {
		if n == nil {
			return
		}
		for _, c := range n.Nodes {
			if c.Kind == Element && !yield(c) {
				return
			}
		}
	}
}

// Count gives the number of child elements of that name.
func (n *Node) Count(name string) int {
	count := 0
	for range n.Children(name) {
		count++
	}
	return count
}

// Content gives the text of the node and everything below it, as written.
func (n *Node) Content() string {
	if n == nil {
		return ""
	}
	switch {
	case n.Kind == Text:
		return n.Data
	case n.Kind == Comment || len(n.Nodes) == 0:
		return ""
	case len(n.Nodes) == 1:
		return n.Nodes[0].Content()
	}
	var b strings.Builder
	for _, c := range n.Nodes {
		b.WriteString(c.Content())
	}
	return b.String()
}

// ChildText gives the text of the first child of that name, empty when there is none.
func (n *Node) ChildText(name string) string { return n.Child(name).Content() }

// Clone copies the subtree; the copy has no parent.
func (n *Node) Clone() *Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Parent = nil
	c.Attrs = append([]Attr(nil), n.Attrs...)
	c.Declared = append([]Declaration(nil), n.Declared...)
	c.Nodes = make([]*Node, len(n.Nodes))
	for i, k := range n.Nodes {
		c.Nodes[i] = k.Clone()
		c.Nodes[i].Parent = &c
	}
	return &c
}
