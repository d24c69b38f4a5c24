package xmltree

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"virtree.dev/protocol/virerr"
)

// The bounds of a document.
const (
	MaxBytes = 10 << 20
	MaxDepth = 256
	MaxNodes = 500_000 // elements, texts and comments
	MaxAttrs = 256     // of one element
)

const (
	xmlURI   = "http://www.w3.org/XML/1998/namespace"
	xmlnsURI = "http://www.w3.org/2000/xmlns/"
)

// SyntaxError tells why a document could not be read, and where.
type SyntaxError struct {
	Name    string // of the document, as its reader calls it
	Line    int
	Reason  string
	Context string // the line in hand
	Col     int    // bytes of Context before the place
}

// Error gives libvirt's message: position, reason, the line and a pointer to the place in it.
func (e *SyntaxError) Error() string {
	pointer := make([]byte, 0, e.Col+1)
	for i := 0; i < e.Col && i < len(e.Context); i++ {
		if e.Context[i] == '\t' {
			pointer = append(pointer, '\t')
		} else {
			pointer = append(pointer, '-')
		}
	}
	where := fmt.Sprintf("at line %d", e.Line)
	if e.Name != "" {
		where = fmt.Sprintf("%s:%d", e.Name, e.Line)
	}
	context := e.Context
	if context == "" {
		context = "(null)" // as the C library prints it
	}
	return fmt.Sprintf("%s: %s\n%s\n%s^", where, e.Reason, context, pointer)
}

// Parse reads a document and gives its root element. Name is what messages call the document, as in
// "(domain_definition)"; with an empty one they say "at line". The error is a *SyntaxError.
func Parse(doc []byte, name string) (*Node, error) {
	s := &scanner{name: name, line: 1}
	if len(doc) > MaxBytes {
		return nil, s.fail("Document is larger than %d bytes", MaxBytes)
	}
	text := strings.TrimPrefix(string(doc), "\ufeff")
	s.text = text
	if text == "" {
		return nil, s.fail("Document is empty")
	}
	if err := s.declaration(); err != nil {
		return nil, err
	}
	return s.document()
}

// ParseRoot reads a document whose root must have that element name. Errors are libvirt's: those of the text
// belong to the part from, a wrong root is the XML reader's own.
func ParseRoot(doc []byte, element, name string, from virerr.Domain) (*Node, error) {
	r := Reader{From: from}
	root, err := Parse(doc, name)
	if err != nil {
		r.XMLDetail("%s", err)
		return nil, r.Err()
	}
	if root.Name != element {
		r.property("expecting root element of '%s', not '%s'", element, root.Name)
		return nil, r.Err()
	}
	return root, nil
}

func (n *Node) add(c *Node) {
	c.Parent = n
	n.Nodes = append(n.Nodes, c)
}

// QName gives the name as written, with its prefix.
func (n *Node) QName() string {
	if n.Prefix != "" {
		return n.Prefix + ":" + n.Name
	}
	return n.Name
}

// resolve finds the namespaces of an element and its attributes; an undeclared prefix stays a part of
// the name, as with libxml2.
func (n *Node) resolve() {
	n.Space = n.Lookup(n.Prefix)
	if n.Prefix != "" && n.Space == "" {
		n.Name, n.Prefix = n.Prefix+":"+n.Name, ""
	}
	for i := range n.Attrs {
		if a := &n.Attrs[i]; a.Prefix != "" {
			if a.Space = n.Lookup(a.Prefix); a.Space == "" {
				a.Name, a.Prefix = a.Prefix+":"+a.Name, ""
			}
		}
	}
}

// Lookup gives the namespace a prefix stands for at this element.
func (n *Node) Lookup(prefix string) string {
	switch prefix {
	case "xml":
		return xmlURI
	case "xmlns":
		return xmlnsURI
	}
	for ; n != nil; n = n.Parent {
		for _, d := range n.Declared {
			if d.Prefix == prefix {
				return d.URI
			}
		}
	}
	return ""
}

func latin1(text string) string {
	out := make([]byte, 0, len(text)+len(text)/8)
	for i := range len(text) {
		out = utf8.AppendRune(out, rune(text[i]))
	}
	return string(out)
}
