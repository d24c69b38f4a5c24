package logging

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"

	"virtree.dev/internal/pattern"
)

func fileLog(t *testing.T) (*Log, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.log")
	l := New("1.2.3")
	if err := l.SetOutputs("1:file:" + path); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, path
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestLinesAreLibvirts(t *testing.T) {
	l, path := fileLog(t)
	l.Logger("rpc").Error("text", zap.Error(os.ErrNotExist), zap.Int("code", 38))
	lines := strings.Split(strings.TrimSpace(read(t, path)), "\n")
	if len(lines) != 3 {
		t.Fatalf("want two greetings and a message, got %q", lines)
	}
	stamp := `^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\+0000: \d+: `
	for i, want := range []string{
		`info : libvirt version: 1\.2\.3$`,
		`info : hostname: \S+$`,
		`error : logging\.TestLinesAreLibvirts:\d+ : text: file does not exist$`,
	} {
		if !regexp.MustCompile(stamp + want).MatchString(lines[i]) {
			t.Errorf("line %d: %q does not match %s", i, lines[i], want)
		}
	}
}

func TestFiltersChooseBySource(t *testing.T) {
	l, path := fileLog(t)
	qemu, rpc := l.Logger("qemu.driver"), l.Logger("rpc.client")
	rpc.Info("one")
	if err := l.SetFilters("1:qemu 4:rpc"); err != nil {
		t.Fatal(err)
	}
	qemu.Debug("two")
	rpc.Warn("three")
	rpc.Error("four")
	if err := l.SetFilters(""); err != nil {
		t.Fatal(err)
	}
	qemu.Debug("five")
	rpc.Warn("six")
	got := read(t, path)
	for text, want := range map[string]bool{
		"one": false, "two": true, "three": false, "four": true, "five": false, "six": true,
	} {
		if strings.Contains(got, " : "+text+"\n") != want {
			t.Errorf("%s logged: %v, want %v", text, !want, want)
		}
	}
}

func TestReopenFollowsRotation(t *testing.T) {
	l, path := fileLog(t)
	log := l.Logger("x")
	log.Error("old")
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	log.Error("new")
	if got := read(t, path); !strings.Contains(got, "new") || strings.Contains(got, "old") {
		t.Errorf("after rotation: %q", got)
	}
}

func TestABadSettingLeavesTheOld(t *testing.T) {
	l, path := fileLog(t)
	before := l.Outputs()
	if err := l.SetOutputs("1:file:" + path + ".new 9:stderr"); err == nil {
		t.Error("no error")
	}
	if err := l.SetOutputs("1:file:" + filepath.Join(path, "no", "file")); err == nil {
		t.Error("no error")
	}
	if got := l.Outputs(); got != before {
		t.Errorf("outputs %q, want %q", got, before)
	}
}

func TestSettingErrorsAreLibvirts(t *testing.T) {
	l := New("1")
	tests := []struct {
		set      func(string) error
		src, err string
	}{
		{l.SetFilters, "x", "invalid argument: Malformed format for filter 'x'"},
		{l.SetFilters, "9:x", "invalid argument: Invalid priority '9' for filter '9:x'"},
		{l.SetFilters, "1:+", "invalid argument: Invalid match string '+'"},
		{l.SetOutputs, "foo", "invalid argument: Malformed format for log output 'foo'"},
		{l.SetOutputs, "0:stderr", "invalid argument: Invalid log priority '0' for log output '0:stderr'"},
		{l.SetOutputs, "1:foo", "invalid argument: Invalid log destination 'foo' for log output '1:foo'"},
		{l.SetOutputs, "1:file", "invalid argument: Log output '1:file' does not meet the format requirements for destination type 'file'"},
		{l.SetOutputs, "1:stderr:x", "invalid argument: Log output '1:stderr:x' does not meet the format requirements for destination type 'stderr'"},
	}
	for _, tt := range tests {
		if err := tt.set(tt.src); err == nil || err.Error() != tt.err {
			t.Errorf("%q: got %v, want %s", tt.src, err, tt.err)
		}
	}
	if err := l.SetPriority(9); err == nil || err.Error() != "invalid argument: Failed to set logging priority, argument '9' is invalid" {
		t.Errorf("got %v", err)
	}
}

func TestLaterOutputReplacesEarlier(t *testing.T) {
	list, err := parseOutputs("1:stderr  3:file:/a 2:stderr 4:file:/b")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range list {
		got = append(got, o.String())
	}
	if want := "3:file:/a 2:stderr 4:file:/b"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestPrecedence(t *testing.T) {
	dir := t.TempDir()
	env := map[string]string{"LIBVIRT_LOG_OUTPUTS": "1:file:" + filepath.Join(dir, "env"), "LIBVIRT_DEBUG": "error"}
	l := New("1")
	s := Setup{
		Level: 3, Filters: "1:a", Outputs: "1:file:" + filepath.Join(dir, "conf"),
		Verbose: true, Getenv: func(k string) string { return env[k] },
	}
	if err := s.Apply(l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	if l.Priority() != Info || l.Filters() != "1:*a*" || l.Outputs() != env["LIBVIRT_LOG_OUTPUTS"] {
		t.Errorf("priority %v, filters %q, outputs %q", l.Priority(), l.Filters(), l.Outputs())
	}
}

func TestBackgroundLogsToAFileOfItsOwn(t *testing.T) {
	if _, err := os.Stat(journalSocket); err == nil {
		t.Skip("journald runs here and comes first")
	}
	path := filepath.Join(t.TempDir(), "sub", "libvirtd.log")
	l := New("1")
	s := Setup{Background: true, File: path, Getenv: func(string) string { return "" }}
	if err := s.Apply(l); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	l.Logger("x").Error("hello")
	if !strings.Contains(read(t, path), "hello") {
		t.Error("nothing logged")
	}
}

func TestJournalFields(t *testing.T) {
	r := &record{source: "qemu", function: "f", file: "x.go", line: 3, fields: map[string]any{"code": 38, "domain": 10}}
	got := r.journalFields()
	for k, want := range map[string]string{
		"LIBVIRT_SOURCE": "qemu", "LIBVIRT_CODE": "38", "LIBVIRT_DOMAIN": "10",
		"CODE_FUNC": "f", "CODE_LINE": "3", "CODE_FILE": "x.go", "SYSLOG_FACILITY": "3",
	} {
		if got[k] != want {
			t.Errorf("%s: got %q, want %q", k, got[k], want)
		}
	}
}

func TestGlob(t *testing.T) {
	tests := []struct {
		match, s string
		want     bool
	}{
		{"*qemu*", "qemu.qemu_driver", true},
		{"*qemu*", "util.object", false},
		{"*a*b*", "xaxbx", true},
		{"*a?c*", "xabcx", true},
		{"*a?c*", "xacx", false},
		{"*", "", true},
		{"a", "ab", false},
	}
	for _, tt := range tests {
		if got := pattern.Match(tt.match, tt.s); got != tt.want {
			t.Errorf("%q against %q: %v", tt.match, tt.s, got)
		}
	}
}

func BenchmarkDisabled(b *testing.B) {
	l := New("1")
	log := l.Logger("rpc")
	for b.Loop() {
		log.Debug("nothing")
	}
}

func FuzzSettings(f *testing.F) {
	f.Add("1:qemu 3:file:/x", "1:stderr")
	f.Fuzz(func(t *testing.T, filters, outputs string) {
		if list, err := parseFilters(filters); err == nil {
			for _, x := range list {
				if !pattern.Match(x.match, strings.Trim(x.match, "*")) {
					t.Errorf("%q does not match itself", x.match)
				}
			}
		}
		_, _ = parseOutputs(outputs)
	})
}

// What is given as settings makes the same filters again.
func TestFilterSettingsAreTakenBack(t *testing.T) {
	l := New("1")
	if err := l.SetFilters("1:a 4:*b* 2:++c 3:+d.e*"); err != nil {
		t.Fatal(err)
	}
	want := l.Filters()
	if err := l.SetFilters(l.FilterSettings()); err != nil || l.Filters() != want {
		t.Errorf("%v: now %q, before %q", err, l.Filters(), want)
	}
}
