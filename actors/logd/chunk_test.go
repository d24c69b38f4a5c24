package logd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/actors/logd/rotating"
	"virtree.dev/internal/sys"
)

// filled is a pipe with a text in it.
func filled(t *testing.T, text string) chunk {
	t.Helper()
	p, err := sys.NewPipeBuffer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	w, err := os.OpenFile("/proc/self/fd/"+itoa(p.FD()), os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("needs /proc: %v", err)
	}
	defer w.Close()
	if _, err := w.WriteString(text); err != nil {
		t.Fatal(err)
	}
	left := len(text)
	k := &peeker{}
	t.Cleanup(k.close)
	return chunk{p, &left, k}
}

// TestPipesAreRolledOverAsText holds that a log file is the same whether its bytes
// come from memory or from a pipe.
func TestPipesAreRolledOverAsText(t *testing.T) {
	texts := []string{"short\n", strings.Repeat("line of some length\n", 20), strings.Repeat("x", 300), strings.Repeat("y", 79) + "\n", "\n\n\n", strings.Repeat("z", 1000) + "\n" + strings.Repeat("end\n", 30)}
	l := rotating.Limits{MaxSize: 256, MaxBackups: 20}
	var paths [2]string
	var writers [2]*rotating.Writer
	for i := range paths {
		paths[i] = filepath.Join(t.TempDir(), "vm.log")
		var err error
		if writers[i], err = rotating.Open(paths[i], l, false); err != nil {
			t.Fatal(err)
		}
		defer writers[i].Close()
	}
	for _, text := range texts {
		c := filled(t, text)
		if n, err := writers[0].Write(c); err != nil || n != len(text) {
			t.Fatalf("%d of %d: %v", n, len(text), err)
		}
		memory := rotating.Text(text)
		if _, err := writers[1].Write(&memory); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 21 {
		suffix := ""
		if i > 0 {
			suffix = "." + itoa(i-1)
		}
		a, _ := os.ReadFile(paths[0] + suffix)
		b, _ := os.ReadFile(paths[1] + suffix)
		if string(a) != string(b) {
			t.Errorf("%s: from a pipe %q, from memory %q", suffix, a, b)
		}
	}
}

// TestFileThatTakesNoSplice is written through memory.
func TestFileThatTakesNoSplice(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "f"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := strings.Repeat("0123456789", 5000)
	c := filled(t, text)
	for at := 0; c.Len() > 0; {
		n, err := c.MoveTo(f, int64(at), c.Len())
		if err != nil || n == 0 {
			t.Fatalf("%d: %v", n, err)
		}
		at += n
	}
	if data, _ := os.ReadFile(f.Name()); string(data) != text {
		t.Errorf("%d bytes in the file", len(data))
	}
}

func TestPeekLeavesWhatItSees(t *testing.T) {
	c := filled(t, "hello, world")
	for range 3 {
		p := make([]byte, 5)
		if err := c.Peek(p); err != nil || string(p) != "hello" {
			t.Errorf("%q, %v", p, err)
		}
	}
	if err := c.Peek(make([]byte, 50)); err == nil {
		t.Error("more was seen than there is")
	}
	p := make([]byte, 12)
	if err := c.Peek(p); err != nil || string(p) != "hello, world" {
		t.Errorf("after a failure: %q, %v", p, err)
	}
}
