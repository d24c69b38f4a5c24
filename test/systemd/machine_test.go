package systemd

import (
	"os/exec"
	"os/user"
	"strings"
	"testing"
	"time"
)

const leased = `<domain type='qemu'><name>vtunit</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os>
<devices><disk type='file'><driver name='qemu' type='raw'/><source file='/run/vtunit.img'/><target dev='vda' bus='virtio'/></disk>
<controller type='usb' model='none'/><memballoon model='none'/></devices></domain>
`

// TestMachinesUnderSystemd lets a daemon with the qemu driver find virtlogd and
// virtlockd by their sockets, which systemd alone starts.
func TestMachinesUnderSystemd(t *testing.T) {
	for _, daemon := range []string{"libvirtd", "virtqemud"} {
		t.Run(daemon, func(t *testing.T) { machinesUnder(t, daemon) })
	}
}

func machinesUnder(t *testing.T, daemon string) {
	if _, err := exec.LookPath("qemu-system-x86_64"); err != nil {
		t.Skip("needs qemu-system-x86_64 (Debian: qemu-system-x86)")
	}
	h := Boot(t, map[string]string{
		"/etc/libvirt/qemu.conf": "lock_manager = \"lockd\"\n",
		"/etc/vtunit.xml":        leased,
	})
	virsh := func(args ...string) string {
		t.Helper()
		return strings.TrimSpace(h.Run(t, append([]string{"virsh", "-q", "-c", "qemu:///system"}, args...)...))
	}
	h.Run(t, "systemctl", "stop", "libvirtd.service", "virtlogd.service", "virtlockd.service") // a host may have them enabled
	h.Run(t, "systemctl", "start", "virtlogd.socket", "virtlockd.socket", daemon+".socket")
	h.Run(t, "truncate", "-s", "1M", "/run/vtunit.img")
	virsh("define", "/etc/vtunit.xml")
	virsh("start", "vtunit")
	for _, unit := range []string{"virtlogd", "virtlockd"} {
		if state, _ := h.Try("systemctl", "is-active", unit+".service"); strings.TrimSpace(state) != "active" {
			t.Errorf("%s.service is %s", unit, state)
		}
	}
	// Its process registered as root, and is the user of machines since.
	if _, err := user.Lookup("libvirt-qemu"); err == nil {
		owner := h.Run(t, "sh", "-c", "stat -c %U /proc/$(cat /run/libvirt/qemu/vtunit.pid)")
		if strings.TrimSpace(owner) != "libvirt-qemu" {
			t.Errorf("QEMU runs as %s", owner)
		}
	}
	if mask := h.Run(t, "sh", "-c", "grep Umask /proc/$(cat /run/libvirt/qemu/vtunit.pid)/status"); !strings.HasSuffix(strings.TrimSpace(mask), "0002") {
		t.Errorf("QEMU's mask is %s", mask)
	}
	for _, unit := range []string{daemon, "virtlogd", "virtlockd"} {
		before := h.MainPID(t, unit)
		h.Run(t, "systemctl", "kill", "--kill-who=main", "-s", "KILL", unit)
		for end := time.Now().Add(20 * time.Second); h.MainPID(t, unit) == before && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		if state := virsh("domstate", "vtunit"); state != "running" {
			t.Errorf("after %s died the machine is %s", unit, state)
		}
	}
	virsh("suspend", "vtunit")
	virsh("resume", "vtunit")
	virsh("destroy", "vtunit")
	virsh("start", "vtunit")
	virsh("destroy", "vtunit")
	var log string
	for end := time.Now().Add(20 * time.Second); strings.Count(log, "shutting down, reason=destroyed") < 2; {
		if time.Now().After(end) {
			t.Fatalf("the machine's log:\n%s", log)
		}
		log, _ = h.Try("cat", "/var/log/libvirt/qemu/vtunit.log")
		time.Sleep(20 * time.Millisecond)
	}
	if n := strings.Count(log, "starting up"); n != 2 {
		t.Errorf("%d starts in the log:\n%s", n, log)
	}
}
