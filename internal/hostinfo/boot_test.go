package hostinfo

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestBootTime(t *testing.T) {
	h := Host{Root: t.TempDir()}
	put := func(path string, content []byte) {
		t.Helper()
		path = filepath.Join(h.Root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.BootTime(); err == nil {
		t.Error("a host that tells nothing was started some time")
	}
	put("proc/stat", []byte("cpu  1 2 3\nbtime 1795552338\nprocesses 4\n"))
	if at, err := h.BootTime(); err != nil || at != 1795552338 {
		t.Errorf("by the kernel: %d, %v", at, err)
	}
	if runtime.GOARCH != "amd64" {
		t.Skip("utmp has another form on " + runtime.GOARCH)
	}
	utmp := make([]byte, 3*utmpRecord-1)
	put("run/utmp", utmp)
	if at, err := h.BootTime(); err != nil || at != 1795552338 {
		t.Errorf("with a utmp that does not say: %d, %v", at, err)
	}
	binary.LittleEndian.PutUint16(utmp[utmpRecord:], utmpBoot)
	binary.LittleEndian.PutUint32(utmp[utmpRecord+utmpSeconds:], 1795550000)
	put("run/utmp", utmp)
	if at, err := h.BootTime(); err != nil || at != 1795550000 {
		t.Errorf("by utmp: %d, %v", at, err)
	}
}

func FuzzBootRecord(f *testing.F) {
	f.Add(make([]byte, utmpRecord))
	f.Fuzz(func(_ *testing.T, b []byte) { bootRecord(b) })
}
