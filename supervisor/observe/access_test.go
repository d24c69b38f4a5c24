package observe

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const (
	askVariable = "OBSERVE_TEST_SOCKET"
	nobody      = 65534
)

// TestMain lets the test binary be a client of another user.
func TestMain(m *testing.M) {
	socket := os.Getenv(askVariable)
	if socket == "" {
		os.Exit(m.Run())
	}
	if err := Copy(os.Stdout, socket, Request{}); err != nil {
		os.Stdout.WriteString("refused: " + err.Error())
	}
}

func TestOnlyTheOwnerLooks(t *testing.T) {
	_, path := startTree(t)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if os.Geteuid() != 0 {
		t.Skip("being another user takes root")
	}
	// Even where the file lets them, others are shown nothing.
	binary := t.TempDir() + "/observe.test"
	if err := exec.Command("cp", os.Args[0], binary).Run(); err != nil {
		t.Fatal(err)
	}
	for p := path; p != "/tmp" && p != "/"; p = filepath.Dir(p) {
		_ = os.Chmod(p, 0o777)
	}
	for p := binary; p != "/tmp" && p != "/"; p = filepath.Dir(p) {
		_ = os.Chmod(p, 0o777)
	}
	ask := func(uid uint32) []byte {
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), askVariable+"="+path)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return out
	}
	if out := ask(0); !bytes.Contains(out, []byte("fragile")) {
		t.Errorf("root sees %q", out)
	}
	if out := ask(nobody); bytes.Contains(out, []byte("fragile")) || bytes.Contains(out, []byte("no daemon")) {
		t.Errorf("another user sees %q", out)
	}
}
