package logging

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Priority is libvirt's importance of a message.
type Priority int

// The priorities, by their numbers in configuration files.
const (
	Debug Priority = iota + 1
	Info
	Warning
	Error
)

func (p Priority) String() string {
	switch p {
	case Debug:
		return "debug"
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Error:
		return "error"
	}
	return "none"
}

// severity is the priority as syslog and the journal count it.
func (p Priority) severity() int {
	switch p {
	case Debug:
		return 7
	case Info:
		return 6
	case Warning:
		return 4
	}
	return 3
}

func (p Priority) valid() bool { return Debug <= p && p <= Error }

// InvalidError is a setting that does not parse, in libvirt's words.
type InvalidError struct{ Text string }

func (e *InvalidError) Error() string { return "invalid argument: " + e.Text }

func invalid(format string, args ...any) error {
	return &InvalidError{Text: fmt.Sprintf(format, args...)}
}

// ParsePriority reads LIBVIRT_DEBUG: a number or a name.
func ParsePriority(s string) (Priority, error) {
	for p := Debug; p <= Error; p++ {
		if s == p.String() || s == strconv.Itoa(int(p)) {
			return p, nil
		}
	}
	return 0, invalid("Failed to set logging priority, argument '%s' is invalid", s)
}

func parseNumber(s string) (Priority, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 10, 8)
	return Priority(n), err == nil && Priority(n).valid()
}

// filter gives the sources that match their own priority.
type filter struct {
	priority Priority
	match    string // with a * at both ends
}

// parseFilters reads log_filters: "PRIORITY:MATCH" with blanks between.
func parseFilters(src string) ([]filter, error) {
	var list []filter
	for _, word := range strings.FieldsFunc(src, isSpace) {
		f, err := parseFilter(word)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func parseFilter(src string) (filter, error) {
	tokens := strings.Split(src, ":")
	if len(tokens) < 2 {
		return filter{}, invalid("Malformed format for filter '%s'", src)
	}
	prio, ok := parseNumber(tokens[0])
	if !ok {
		return filter{}, invalid("Invalid priority '%s' for filter '%s'", tokens[0], src)
	}
	// A leading + once asked for a stack trace; it is accepted and has no effect.
	match := strings.TrimPrefix(tokens[1], "+")
	if match == "" {
		return filter{}, invalid("Invalid match string '%s'", tokens[1])
	}
	return filter{priority: prio, match: "*" + match + "*"}, nil
}

// destination is a kind of output.
type destination string

const (
	toStderr   destination = "stderr"
	toSyslog   destination = "syslog"
	toFile     destination = "file"
	toJournald destination = "journald"
)

// target is an output as it is written down.
type target struct {
	priority Priority
	dest     destination
	name     string // path or syslog identity
}

func (t target) String() string {
	s := fmt.Sprintf("%d:%s", t.priority, t.dest)
	if t.name != "" {
		s += ":" + t.name
	}
	return s
}

// parseOutputs reads log_outputs; of two for one place the later stays.
func parseOutputs(src string) ([]target, error) {
	var list []target
	for _, word := range strings.FieldsFunc(src, isSpace) {
		t, err := parseOutput(word)
		if err != nil {
			return nil, err
		}
		kept := list[:0]
		for _, old := range list {
			if old.dest != t.dest || old.name != t.name {
				kept = append(kept, old)
			}
		}
		list = append(kept, t)
	}
	return list, nil
}

func parseOutput(src string) (target, error) {
	tokens := strings.Split(src, ":")
	if len(tokens) < 2 {
		return target{}, invalid("Malformed format for log output '%s'", src)
	}
	prio, ok := parseNumber(tokens[0])
	if !ok {
		return target{}, invalid("Invalid log priority '%s' for log output '%s'", tokens[0], src)
	}
	t := target{priority: prio, dest: destination(tokens[1])}
	want := 2
	switch t.dest {
	case toStderr, toJournald:
	case toFile, toSyslog:
		want = 3
	default:
		return target{}, invalid("Invalid log destination '%s' for log output '%s'", tokens[1], src)
	}
	if len(tokens) != want {
		return target{}, invalid("Log output '%s' does not meet the format requirements for destination type '%s'", src, tokens[1])
	}
	if want == 3 {
		t.name = tokens[2]
	}
	if t.dest == toFile {
		abs, err := filepath.Abs(t.name)
		if err != nil {
			return target{}, fmt.Errorf("path of log output '%s': %w", src, err)
		}
		t.name = abs
	}
	return t, nil
}

// CheckFilters gives what is wrong with each word of log_filters.
func CheckFilters(src string) (wrong []error) {
	for _, word := range strings.FieldsFunc(src, isSpace) {
		if _, err := parseFilter(word); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

// CheckOutputs gives what is wrong with each word of log_outputs; nothing is opened.
func CheckOutputs(src string) (wrong []error) {
	for _, word := range strings.FieldsFunc(src, isSpace) {
		if _, err := parseOutput(word); err != nil {
			wrong = append(wrong, err)
		}
	}
	return wrong
}

// CheckLevel says what is wrong with log_level; 0 is none.
func CheckLevel(level uint) error {
	if level == 0 {
		return nil
	}
	return New("").SetPriority(Priority(level))
}

func isSpace(r rune) bool { return r == ' ' }
