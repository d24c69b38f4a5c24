package xmltree

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The bounds of a document.
const (
	MaxBytes = 10 << 20
	MaxDepth = 256
	MaxNodes = 500_000
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
	return fmt.Sprintf("%s: %s\n%s\n%s^", where, e.Reason, e.Context, pointer)
}

// Parse reads a document and gives its root element. Name is what messages call the document;
// with an empty one they say "at line". The error is a *SyntaxError.
func Parse(doc []byte, name string) (*Node, error) {
	p := parser{doc: doc, name: name}
	if len(doc) > MaxBytes {
		return nil, p.fail(0, "Document is larger than %d bytes", MaxBytes)
	}
	p.dec = xml.NewDecoder(bytes.NewReader(doc))
	p.dec.CharsetReader = charset
	if len(bytes.TrimSpace(doc)) == 0 {
		return nil, p.fail(0, "Document is empty")
	}
	return p.run()
}

type parser struct {
	doc   []byte
	name  string
	dec   *xml.Decoder
	root  *Node
	top   *Node
	depth int
	nodes int
	line  int // of the scan cursor
	seen  int // offset the line was counted to
}

func (p *parser) run() (*Node, error) {
	for {
		start := p.dec.InputOffset()
		tok, err := p.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, p.translate(err)
		}
		if p.nodes++; p.nodes > MaxNodes {
			return nil, p.fail(start, "Document has more than %d nodes", MaxNodes)
		}
		if err := p.token(tok, start); err != nil {
			return nil, err
		}
	}
	switch {
	case p.top != nil:
		return nil, p.fail(p.dec.InputOffset(), "Premature end of data in tag %s line %d", p.top.QName(), p.top.Line)
	case p.root == nil:
		return nil, p.fail(0, "Start tag expected, '<' not found")
	}
	return p.root, nil
}

