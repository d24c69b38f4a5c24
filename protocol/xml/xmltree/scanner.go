package xmltree

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads a document front to back. It complains in the words of libxml2 and at its places, which
// administrators search the web for.
type scanner struct {
	text  string
	name  string
	pos   int
	line  int // of the offset counted
	count int // offset that line belongs to
	nodes int
	depth int
	root  *Node
	top   *Node
	open  []string // names of the elements begun, as written
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func isNameStart(r rune) bool { return r == '_' || r == ':' || unicode.IsLetter(r) }

func isNamePart(r rune) bool {
	return isNameStart(r) || r == '-' || r == '.' || r == 0xb7 || unicode.IsDigit(r) || unicode.Is(unicode.M, r)
}

// isChar says whether XML allows the character at all.
func isChar(r rune) bool {
	return r >= 0x20 && r != 0xfffe && r != 0xffff || r == '\t' || r == '\n' || r == '\r'
}

// fail complains of the place in hand.
func (s *scanner) fail(format string, args ...any) error {
	begin := strings.LastIndexByte(s.text[:s.pos], '\n') + 1
	end := len(s.text)
	if i := strings.IndexAny(s.text[s.pos:], "\r\n"); i >= 0 {
		end = s.pos + i
	}
	context := s.text[begin:end]
	if len(context) > 4096 {
		context = context[:4096]
	}
	return &SyntaxError{
		Name:    s.name,
		Line:    1 + strings.Count(s.text[:s.pos], "\n"),
		Reason:  fmt.Sprintf(format, args...),
		Context: strings.ToValidUTF8(context, "?"),
		Col:     s.pos - begin,
	}
}

// here gives the line in hand; offsets only grow, so lines are counted once.
func (s *scanner) here() int {
	s.line += strings.Count(s.text[s.count:s.pos], "\n")
	s.count = s.pos
	return s.line
}

func (s *scanner) rest() string { return s.text[s.pos:] }

func (s *scanner) at(prefix string) bool { return strings.HasPrefix(s.rest(), prefix) }

func (s *scanner) end() bool { return s.pos >= len(s.text) }

func (s *scanner) skipBlanks() bool {
	from := s.pos
	for !s.end() && isBlank(s.text[s.pos]) {
		s.pos++
	}
	return s.pos > from
}

func (s *scanner) document() (*Node, error) {
	if err := s.misc(); err != nil {
		return nil, err
	}
	if !s.at("<") {
		return nil, s.fail("Start tag expected, '<' not found")
	}
	if err := s.startTag(); err != nil {
		return nil, err
	}
	for s.top != nil {
		if err := s.content(); err != nil {
			return nil, err
		}
	}
	if err := s.misc(); err != nil {
		return nil, err
	}
	if !s.end() {
		return nil, s.fail("Extra content at the end of the document")
	}
	return s.root, nil
}

// misc skips what may stand outside the root element.
func (s *scanner) misc() error {
	for {
		s.skipBlanks()
		var err error
		switch {
		case s.at("<!--"):
			err = s.comment()
		case s.at("<?"):
			err = s.instruction()
		case s.at("<!DOCTYPE") && s.root == nil:
			err = s.doctype()
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// doctype skips a document type; one that declares anything is refused, as entities could grow without bound.
func (s *scanner) doctype() error {
	i := strings.IndexAny(s.rest(), "[>")
	if i < 0 {
		return s.fail("DOCTYPE improperly terminated")
	}
	s.pos += i
	if s.text[s.pos] == '[' {
		return s.fail("internal subset is not supported")
	}
	s.pos++
	return nil
}

func (s *scanner) content() error {
	switch {
	case s.end():
		return s.fail("Premature end of data in tag %s line %d", localName(s.begun()), s.top.Line)
	case s.at("</"):
		return s.endTag()
	case s.at("<!--"):
		return s.comment()
	case s.at("<![CDATA["):
		return s.cdata()
	case s.at("<?"):
		return s.instruction()
	case s.at("<"):
		return s.startTag()
	}
	return s.characters()
}

func (s *scanner) newNode(n *Node) error {
	if s.nodes++; s.nodes > MaxNodes {
		return s.fail("Document has more than %d nodes", MaxNodes)
	}
	n.Line = s.here()
	if s.top != nil {
		s.top.add(n)
	}
	return nil
}

// takeName reads a name, empty when there is none.
func (s *scanner) takeName() string {
	from := s.pos
	for !s.end() {
		r, size := rune(s.text[s.pos]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s.rest())
		}
		if s.pos == from && !isNameStart(r) || !isNamePart(r) || r == utf8.RuneError {
			break
		}
		s.pos += size
	}
	return s.text[from:s.pos]
}

func splitName(name string) (prefix, local string) {
	if i := strings.IndexByte(name, ':'); i > 0 && i < len(name)-1 {
		return name[:i], name[i+1:]
	}
	return "", name
}

func localName(name string) string {
	_, local := splitName(name)
	return local
}

// begun gives the name of the element in hand as written.
func (s *scanner) begun() string { return s.open[len(s.open)-1] }

func (s *scanner) startTag() error {
	if s.depth++; s.depth > MaxDepth {
		return s.fail("Excessive depth in document: %d use XML_PARSE_HUGE option", MaxDepth)
	}
	n := &Node{Kind: Element}
	if err := s.newNode(n); err != nil {
		return err
	}
	s.pos++
	name := s.takeName()
	if name == "" {
		return s.fail("StartTag: invalid element name")
	}
	n.Prefix, n.Name = splitName(name)
	closed, err := s.attributes(n, name)
	if err != nil {
		return err
	}
	n.resolve()
	if s.root == nil {
		s.root = n
	}
	if closed {
		s.depth--
	} else {
		s.top = n
		s.open = append(s.open, name)
	}
	return nil
}

// attributes reads up to the end of the start tag and says whether the element ends there too.
func (s *scanner) attributes(n *Node, tag string) (closed bool, err error) {
	for first := true; ; first = false {
		blank := s.skipBlanks()
		switch {
		case s.at("/>"):
			s.pos += 2
			return true, nil
		case s.at(">"):
			s.pos++
			return false, nil
		case !first && !blank:
			return false, s.fail("attributes construct error")
		case s.end() || !isChar(rune(s.text[s.pos])):
			return false, s.fail("Couldn't find end of Start Tag %s line %d", localName(tag), n.Line)
		}
		if err := s.attribute(n); err != nil {
			return false, err
		}
	}
}

func (s *scanner) attribute(n *Node) error {
	name := s.takeName()
	if name == "" {
		return s.fail("error parsing attribute name")
	}
	s.skipBlanks()
	if !s.at("=") {
		return s.fail("Specification mandates value for attribute %s", localName(name))
	}
	s.pos++
	s.skipBlanks()
	value, err := s.attributeValue()
	if err != nil {
		return err
	}
	prefix, local := splitName(name)
	if len(n.Attrs)+len(n.Declared) >= MaxAttrs {
		return s.fail("Element has more than %d attributes", MaxAttrs)
	}
	for i := range n.Attrs {
		if n.Attrs[i].Prefix == prefix && n.Attrs[i].Name == local {
			return s.fail("Attribute %s redefined", name)
		}
	}
	switch {
	case name == "xmlns":
		n.Declared = append(n.Declared, Declaration{URI: value})
	case prefix == "xmlns":
		n.Declared = append(n.Declared, Declaration{Prefix: local, URI: value})
	default:
		n.Attrs = append(n.Attrs, Attr{Prefix: prefix, Name: local, Value: value})
	}
	return nil
}

func (s *scanner) attributeValue() (string, error) {
	if !s.at(`"`) && !s.at("'") {
		return "", s.fail(`AttValue: " or ' expected`)
	}
	quote := s.text[s.pos]
	s.pos++
	from := s.pos
	var b []byte // only when the value is not just as written
	for !s.end() && s.text[s.pos] != quote {
		switch s.text[s.pos] {
		case '<':
			return "", s.fail("Unescaped '<' not allowed in attributes values")
		case '&':
			b = append(b, s.text[from:s.pos]...)
			var err error
			if b, err = s.reference(b); err != nil {
				return "", err
			}
			from = s.pos
			if b == nil {
				b = []byte{}
			}
		case '\n', '\t', '\r':
			b = append(append(b, s.text[from:s.pos]...), ' ')
			if s.at("\r\n") {
				s.pos++
			}
			s.pos++
			from = s.pos
		default:
			if err := s.character("invalid character in attribute value"); err != nil {
				return "", err
			}
		}
	}
	if s.end() {
		return "", s.fail("AttValue: ' expected")
	}
	value := s.text[from:s.pos]
	if b != nil {
		value = string(append(b, value...))
	}
	s.pos++
	return value, nil
}

// character steps over one valid character.
func (s *scanner) character(complaint string) error {
	c := s.text[s.pos]
	if c < utf8.RuneSelf {
		if !isChar(rune(c)) {
			return s.fail("%s", complaint)
		}
		s.pos++
		return nil
	}
	r, size := utf8.DecodeRuneInString(s.rest())
	if r == utf8.RuneError && size == 1 {
		bytes := ""
		for i := s.pos; i < s.pos+4 && i < len(s.text); i++ {
			bytes += fmt.Sprintf(" 0x%02X", s.text[i])
		}
		return s.fail("Input is not proper UTF-8, indicate encoding !\nBytes:%s", bytes)
	}
	if !isChar(r) {
		return s.fail("%s", complaint)
	}
	s.pos += size
	return nil
}

// characters reads a text up to the next markup.
func (s *scanner) characters() error {
	var b []byte
	begin := s.pos
	from := begin
	n := &Node{Kind: Text}
	if err := s.newNode(n); err != nil {
		return err
	}
	for !s.end() && s.text[s.pos] != '<' {
		switch {
		case s.text[s.pos] == '&':
			var err error
			if b, err = s.reference(append(b, s.text[from:s.pos]...)); err != nil {
				return err
			}
			from = s.pos
		case s.text[s.pos] == '\r':
			b = append(b, s.text[from:s.pos]...)
			s.pos++
			if from = s.pos; !s.at("\n") {
				b = append(b, '\n')
			}
		case s.at("]]>"):
			if !strings.ContainsFunc(s.text[begin:s.pos], beyondASCII) {
				s.pos = begin
			}
			return s.fail("Sequence ']]>' not allowed in content")
		default:
			if err := s.character(fmt.Sprintf("PCDATA invalid Char value %d", s.text[s.pos])); err != nil {
				return err
			}
		}
	}
	n.Data = s.text[from:s.pos]
	if b != nil {
		n.Data = string(append(b, n.Data...))
	}
	return nil
}

func (s *scanner) endTag() error {
	s.pos += len("</")
	name := s.takeName()
	s.skipBlanks()
	if !s.at(">") {
		return s.fail("expected '>'")
	}
	s.pos++
	if open := s.begun(); name != open {
		prefix, local := splitName(open)
		switch {
		case name == "":
			name = "unparsable"
		case prefix != "":
			name = localName(name)
		}
		return s.fail("Opening and ending tag mismatch: %s line %d and %s", local, s.top.Line, name)
	}
	s.depth--
	s.open = s.open[:len(s.open)-1]
	s.top = s.top.Parent
	return nil
}
