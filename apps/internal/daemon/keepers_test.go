package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/internal/logging"
	"virtree.dev/supervisor/gen"
)

// What nobody else hears of is in the log: a panic with its stack, an end in
// disorder, a process that does not stop.
func TestReportsAreLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := logging.New("1")
	if err := l.SetOutputs("3:file:" + path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	report := reportTo(l.Logger("supervisor"))
	report(gen.Report{Path: "a/b", Name: "reader", Reason: &gen.PanicError{Value: "oops", Stack: []byte("the stack")}})
	report(gen.Report{Path: "a/c", Reason: errors.New("broken")})
	report(gen.Report{Path: "a/d", Reason: errors.New("a/d: stuck"), Stuck: true})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" : process a/b/reader: panic: oops\nthe stack\n", " : process a/c ended: broken\n", " : a/d: stuck\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
