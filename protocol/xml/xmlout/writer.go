package xmlout

import "strconv"

// Writer builds a document from its start to its end.
//
//	w.Start("disk")
//	w.Attr("type", "file")
//	w.Elem("serial", d.Serial) // left out when empty
//	w.End()
//
// Attributes come before content. An element that gets no content closes itself.
type Writer struct {
	b    []byte
	open []element
	base int // indentation of the outermost element, in levels
}

type element struct {
	name    string
	start   int // where its line begins
	attrs   int // end of the name: anything after it was added
	content int // where the content begins, once filled
	filled  bool
	inline  bool
}

// New makes a writer whose outermost elements are indented by that many levels.
func New(levels int) *Writer { return &Writer{base: levels} }

// String gives what was written.
func (w *Writer) String() string { return string(w.b) }

// Bytes gives what was written; it belongs to the writer.
func (w *Writer) Bytes() []byte { return w.b }

// Len gives the number of bytes written.
func (w *Writer) Len() int { return len(w.b) }

func (w *Writer) indent() {
	for range w.base + len(w.open) {
		w.b = append(w.b, "  "...)
	}
}

// fill closes the start tag of the element in hand, as content follows.
func (w *Writer) fill(inline bool) {
	if len(w.open) == 0 {
		return
	}
	e := &w.open[len(w.open)-1]
	if e.filled {
		return
	}
	e.filled, e.inline = true, inline
	w.b = append(w.b, '>')
	if !inline {
		w.b = append(w.b, '\n')
	}
	e.content = len(w.b)
}

// Start begins an element.
func (w *Writer) Start(name string) {
	w.fill(false)
	start := len(w.b)
	w.indent()
	w.b = append(w.b, '<')
	w.b = append(w.b, name...)
	w.open = append(w.open, element{name: name, start: start, attrs: len(w.b)})
}

// End closes the element in hand.
func (w *Writer) End() {
	e := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if !e.filled {
		w.b = append(w.b, "/>\n"...)
		return
	}
	if !e.inline {
		w.indent()
	}
	w.closing(e.name)
}

func (w *Writer) closing(name string) {
	w.b = append(w.b, "</"...)
	w.b = append(w.b, name...)
	w.b = append(w.b, ">\n"...)
}

// EndFull closes the element in hand with an end tag, also without content.
func (w *Writer) EndFull() {
	w.fill(false)
	w.End()
}

// EndOrDrop closes the element in hand, or takes it back when it got neither attributes nor content.
func (w *Writer) EndOrDrop() {
	e := w.open[len(w.open)-1]
	if e.filled || len(w.b) > e.attrs {
		w.End()
		return
	}
	w.open = w.open[:len(w.open)-1]
	w.b = w.b[:e.start]
	w.unfill()
}

// unfill takes back the ">\n" of a parent whose only child was dropped.
func (w *Writer) unfill() {
	if len(w.open) == 0 {
		return
	}
	if p := &w.open[len(w.open)-1]; p.filled && len(w.b) == p.content {
		p.filled = false
		w.b = w.b[:len(w.b)-2]
	}
}

// Attr adds an attribute, also an empty one.
func (w *Writer) Attr(name, value string) {
	w.b = append(w.b, ' ')
	w.b = append(w.b, name...)
	w.b = append(w.b, "='"...)
	w.b = AppendEscaped(w.b, value)
	w.b = append(w.b, '\'')
}

// OptAttr adds an attribute unless it is empty.
func (w *Writer) OptAttr(name, value string) {
	if value != "" {
		w.Attr(name, value)
	}
}

// PtrAttr adds an attribute unless the value is nil.
func (w *Writer) PtrAttr(name string, value *string) {
	if value != nil {
		w.Attr(name, *value)
	}
}

