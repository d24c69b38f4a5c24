package conf

import (
	"fmt"
	"strings"
)

// Setting ties a key of a file to the field of C that it fills.
type Setting[C any] struct {
	Key    string
	Effect string // what it changes, or which later work will use it
	Form   string // how its values are written
	read   func(f *File, c *C) error
	shown  func(c *C) Value // nil: a reader of its own fills what it fills
}

// later ends the effect of a setting that has none yet.
const later = ": later"

// Later marks a setting that is read and checked, and used once a feature is there.
func Later(feature string) string { return feature + later }

// Takes says how the values of a setting are written, for those who wrote another.
func (s Setting[C]) Takes(form string) Setting[C] {
	s.Form = form
	return s
}

func bind[C, T any](key, effect, form string, field func(*C) *T, get func(*File, string, *T) (bool, error)) Setting[C] {
	return Setting[C]{
		Key: key, Effect: effect, Form: form,
		read: func(f *File, c *C) error {
			_, err := get(f, key, field(c))
			return err
		},
		shown: func(c *C) Value { return ValueOf(*field(c)) },
	}
}

// Text is a setting that holds a text.
func Text[C any](key, effect string, field func(*C) *string) Setting[C] {
	return bind(key, effect, `"text"`, field, (*File).String)
}

// Flag is a setting that holds 0 or 1.
func Flag[C any](key, effect string, field func(*C) *bool) Setting[C] {
	return bind(key, effect, "0 or 1", field, (*File).Bool)
}

// Integer is a setting that holds an integer.
func Integer[C any](key, effect string, field func(*C) *int) Setting[C] {
	return bind(key, effect, "a number from -2147483648 to 2147483647", field, (*File).Int)
}

// Count is a setting that holds an integer from 0 up.
func Count[C any](key, effect string, field func(*C) *uint) Setting[C] {
	return bind(key, effect, "a number from 0 to 4294967295", field, (*File).Uint)
}

// Size is a setting that holds an integer of 64 bits from 0 up.
func Size[C any](key, effect string, field func(*C) *uint64) Setting[C] {
	return bind(key, effect, "a number from 0 up", field, (*File).Uint64)
}

// Texts is a setting that holds a list of texts.
func Texts[C any](key, effect string, field func(*C) *[]string) Setting[C] {
	return bind(key, effect, `[ "text", "text" ]`, field, (*File).Strings)
}

// TextOrTexts is a setting that holds a list of texts, or one text for a list of one.
func TextOrTexts[C any](key, effect string, field func(*C) *[]string) Setting[C] {
	return bind(key, effect, `"text" or [ "text", "text" ]`, field, (*File).StringOrStrings)
}

// Custom is a setting with a reader of its own, called only where the key stands.
func Custom[C any](key, effect string, read func(f *File, e *Entry, c *C) error) Setting[C] {
	return Setting[C]{Key: key, Effect: effect, read: func(f *File, c *C) error {
		e, ok := f.Lookup(key)
		if !ok {
			return nil
		}
		return read(f, e, c)
	}}
}

const ignored = "none: libvirt ignores it too"

// Ignored is a key that libvirt accepts in the file and makes no use of.
func Ignored[C any](key string) Setting[C] {
	return Setting[C]{Key: key, Effect: ignored, read: func(*File, *C) error { return nil }}
}

// Load fills c from f. It gives back a note for each key of the file that the
// table lacks, or that changes nothing yet.
func Load[C any](f *File, table []Setting[C], c *C) (notes []string, err error) {
	for _, s := range table {
		if err := s.read(f, c); err != nil {
			return nil, err
		}
	}
	strangers, idle := survey(f, table)
	for _, e := range strangers {
		notes = append(notes, fmt.Sprintf("%s:%d: unknown parameter '%s' is ignored", f.Name, e.Line, e.Name))
	}
	return append(notes, idle...), nil
}

// survey finds the entries that no setting of the table reads, and notes on those
// that change nothing yet.
func survey[C any](f *File, table []Setting[C]) (strangers []Entry, idle []string) {
	effects := make(map[string]string, len(table))
	for _, s := range table {
		effects[s.Key] = s.Effect
	}
	for _, e := range f.Entries {
		effect, known := effects[e.Name]
		feature, waits := strings.CutSuffix(effect, later)
		switch {
		case e.Name == "":
		case !known:
			strangers = append(strangers, e)
		case waits:
			idle = append(idle, fmt.Sprintf("%s:%d: parameter '%s' has no effect yet: it waits for %s", f.Name, e.Line, e.Name, feature))
		}
	}
	return strangers, idle
}

// Fail makes the error of an entry, with its file and line.
func (f *File) Fail(class error, e *Entry, format string, args ...any) error {
	return &Error{Class: class, File: f.Name, Line: e.Line, Text: fmt.Sprintf(format, args...)}
}
