package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const debian = "/usr/sbin/libvirtd"

// Variable is the environment variable that lets Debian's libvirtd take part:
// it is slow, and what it answers was recorded.
const Variable = "VIRTREE_REAL"

// Real is Debian's libvirtd, "" where it is not installed or not wanted.
func Real() string {
	if _, err := os.Stat(debian); err != nil || os.Getenv(Variable) == "" {
		return ""
	}
	return debian
}

// NeedReal skips a test that compares with Debian's libvirtd or records from it.
func NeedReal(t testing.TB) {
	t.Helper()
	if Real() == "" {
		t.Skipf("needs %s (Debian: libvirt-daemon) and %s=1, as make diff-libvirt has it", debian, Variable)
	}
}

// RealOne is another of Debian's daemons; the test is skipped where it is not
// installed or not wanted.
func RealOne(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(filepath.Dir(debian), name)
	if _, err := os.Stat(path); err != nil || os.Getenv(Variable) == "" {
		t.Skipf("needs %s (Debian: libvirt-daemon) and %s=1, as make diff-libvirt has it", path, Variable)
	}
	return path
}

var built struct {
	sync.Mutex
	dir string
	err error
}

// Build gives the path of our libvirtd.
func Build(t testing.TB) string {
	t.Helper()
	return Binary(t, "libvirtd")
}

// Binary gives the path of one of our daemons and tools, which are built once, all
// in one folder. Packages that call it run their tests through Main, which takes
// them away again.
func Binary(t testing.TB, name string) string {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	if built.dir == "" && built.err == nil {
		built.dir, built.err = build()
	}
	if built.err != nil {
		t.Fatal(built.err)
	}
	lookAtSources()
	return filepath.Join(built.dir, name)
}

func build() (string, error) {
	dir, err := os.MkdirTemp("", "vtbin")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // nobody runs it
		return "", err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir+"/", "virtree.dev/apps/...").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
}

// lookAtSources makes the go command see that a test depends on what the binary
// is built of: results are kept as long as the files that a test looked at stay.
func lookAtSources() {
	root, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			return
		}
		root = filepath.Dir(root)
	}
	for _, dir := range []string{"apps", "actors", "config", "internal", "protocol", "supervisor", "systemd"} {
		_ = filepath.WalkDir(filepath.Join(root, dir), func(path string, _ os.DirEntry, err error) error {
			_, _ = os.Stat(path)
			return err
		})
	}
}

// Main runs the tests of a package and removes what Build made.
func Main(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		os.RemoveAll(built.dir)
	}
	os.Exit(code)
}