// IntAttr adds a decimal attribute.
func (w *Writer) IntAttr(name string, v int64) {
	w.b = append(w.b, ' ')
	w.b = append(w.b, name...)
	w.b = append(w.b, "='"...)
	w.b = strconv.AppendInt(w.b, v, 10)
	w.b = append(w.b, '\'')
}

// UintAttr adds a decimal attribute.
func (w *Writer) UintAttr(name string, v uint64) {
	w.b = append(w.b, ' ')
	w.b = append(w.b, name...)
	w.b = append(w.b, "='"...)
	w.b = strconv.AppendUint(w.b, v, 10)
	w.b = append(w.b, '\'')
}

// OptUintAttr adds a decimal attribute unless it is zero.
func (w *Writer) OptUintAttr(name string, v uint64) {
	if v != 0 {
		w.UintAttr(name, v)
	}
}

// Text adds text content on the line of the element in hand; an empty one makes the element close
// with an end tag.
func (w *Writer) Text(s string) {
	w.fill(true)
	w.b = AppendEscaped(w.b, s)
}

// Empty adds an element without attributes and content.
func (w *Writer) Empty(name string) {
	w.Start(name)
	w.End()
}

// Elem adds an element with a text unless the text is empty.
func (w *Writer) Elem(name, text string) {
	if text != "" {
		w.FullElem(name, text)
	}
}

// FullElem adds an element with a text, also an empty one.
func (w *Writer) FullElem(name, text string) {
	w.Start(name)
	w.Text(text)
	w.End()
}

// UintElem adds an element with a decimal number.
func (w *Writer) UintElem(name string, v uint64) {
	w.Start(name)
	w.fill(true)
	w.b = strconv.AppendUint(w.b, v, 10)
	w.End()
}

// OptUintElem adds an element with a decimal number unless it is zero.
func (w *Writer) OptUintElem(name string, v uint64) {
	if v != 0 {
		w.UintElem(name, v)
	}
}

// IntElem adds an element with a decimal number.
func (w *Writer) IntElem(name string, v int64) {
	w.Start(name)
	w.fill(true)
	w.b = strconv.AppendInt(w.b, v, 10)
	w.End()
}

// SizeElem adds an element with a number and its unit, as in <memory unit='KiB'>.
func (w *Writer) SizeElem(name, unit string, v uint64) {
	w.Start(name)
	w.Attr("unit", unit)
	w.fill(true)
	w.b = strconv.AppendUint(w.b, v, 10)
	w.End()
}

// Raw adds finished lines, each to be ended by a newline.
func (w *Writer) Raw(s string) {
	if s == "" {
		return
	}
	w.fill(false)
	w.b = append(w.b, s...)
}

// AppendEscaped appends s with libvirt's escapes: the five of XML; control characters are left out.
func AppendEscaped(b []byte, s string) []byte {
	from := 0
	for i := range len(s) {
		esc, special := escapes(s[i])
		if !special {
			continue
		}
		b = append(b, s[from:i]...)
		b = append(b, esc...)
		from = i + 1
	}
	return append(b, s[from:]...)
}

func escapes(c byte) (string, bool) {
	switch {
	case c == '<':
		return "&lt;", true
	case c == '>':
		return "&gt;", true
	case c == '&':
		return "&amp;", true
	case c == '"':
		return "&quot;", true
	case c == '\'':
		return "&apos;", true
	case c < 0x1a && c != '\t' && c != '\n' && c != '\r':
		return "", true
	}
	return "", false
}

// Uint adds a decimal number as text content.
func (w *Writer) Uint(v uint64) {
	w.fill(true)
	w.b = strconv.AppendUint(w.b, v, 10)
}

// AttrElem adds an element with one attribute unless the value is empty.
func (w *Writer) AttrElem(name, attr, value string) {
	if value != "" {
		w.Start(name)
		w.Attr(attr, value)
		w.End()
	}
}

// Level gives how many levels the next element is indented.
func (w *Writer) Level() int { return w.base + len(w.open) }
