package logd

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/wire/wiretest"
)

// TestSystemModeIsRootsAlone runs a daemon as root, in a mount namespace of its
// own: its sockets, its folder of logs, and who is let in.
func TestSystemModeIsRootsAlone(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root for a daemon in system mode")
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("needs to make namespaces: %v: %s", err, out)
	}
	d := prepare(t, ours(t), "max_size = 100000\nmax_backups = 20\n")
	d.Args = nil
	d.Socket = func() string { return d.seen("/run/libvirt/virtlogd-sock") }
	d.Before = []string{"unshare", "-m", "sh", "-c", `set -e
for d in /run /etc/libvirt /var/log/libvirt /var/lib/libvirt; do [ ! -d $d ] || mount -t tmpfs -o mode=755 tmpfs $d; done
mkdir -p /var/log/libvirt/qemu
exec "$@"`, "sh"}
	d.Run()
	c := &client{wiretest.Dial(t, d.Socket())}
	path := "/var/log/libvirt/qemu/vm.log"
	pipe := c.mustOpen(path)
	w := writeNumbers(t, pipe, 20*time.Microsecond)
	time.Sleep(100 * time.Millisecond)
	d.Signal(syscall.SIGUSR1)
	time.Sleep(100 * time.Millisecond)
	wantNumbers(t, d.seen(path), w.end())
	for _, socket := range []string{"virtlogd-sock", "virtlogd-admin-sock"} {
		st, err := os.Stat(d.seen("/run/libvirt/" + socket))
		if err != nil || st.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", socket, st, err)
		}
	}
	if text, err := os.ReadFile(d.seen("/run/virtlogd.pid")); err != nil || strings.TrimSpace(string(text)) == "" {
		t.Errorf("pid file: %q, %v", text, err)
	}
}

// TestOthersAreNotLetIn has root, who may connect to any socket, ask a user's daemon.
func TestOthersAreNotLetIn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to be somebody else than the daemon")
	}
	d := start(t, ours(t), "")
	if c := wiretest.Dial(t, d.Socket()); !c.Closed() {
		t.Error("root was let in to a user's daemon")
	}
	if _, err := d.dial().position(d.log("vm")); err == nil {
		t.Error("a log file that nobody opened has a position")
	}
}
