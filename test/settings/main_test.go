package settings

import (
	"os/exec"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }

// need skips a test where a program is missing.
func need(t testing.TB, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s (Debian: libvirt-clients, qemu-system-x86)", p)
		}
	}
}

// run runs a client as the daemon's user; it must not fail.
func run(t testing.TB, d *peer.Daemon, name string, args ...string) string {
	t.Helper()
	out, err := d.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
