package rotating

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// FuzzNothingIsLost writes chunks of any sizes over the borders of files: read
// together, the files are the end of what was written, none is too long, and
// none is cut in a line where its end was near.
func FuzzNothingIsLost(f *testing.F) {
	f.Add([]byte("a line\nanother\n\n"), uint16(20), uint8(2), uint8(3))
	f.Add(bytes.Repeat([]byte("0123456789 0123456789\n"), 60), uint16(100), uint8(3), uint8(50))
	f.Add(bytes.Repeat([]byte("x"), 500), uint16(90), uint8(1), uint8(255))
	f.Fuzz(func(t *testing.T, data []byte, size uint16, backups, chunk uint8) {
		if len(data) > 1<<10 || size < 16 {
			return
		}
		l := Limits{MaxSize: uint64(size), MaxBackups: uint64(backups % 8)}
		path := filepath.Join(t.TempDir(), "vm.log")
		w, err := Open(path, l, false)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(chunk)+1)
			text := Text(bytes.Clone(rest[:n]))
			if written, err := w.Write(&text); err != nil || written != n || len(text) > 0 {
				t.Fatalf("%d of %d written, %d left: %v", written, n, len(text), err)
			}
			rest = rest[n:]
		}
		checkFiles(t, path, l, data)
	})
}

func checkFiles(t *testing.T, path string, l Limits, data []byte) {
	var all []byte
	names := Resume(path, l).names()
	for i := len(names) - 1; i >= 0; i-- {
		part, err := os.ReadFile(names[i])
		if err != nil {
			continue
		}
		if uint64(len(part)) > l.MaxSize {
			t.Errorf("%s has %d bytes, at most %d may be", names[i], len(part), l.MaxSize)
		}
		all = append(all, part...)
	}
	if !bytes.HasSuffix(data, all) {
		t.Errorf("the files have %q, written was %q", all, data)
	}
	// All is there as long as there is a place for it.
	if _, err := os.Stat(fmt.Sprintf("%s.%d", path, l.MaxBackups-1)); l.MaxBackups > 0 && err != nil && len(all) != len(data) {
		t.Errorf("%d bytes are in the files, %d were written", len(all), len(data))
	}
}
