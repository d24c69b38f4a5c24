package statefile

import (
	"os"
	"path/filepath"
	"testing"
)

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWriteReplacesWholly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.xml")
	for _, text := range []string{"a long first text", "short"} {
		if err := Write(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("content = %q, want %q", got, text)
		}
	}
	if _, err := os.Stat(path + suffix); err == nil {
		t.Error("the temporary file stayed")
	}
}

func TestWriteKeepsOldContentWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.xml")
	if err := Write(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A folder in the temporary file's place makes the write fail.
	if err := os.Mkdir(path+suffix, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new"), 0o600); err == nil {
		t.Fatal("Write succeeded over a folder")
	}
	if got := content(t, path); got != "old" {
		t.Errorf("content = %q, want the old one", got)
	}
}

func TestLinkReplaces(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "autostart", "a.xml")
	for _, target := range []string{"/one", "/two"} {
		if err := Link(target, link); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.Readlink(link); got != target {
			t.Errorf("link to %q, want %q", got, target)
		}
	}
	for range 2 { // the second time it is gone already
		if err := Remove(link); err != nil {
			t.Fatal(err)
		}
	}
}
