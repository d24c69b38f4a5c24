package conf

import (
	"strconv"
	"strings"
)

// Kind says what a Value holds.
type Kind uint8

// The kinds of value that the grammar knows.
const (
	Unsigned Kind = iota + 1 // an integer written without a minus sign
	Signed                   // an integer written with one
	String
	List
)

// Value is the right-hand side of one assignment.
type Value struct {
	Kind Kind
	Int  int64
	Str  string
	List []Value
}

// Entry is one line of a file: an assignment, a comment, or both.
type Entry struct {
	Name       string // empty for a line that is only a comment
	Value      Value
	Comment    string // without its #
	HasComment bool
	Line       int
}

// File is a parsed file.
type File struct {
	Name    string // for messages
	Entries []Entry
}

// Lookup finds the first assignment to a name, the one that counts.
func (f *File) Lookup(name string) (*Entry, bool) {
	for i := range f.Entries {
		if e := &f.Entries[i]; e.Name != "" && e.Name == name {
			return e, true
		}
	}
	return nil, false
}

// Set assigns a value to a name, in place where the file had one.
func (f *File) Set(name string, v Value) {
	if e, ok := f.Lookup(name); ok {
		e.Value = v
		return
	}
	f.Entries = append(f.Entries, Entry{Name: name, Value: v})
}

// Format writes the file in libvirt's form.
func (f *File) Format() string {
	var b strings.Builder
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.Name != "" {
			b.WriteString(e.Name + " = ")
			e.Value.format(&b)
		}
		if e.HasComment {
			if e.Name != "" {
				b.WriteByte(' ')
			}
			b.WriteString("#" + e.Comment)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (v Value) format(b *strings.Builder) {
	switch v.Kind {
	case Unsigned, Signed:
		b.WriteString(strconv.FormatInt(v.Int, 10))
	case String:
		q := quoteFor(v.Str)
		b.WriteString(q + v.Str + q)
	case List:
		b.WriteString("[ ")
		for i, item := range v.List {
			if i > 0 {
				b.WriteString(", ")
			}
			item.format(b)
		}
		b.WriteString(" ]")
	}
}

// quoteFor picks the quotes that a text can stand in: the grammar has no escapes.
func quoteFor(s string) string {
	switch {
	case strings.ContainsAny(s, "\n\r"):
		return `"""`
	case !strings.Contains(s, `"`):
		return `"`
	case !strings.Contains(s, `'`):
		return `'`
	}
	return `"""`
}
