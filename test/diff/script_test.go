package diff

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// step is one line of a script with the files it needs.
type step struct {
	script  string
	line    int
	text    string
	differs string            // why the text may differ, "" if it may not
	more    string            // why ours may have more lines, "" if it may not
	missing string            // why ours may not have the function, "" if it must
	drop    []*regexp.Regexp  // taken out of both answers
	files   map[string]string // written before
}

func (s step) String() string { return fmt.Sprintf("%s:%d: %s", s.script, s.line, s.text) }

func readScript(path string) ([]step, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var steps []step
	var always []*regexp.Regexp
	missing := ""
	next := step{script: filepath.Base(path), files: map[string]string{}}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		l := lines[i]
		switch {
		case strings.TrimSpace(l) == "" || strings.HasPrefix(l, "#"):
		case strings.HasPrefix(l, "~ "):
			next.differs = l[2:]
		case strings.HasPrefix(l, "? "):
			next.missing = l[2:]
		case strings.HasPrefix(l, "?? "):
			next.missing, missing = l[3:], l[3:]
		case strings.HasPrefix(l, "> "):
			next.more = l[2:]
		case strings.HasPrefix(l, "- "), strings.HasPrefix(l, "-- "):
			kind, text, _ := strings.Cut(l, " ")
			re, err := regexp.Compile("(?m)" + text)
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
			if next.drop = append(next.drop, re); kind == "--" {
				always = append(always, re)
			}
		case strings.HasPrefix(l, "< "):
			more, err := readScript(filepath.Join(filepath.Dir(path), l[2:]))
			if err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
			}
			steps = append(steps, more...)
		case strings.HasPrefix(l, "= "):
			end := i + 1
			for end < len(lines) && lines[end] != "=" {
				end++
			}
			if end == len(lines) {
				return nil, fmt.Errorf("%s:%d: file without a closing =", path, i+1)
			}
			next.files[strings.TrimSpace(l[2:])] = strings.Join(lines[i+1:end], "\n") + "\n"
			i = end
		default:
			next.line, next.text = i+1, l
			steps = append(steps, next)
			next = step{script: next.script, missing: missing, drop: slices.Clone(always), files: map[string]string{}}
		}
	}
	return steps, nil
}

var words = regexp.MustCompile(`'([^']*)'|(\S+)`)

// splitWords splits at blanks; single quotes keep a word together.
func splitWords(line string) []string {
	var out []string
	for _, m := range words.FindAllStringSubmatch(line, -1) {
		if strings.HasPrefix(m[0], "'") {
			out = append(out, m[1])
		} else {
			out = append(out, m[2])
		}
	}
	return out
}

func (s *side) write(t *testing.T, files map[string]string) {
	t.Helper()
	if len(files) == 0 {
		return
	}
	for name, text := range files {
		p := filepath.Join(s.base, "files", name)
		if err := os.WriteFile(p, []byte(strings.ReplaceAll(text, "$DIR", filepath.Dir(p))), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s.own(t)
}

var (
	macs    = regexp.MustCompile(`52:54:00(:[0-9a-f]{2}){3}`)
	stamps  = regexp.MustCompile(`[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+(\+0000|Z)`)
	times   = regexp.MustCompile(`[0-9]+\.[0-9]+s`)
	numbers = regexp.MustCompile(`\b[0-9]{5}\b`)
	serials = regexp.MustCompile(`"libvirt-[0-9]+"`)
	ptys    = regexp.MustCompile(`/dev/pts/[0-9]+`)
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
)

// same takes out of a text what two runs can never share.
func (s *side) same(text string) string {
	text = strings.ReplaceAll(text, s.base, "$BASE")
	for _, r := range []struct {
		re *regexp.Regexp
		to string
	}{{macs, "MAC"}, {stamps, "STAMP"}, {times, "TIME"}, {ptys, "PTY"}, {serials, `"libvirt-N"`}} {
		text = r.re.ReplaceAllString(text, r.to)
	}
	text = numbers.ReplaceAllStringFunc(text, s.port)
	// libvirt says one or the other, whichever of its threads comes first.
	text = strings.ReplaceAll(text, "process exited while connecting to monitor", "qemu unexpectedly closed the monitor")
	seen := map[string]string{}
	return uuids.ReplaceAllStringFunc(text, func(u string) string {
		if strings.HasPrefix(u, "00000000-") {
			return u // chosen by a script
		}
		if seen[u] == "" {
			seen[u] = fmt.Sprintf("UUID%d", len(seen)+1)
		}
		return seen[u]
	})
}

// without takes out of a text what is not compared.
func (s *step) without(text string) string {
	for _, re := range s.drop {
		text = re.ReplaceAllString(text, "")
	}
	return text
}

// holds says whether all lines of a text are in another, in their order.
func holds(text, part string) bool {
	lines := strings.SplitAfter(text, "\n")
	for line := range strings.SplitAfterSeq(part, "\n") {
		at := slices.Index(lines, line)
		if at < 0 {
			return false
		}
		lines = lines[at+1:]
	}
	return true
}

// firstVNC is the port of VNC's display 0.
const firstVNC = 5900

// port names the ports of displays, and VNC's numbers of them, alike for both sides.
func (s *side) port(number string) string {
	n, err := strconv.Atoi(number)
	if err != nil {
		return number
	}
	for name, at := range map[string]int{"PORT": n - s.ports, "DISPLAY": n + firstVNC - s.ports} {
		if at >= 0 && at < portsEach {
			return name + strconv.Itoa(at)
		}
	}
	return number
}
