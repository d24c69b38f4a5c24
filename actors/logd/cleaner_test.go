package logd

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
)

func TestOldLogsAreRemoved(t *testing.T) {
	root := t.TempDir()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, days := range map[string]int{
		"old.log": 40, "old.log.0": 50, "old.log.1": 60,
		"young.log": 1, "young.log.0": 90, // together they are as young as the youngest
		"left.log.0":  31,
		"qemu/vm.log": 35, "qemu/open.log": 99, "qemu/open.log.0": 99,
		"qemu/many.log": 1, "qemu/many.log.3": 1, "qemu/many.log.4": 1, // one more than is kept
		"qemu/deep/er.log": 99,
		"text.txt":         99, "log": 99, "a.log.x": 99, "a.log.99999999999": 99,
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now.AddDate(0, 0, -days)); err != nil {
			t.Fatal(err)
		}
	}
	s := &Service{log: zap.NewNop(), byName: map[string]*logFile{}}
	open := &logFile{origin: origin{Path: filepath.Join(root, "qemu/open.log")}}
	s.byName[open.Path] = open
	k := &cleaner{service: s, root: root, days: 30, backups: 3}
	k.clean(now)
	var left []string
	_ = filepath.WalkDir(root, func(path string, e os.DirEntry, _ error) error {
		if !e.IsDir() {
			name, _ := filepath.Rel(root, path)
			left = append(left, name)
		}
		return nil
	})
	slices.Sort(left)
	want := []string{
		"a.log.99999999999", "a.log.x", "log", "qemu/deep/er.log", "qemu/many.log", "qemu/many.log.3",
		"qemu/open.log", "qemu/open.log.0", "text.txt", "young.log", "young.log.0",
	}
	if !slices.Equal(left, want) {
		t.Errorf("left %q\nwant %q", left, want)
	}
	k.days = 1 << 62
	k.clean(now) // no day is that long ago
}
