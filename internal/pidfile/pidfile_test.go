package pidfile

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestMain lets the test binary be the other process that wants the file: a
// POSIX lock keeps out other processes only.
func TestMain(m *testing.M) {
	path := os.Getenv("PIDFILE_TEST_PATH")
	if path == "" {
		os.Exit(m.Run())
	}
	if _, err := Acquire(path); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

func TestHeldByOneProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.pid")
	if err := os.WriteFile(path, []byte("123456789 of a daemon that was killed"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	other := exec.Command(os.Args[0])
	other.Env = append(os.Environ(), "PIDFILE_TEST_PATH="+path)
	out, err := other.CombinedOutput()
	if want := "Failed to acquire pid file '" + path + "': Resource temporarily unavailable"; err == nil || string(out) != want {
		t.Errorf("the other process: %v, %q, want %q", err, out, want)
	}
	p.Release()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is left behind: %v", err)
	}
}

func TestHoldsOurNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "d.pid")
	p, err := Acquire(path)
	if err != nil {
		t.Fatal(err)
	}
	// Reading it in this process would give the lock up with the descriptor.
	out, err := exec.Command("cat", path).Output()
	if err != nil || string(out) != strconv.Itoa(os.Getpid()) {
		t.Errorf("%q, %v", out, err)
	}
	p.Release()
}

func TestNoFolder(t *testing.T) {
	_, err := Acquire(filepath.Join(t.TempDir(), "no", "where"))
	if !errors.Is(err, syscall.ENOENT) || !strings.HasSuffix(err.Error(), "': No such file or directory") {
		t.Error(err)
	}
}
