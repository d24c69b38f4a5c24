package daemon

import (
	"fmt"
	"strings"
)

// flag is an option that a command line may have.
type flag struct {
	long  string
	short byte
	value bool // takes one
	own   bool // not libvirt's: it has no letter that anybody could write, and is not cut short
}

// usageError is a command line that cannot be understood, in getopt's words.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func misuse(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// scanner goes through a command line as the C library's getopt_long does:
// option by option, so that what comes first decides, with words that are no
// options left aside.
type scanner struct {
	flags []flag
	args  []string
	group string   // what is left of a word of short options
	words []string // no options
}

// next gives the next option by its short letter, 0 at the end.
func (s *scanner) next() (letter byte, value string, err error) {
	for s.group == "" {
		if len(s.args) == 0 {
			return 0, "", nil
		}
		word := s.args[0]
		s.args = s.args[1:]
		switch {
		case word == "--":
			s.words = append(s.words, s.args...)
			s.args = nil
		case strings.HasPrefix(word, "--"):
			return s.long(word[2:])
		case len(word) > 1 && word[0] == '-':
			s.group = word[1:]
		default:
			s.words = append(s.words, word)
		}
	}
	return s.short()
}

func (s *scanner) short() (letter byte, value string, err error) {
	letter, s.group = s.group[0], s.group[1:]
	for _, f := range s.flags {
		if f.short != letter || f.own {
			continue
		}
		if !f.value {
			return letter, "", nil
		}
		value, s.group = s.group, ""
		if value == "" && len(s.args) == 0 {
			return 0, "", misuse("option requires an argument -- '%c'", letter)
		}
		if value == "" {
			value, s.args = s.args[0], s.args[1:]
		}
		return letter, value, nil
	}
	return 0, "", misuse("invalid option -- '%c'", letter)
}

func (s *scanner) long(word string) (letter byte, value string, err error) {
	name, value, given := strings.Cut(word, "=")
	f, err := s.find(name, word)
	switch {
	case err != nil:
		return 0, "", err
	case given && !f.value:
		return 0, "", misuse("option '--%s' doesn't allow an argument", f.long)
	case !f.value || given:
		return f.short, value, nil
	case len(s.args) == 0:
		return 0, "", misuse("option '--%s' requires an argument", f.long)
	}
	value, s.args = s.args[0], s.args[1:]
	return f.short, value, nil
}

// find takes a name that is cut short as long as it means one option.
func (s *scanner) find(name, word string) (flag, error) {
	var found []flag
	var names strings.Builder
	for _, f := range s.flags {
		if f.long == name {
			return f, nil
		}
		if strings.HasPrefix(f.long, name) && !f.own { // ours makes nothing ambiguous
			found = append(found, f)
			fmt.Fprintf(&names, " '--%s'", f.long)
		}
	}
	switch len(found) {
	case 0:
		return flag{}, misuse("unrecognized option '--%s'", word)
	case 1:
		return found[0], nil
	}
	return flag{}, misuse("option '--%s' is ambiguous; possibilities:%s", word, names.String())
}
