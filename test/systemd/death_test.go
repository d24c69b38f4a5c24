package systemd

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"
)

// thief tries to lock the byte that virtlockd locks, until it is stopped, and
// writes down how often it tried and how often it succeeded.
const thief = `import fcntl, os
tried = stolen = 0
f = open('/run/vtunit.img', 'r+b')
open('/run/thief.began', 'w').close()
while not os.path.exists('/run/thief.stop'):
    tried += 1
    try:
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0)
        stolen += 1
        fcntl.lockf(f, fcntl.LOCK_UN, 1, 0)
    except OSError:
        pass
open('/run/thief.tmp', 'w').write('%d %d' % (tried, stolen))
os.rename('/run/thief.tmp', '/run/thief.told')
`

// TestDeathUnderSystemd kills the daemons of logs and locks again and again while
// systemd's store holds what is theirs, and somebody tries to take the lock.
func TestDeathUnderSystemd(t *testing.T) {
	for name, of := range map[string]string{"qemu-system-x86_64": "qemu-system-x86", "python3": "python3"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s (Debian: %s)", name, of)
		}
	}
	h := Boot(t, map[string]string{
		"/etc/libvirt/qemu.conf": "lock_manager = \"lockd\"\n",
		"/etc/vtunit.xml":        leased,
		"/etc/thief.py":          thief,
	})
	h.Run(t, "systemctl", "stop", "libvirtd.service", "virtlogd.service", "virtlockd.service")
	h.Run(t, "systemctl", "start", "virtlogd.socket", "virtlockd.socket", "libvirtd.socket")
	h.Run(t, "truncate", "-s", "1M", "/run/vtunit.img")
	h.Run(t, "virsh", "-c", "qemu:///system", "create", "/etc/vtunit.xml")
	h.Run(t, "systemd-run", "--unit=thief", "python3", "/etc/thief.py")
	h.Run(t, "sh", "-c", "until [ -e /run/thief.began ]; do sleep 0.05; done")
	for range 10 {
		for _, unit := range []string{"virtlogd", "virtlockd"} {
			h.killed(t, unit)
		}
	}
	h.Run(t, "touch", "/run/thief.stop")
	h.Run(t, "sh", "-c", "until [ -e /run/thief.told ]; do sleep 0.05; done")
	var tried, stolen int
	told := strings.Fields(h.Run(t, "cat", "/run/thief.told"))
	if len(told) == 2 {
		tried, _ = strconv.Atoi(told[0])
		stolen, _ = strconv.Atoi(told[1])
	}
	if tried == 0 || stolen != 0 {
		t.Errorf("the lock was taken %d times in %d tries", stolen, tried)
	}
	h.Run(t, "virsh", "-c", "qemu:///system", "destroy", "vtunit")
	var log string
	for end := time.Now().Add(20 * time.Second); !strings.Contains(log, "shutting down, reason=destroyed"); {
		if time.Now().After(end) {
			t.Fatalf("the end is not in the machine's log:\n%s", log)
		}
		log, _ = h.Try("cat", "/var/log/libvirt/qemu/vtunit.log")
		time.Sleep(20 * time.Millisecond)
	}
}

// killed kills a service's daemon and waits for the next; its store is never empty.
func (h *Host) killed(t *testing.T, unit string) {
	t.Helper()
	h.Run(t, "systemctl", "reset-failed", unit) // systemd would give up a service that dies so often
	before := h.MainPID(t, unit)
	h.Run(t, "systemctl", "kill", "--kill-who=main", "-s", "KILL", unit)
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		state, _ := h.Try("systemctl", "is-active", unit)
		if strings.TrimSpace(state) == "active" && h.MainPID(t, unit) != before {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%s did not come back", unit)
		}
	}
	n, err := strconv.Atoi(strings.TrimSpace(h.Run(t, "systemctl", "show", "-P", "NFileDescriptorStore", unit)))
	if err != nil || n == 0 {
		t.Errorf("systemd holds %d descriptors of %s (%v)", n, unit, err)
	}
}
