package rotating

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// TestTranscripts runs testdata/*.txt: what is written, and which files there are then.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &scene{t: t, path: filepath.Join(t.TempDir(), "vm.log")}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			out, err := s.run(d)
			if err != nil {
				out += "error: " + strings.ReplaceAll(err.Error(), s.path, "vm.log") + "\n"
			}
			return out
		})
	})
}

type scene struct {
	t      *testing.T
	path   string
	limits Limits
	w      *Writer
}

func (s *scene) run(d *datadriven.TestData) (string, error) {
	switch d.Cmd {
	case "open", "truncate":
		d.ScanArgs(s.t, "size", &s.limits.MaxSize)
		d.ScanArgs(s.t, "backups", &s.limits.MaxBackups)
		w, err := Open(s.path, s.limits, d.Cmd == "truncate")
		if err != nil {
			return "", err
		}
		s.w = w
		return s.files(), nil
	case "write":
		text := Text(content(s.t, d))
		_, err := s.w.Write(&text)
		return s.files(), err
	case "outside": // somebody else makes a file
		name := "vm.log"
		d.MaybeScanArgs(s.t, "name", &name)
		return s.files(), os.WriteFile(filepath.Join(filepath.Dir(s.path), name), content(s.t, d), 0o600)
	case "remove":
		return "", os.Remove(s.path)
	case "refresh":
		removed, err := s.w.Refresh()
		return fmt.Sprintf("removed %v\n%s", removed, s.files()), err
	case "read":
		return s.read(d)
	}
	s.t.Fatalf("what is %s?", d.Cmd)
	return "", nil
}

// content is the input; fill=N makes lines of N bytes, of the letters a, b, c…
func content(t *testing.T, d *datadriven.TestData) []byte {
	var lines, length int
	d.MaybeScanArgs(t, "lines", &lines)
	d.MaybeScanArgs(t, "length", &length)
	var b strings.Builder
	for i := range lines {
		b.WriteString(strings.Repeat(string(rune('a'+i%26)), length-1) + "\n")
	}
	text := strings.ReplaceAll(d.Input, "\n", "")
	return []byte(b.String() + strings.ReplaceAll(text, "$", "\n"))
}

// files shows each file: its length, and its content with runs of a letter as a number of them.
func (s *scene) files() string {
	var b strings.Builder
	for i := -1; i < 5; i++ {
		name := s.path
		if i >= 0 {
			name = backup(s.path, uint64(i))
		}
		data, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		fmt.Fprintf(&b, "%s %d: %s\n", filepath.Base(name), len(data), short(data))
	}
	return b.String()
}

func short(data []byte) string {
	var b strings.Builder
	for i := 0; i < len(data); {
		run := i
		for run < len(data) && data[run] == data[i] {
			run++
		}
		c := string(data[i])
		if c == "\n" {
			c = "$"
		}
		b.WriteString(c)
		if run-i > 1 {
			fmt.Fprintf(&b, "*%d ", run-i)
		}
		i = run
	}
	return b.String()
}

// read reads from an offset in a file (of=NAME), or of one that is no more.
func (s *scene) read(d *datadriven.TestData) (string, error) {
	of, at, length := "", 0, 1000
	d.MaybeScanArgs(s.t, "of", &of)
	d.MaybeScanArgs(s.t, "at", &at)
	d.MaybeScanArgs(s.t, "length", &length)
	r, err := OpenReader(s.path, s.limits.MaxBackups)
	if err != nil {
		return "", err
	}
	defer r.Close()
	inode := uint64(1)
	if of != "" {
		f, err := os.Open(filepath.Join(filepath.Dir(s.path), of))
		if err != nil {
			return "", err
		}
		defer f.Close()
		st, err := status(f)
		if err != nil {
			return "", err
		}
		inode = st.Ino
	}
	if err := r.Seek(inode, uint64(at)); err != nil {
		return "", err
	}
	data := make([]byte, length)
	n, err := r.Read(data)
	return short(data[:n]) + "\n", err
}
