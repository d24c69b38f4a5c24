package logd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// startMounted starts a daemon that has a mount namespace of its own, in which a
// script has mounted what is needed: $LOGS is the folder of logs.
func startMounted(t *testing.T, conf, script string) *daemon {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to mount a disk")
	}
	for _, tool := range []string{"unshare", "nsenter", "setpriv", "mkfs.ext4", "fsfreeze"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("needs %s: %v", tool, err)
		}
	}
	if out, err := exec.Command("unshare", "-m", "true").CombinedOutput(); err != nil {
		t.Skipf("needs to make namespaces: %v: %s", err, out)
	}
	d := prepare(t, ours(t), conf)
	d.Before = []string{
		"unshare", "-m", "sh", "-c", "set -e\nexport LOGS=" + d.Path("logs") + " BASE=" + d.Base + "\n" + script +
			"\nexec setpriv --reuid 65534 --regid 65534 --clear-groups \"$@\"", "sh",
	}
	d.Run()
	return d
}

// ext4 makes a small disk and mounts it as the folder of logs.
const ext4 = `
truncate -s 16M $BASE/disk
mkfs.ext4 -q -O ^has_journal $BASE/disk
mount -o loop $BASE/disk $LOGS
chmod 777 $LOGS
`

// in runs a command in the daemon's namespace.
func (d *daemon) in(args ...string) {
	d.T.Helper()
	if out, err := d.tryIn(args...); err != nil {
		d.T.Fatalf("%s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func (d *daemon) tryIn(args ...string) ([]byte, error) {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(d.Cmd.Process.Pid), "-m"}, args...)...).CombinedOutput()
}

// seen is where a path of the daemon's is seen from outside.
func (d *daemon) seen(path string) string {
	return filepath.Join("/proc", strconv.Itoa(d.Cmd.Process.Pid), "root", path)
}
