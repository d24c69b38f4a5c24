package cli

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// testCase is one script with what it prints.
type testCase struct {
	title   string
	line    int
	script  []string
	theirs  []string
	ours    []string // only where it differs
	differs string   // why
}

// want is what our daemon has to print.
func (c *testCase) want() string {
	if c.differs != "" {
		return joined(c.ours)
	}
	return joined(c.theirs)
}

func joined(lines []string) string { return strings.Join(lines, "\n") }

// readCases gives the comment at the head of a file and its cases.
func readCases(path string) (head []string, cases []*testCase, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var c *testCase
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		mark, rest, _ := strings.Cut(line, " ")
		if c == nil && mark != "==" {
			head = append(head, line)
			continue
		}
		switch mark {
		case "==":
			c = &testCase{title: rest, line: i + 1}
			cases = append(cases, c)
		case "~":
			c.differs = rest
		case "$":
			c.script = append(c.script, rest)
		case "|":
			c.theirs = append(c.theirs, rest)
		case ">":
			c.ours = append(c.ours, rest)
		case "":
		default:
			return nil, nil, fmt.Errorf("%s:%d: what is %q?", path, i+1, mark)
		}
	}
	return head, cases, nil
}

// writeCases is the opposite of readCases.
func writeCases(path string, head []string, cases []*testCase) error {
	out := append([]string(nil), head...)
	for _, c := range cases {
		out = append(out, "== "+c.title)
		if c.differs != "" {
			out = append(out, "~ "+c.differs)
		}
		for _, part := range []struct {
			mark  string
			lines []string
		}{{"$", c.script}, {"|", c.theirs}, {">", c.ours}} {
			for _, line := range part.lines {
				out = append(out, strings.TrimRight(part.mark+" "+line, " "))
			}
		}
		out = append(out, "")
	}
	return os.WriteFile(path, []byte(joined(out)), 0o644)
}

var (
	stamp   = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: \d+: (debug|info|warning|error) : (?:[\w.]+:\d+ : )?`)
	version = regexp.MustCompile(`\(libvirt\) \d+\.\d+\.\d+`)
	// What the real one says of a machine without D-Bus, udev and firmware tables,
	// and ours of what is not built.
	// --check-config is ours alone: apps/internal/daemon holds the help against the real one.
	surroundings = regexp.MustCompile(`^  +--check-config |has no effect yet|DBus|D-Bus|bus connection|udev|/dev/kvm|dmidecode|ethtool|^(info : )?(libvirt version|hostname): `)
)

// same takes out of an output what two runs cannot share.
func same(out, daemon, base string) string {
	out = strings.NewReplacer(daemon, "libvirtd", base, "$B").Replace(out)
	var lines []string
	for line := range strings.Lines(out) {
		line = stamp.ReplaceAllString(strings.TrimRight(line, "\n"), "$1 : ")
		if surroundings.MatchString(line) {
			continue
		}
		lines = append(lines, strings.TrimRight(version.ReplaceAllString(line, "(libvirt) VERSION"), " "))
	}
	return joined(lines)
}
