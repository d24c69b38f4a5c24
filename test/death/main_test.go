package death

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const (
	nobody   = 65534
	binaries = "VIRTREE_DEATH_BINARIES"
)

// TestMain builds the daemons, and goes on as somebody whose daemons are session daemons.
func TestMain(m *testing.M) {
	if os.Getenv(binaries) != "" {
		os.Exit(m.Run())
	}
	code, err := prepared(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func prepared(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "vtdeath")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return 0, err
	}
	for skew, programs := range map[string][]string{"": {"virtlogd", "virtlockd", "libvirtd"}, "newer": {"virtlockd"}, "apart": {"virtlockd"}} {
		if err := build(filepath.Join(dir, skew), skew, programs); err != nil {
			return 0, err
		}
	}
	if err := os.Setenv(binaries, dir); err != nil {
		return 0, err
	}
	if os.Geteuid() != 0 {
		return m.Run(), nil
	}
	return asNobody(dir)
}

// build builds programs whose formats are of other versions where skew says so.
func build(dir, skew string, programs []string) error {
	args := []string{"build", "-buildvcs=false", "-ldflags", "-X virtree.dev/supervisor/freeze.skew=" + skew, "-o", dir + "/"}
	for _, p := range programs {
		args = append(args, "virtree.dev/apps/"+p)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// asNobody runs this test binary once more. The binary's own folder may be root's alone.
func asNobody(dir string) (int, error) {
	self := filepath.Join(dir, "death.test")
	data, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(self, data, 0o755); err != nil {
		return 0, err
	}
	// The go command's own files are in a folder that is closed to others.
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(a string) bool { return strings.HasPrefix(a, "-test.testlogfile") })
	cmd := exec.Command(self, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	var ended *exec.ExitError
	if err := cmd.Run(); errors.As(err, &ended) {
		fmt.Fprintln(os.Stderr, err)
		return max(ended.ExitCode(), 1), nil // a signal is none
	} else if err != nil {
		return 0, err
	}
	return 0, nil
}