func (p *parser) token(tok xml.Token, at int64) error {
	switch t := tok.(type) {
	case xml.StartElement:
		return p.open(t, at)
	case xml.EndElement:
		return p.close(t)
	case xml.CharData:
		return p.text(string(t), at)
	case xml.Comment:
		if p.top != nil {
			p.top.add(&Node{Kind: Comment, Data: string(t), Line: p.lineAt(at)})
		}
	}
	return nil
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

func (p *parser) text(s string, at int64) error {
	if p.top == nil {
		if strings.TrimSpace(strings.TrimPrefix(s, "\ufeff")) == "" {
			return nil
		}
		if p.root == nil {
			return p.fail(at, "Start tag expected, '<' not found")
		}
		return p.fail(at, "Extra content at the end of the document")
	}
	// a CDATA section beside a text continues it
	if k := len(p.top.Nodes); k > 0 && p.top.Nodes[k-1].Kind == Text {
		p.top.Nodes[k-1].Data += s
		return nil
	}
	p.top.add(&Node{Kind: Text, Data: s, Line: p.lineAt(at)})
	return nil
}

func (p *parser) open(t xml.StartElement, at int64) error {
	if p.top == nil && p.root != nil {
		return p.fail(at, "Extra content at the end of the document")
	}
	if p.depth++; p.depth > MaxDepth {
		return p.fail(at, "Excessive depth in document: %d", MaxDepth)
	}
	n := &Node{Kind: Element, Prefix: t.Name.Space, Name: t.Name.Local, Line: p.lineAt(at)}
	for _, a := range t.Attr {
		switch {
		case a.Name.Space == "xmlns":
			n.Declared = append(n.Declared, Declaration{Prefix: a.Name.Local, URI: a.Value})
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			n.Declared = append(n.Declared, Declaration{URI: a.Value})
		default:
			n.Attrs = append(n.Attrs, Attr{Prefix: a.Name.Space, Name: a.Name.Local, Value: a.Value})
		}
	}
	if p.top != nil {
		p.top.add(n)
	} else {
		p.root = n
	}
	p.top = n
	n.resolve()
	return p.unique(n)
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

func (p *parser) unique(n *Node) error {
	for i := range n.Attrs {
		for j := range i {
			if n.Attrs[i].Name == n.Attrs[j].Name && n.Attrs[i].Space == n.Attrs[j].Space {
				return p.fail(p.dec.InputOffset(), "Attribute %s redefined", n.Attrs[i].Name)
			}
		}
	}
	return nil
}

func (p *parser) close(t xml.EndElement) error {
	name := t.Name.Local
	if t.Name.Space != "" {
		name = t.Name.Space + ":" + name
	}
	if p.top == nil {
		return p.fail(p.dec.InputOffset(), "Extra content at the end of the document")
	}
	if name != p.top.QName() {
		return p.fail(p.dec.InputOffset(), "Opening and ending tag mismatch: %s line %d and %s", p.top.QName(), p.top.Line, name)
	}
	p.depth--
	p.top = p.top.Parent
	return nil
}

// lineAt counts lines forward only, as offsets never go back.
func (p *parser) lineAt(at int64) int {
	if p.line == 0 {
		p.line = 1
	}
	end := min(int(at), len(p.doc))
	if end > p.seen {
		p.line += bytes.Count(p.doc[p.seen:end], []byte{'\n'})
		p.seen = end
	}
	return p.line
}

func (p *parser) fail(at int64, format string, args ...any) error {
	end := min(int(at), len(p.doc))
	cur := end
	if cur == len(p.doc) && cur > 0 {
		cur--
	}
	for cur > 0 && (p.doc[cur] == '\n' || p.doc[cur] == '\r') {
		cur--
	}
	begin := bytes.LastIndexAny(p.doc[:cur], "\r\n") + 1
	stop := begin
	for stop < len(p.doc) && p.doc[stop] != '\n' && p.doc[stop] != '\r' {
		stop++
	}
	context := p.doc[begin:stop]
	if len(context) > 4096 {
		context = context[:4096]
	}
	return &SyntaxError{
		Name:    p.name,
		Line:    1 + bytes.Count(p.doc[:end], []byte{'\n'}),
		Reason:  fmt.Sprintf(format, args...),
		Context: strings.ToValidUTF8(string(context), "?"),
		Col:     end - begin,
	}
}

// reasons puts the decoder's complaints into the words of libxml2.
var reasons = []struct{ have, want string }{
	{"attribute name without =", "Specification mandates value for attribute"},
	{"unquoted or missing attribute value", `AttValue: " or ' expected`},
	{"expected attribute name", "attributes construct error"},
	{"expected element name after <", "StartTag: invalid element name"},
	{"expected element name after </", "StartTag: invalid element name"},
	{"invalid character entity", "EntityRef: expecting ';'"},
	{"unescaped < inside quoted string", "Unescaped '<' not allowed in attributes values"},
	{"illegal character code", "PCDATA invalid Char value"},
	{"invalid UTF-8", "Input is not proper UTF-8, indicate encoding !"},
	{"expected /> in element", "Couldn't find end of Start Tag"},
	{"unexpected EOF", "Premature end of data"},
}

func (p *parser) translate(err error) error {
	at := p.dec.InputOffset()
	text := err.Error()
	var se *xml.SyntaxError
	if errors.As(err, &se) {
		text = se.Msg
	}
	if strings.HasPrefix(text, "unexpected EOF") && p.top != nil {
		return p.fail(at, "Premature end of data in tag %s line %d", p.top.QName(), p.top.Line)
	}
	for _, r := range reasons {
		if strings.HasPrefix(text, r.have) {
			return p.fail(at, "%s", r.want)
		}
	}
	return p.fail(at, "%s", text)
}

// charset reads the encodings a document of an administrator may have besides UTF-8.
func charset(label string, in io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "utf8", "us-ascii", "ascii":
		return in, nil
	case "iso-8859-1", "latin1":
		b, err := io.ReadAll(in)
		if err != nil {
			return nil, err
		}
		out := make([]byte, 0, len(b)+len(b)/8)
		for _, c := range b {
			out = utf8.AppendRune(out, rune(c))
		}
		return bytes.NewReader(out), nil
	}
	return nil, fmt.Errorf("Unsupported encoding %s", label) //nolint:staticcheck // libxml2's words
}

// ParseRoot reads a document whose root must have that name. The error carries libvirt's code.
func ParseRoot(doc []byte, name string) (*Node, error) {
	var r Reader
	root, err := Parse(doc, "")
	if err != nil {
		r.XMLDetail("%s", err)
		return nil, r.Err()
	}
	if root.Name != name {
		r.XMLError("expecting root element of '%s', not '%s'", name, root.Name)
		return nil, r.Err()
	}
	return root, nil
}
