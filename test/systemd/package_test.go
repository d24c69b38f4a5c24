package systemd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// pack builds the Debian package in a version, and gives its text and its name.
func pack(t *testing.T, version string) (text, name string) {
	t.Helper()
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("needs dpkg-deb (Debian: dpkg)")
	}
	bin, out := filepath.Dir(peer.Build(t)), t.TempDir()
	if _, err := os.Stat(filepath.Join(bin, "conf")); err != nil {
		cmd := exec.Command("go", "run", "./apps/internal/sampleconf", filepath.Join(bin, "conf"))
		cmd.Dir = root(t)
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("sampleconf: %v\n%s", err, said)
		}
	}
	cmd := exec.Command(filepath.Join(root(t), "packaging/deb/build"), out, version)
	cmd.Env = append(os.Environ(), "BIN="+bin, "LEVEL=0", "STRIP=")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, said)
	}
	found, err := filepath.Glob(filepath.Join(out, "*.deb"))
	if err != nil || len(found) != 1 {
		t.Fatalf("packages: %v %v", found, err)
	}
	content, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(content), "/var/tmp/" + filepath.Base(found[0])
}

// client is a virsh that stays connected, and reads commands from a pipe.
const client = `mkfifo /run/vtcommands
virsh -q -c qemu:///system < /run/vtcommands > /run/vtanswers 2>&1 &
echo $! > /run/vtclient
exec sleep infinity > /run/vtcommands
`

// TestThePackage installs, upgrades and removes the package where Debian's own daemons
// may have been before.
func TestThePackage(t *testing.T) {
	older, olderName := pack(t, "1.0")
	newer, newerName := pack(t, "2.0")
	h := BootPlain(t, map[string]string{
		olderName: older, newerName: newer, "/etc/vtclient": client,
		"/etc/default/virtlogd": "VIRTLOGD_ARGS=\"--verbose\"\n", // the administrator's own
	})
	h.Run(t, "rm", "-f", "/usr/sbin/policy-rc.d") // a host in a container may forbid services
	install := func(name string) {
		t.Helper()
		h.Run(t, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-q", "--no-install-recommends", name)
	}
	install(olderName)
	t.Run("sockets listen", func(t *testing.T) { checkSockets(t, h) })
	t.Run("an administrator's file stays", func(t *testing.T) {
		if out := h.Run(t, "cat", "/etc/default/virtlogd"); !strings.HasPrefix(out, "VIRTLOGD_ARGS=\"--verbose\"") {
			t.Error(out)
		}
		h.Run(t, "test", "-e", "/etc/libvirt/virtqemud.conf")
	})
	t.Run("clients are served", func(t *testing.T) {
		if out := h.Run(t, "virsh", "-c", "qemu:///system", "list"); !strings.Contains(out, "Name") {
			t.Error(out)
		}
		h.Run(t, "virsh", "-c", "qemu:///system", "version", "--daemon")
		h.Run(t, "getent", "passwd", "libvirt-qemu")
		h.Run(t, "getent", "group", "libvirt")
	})
	t.Run("an upgrade keeps daemons and clients", func(t *testing.T) { checkUpgrade(t, h, func() { install(newerName) }) })
	t.Run("it goes without a trace", func(t *testing.T) { checkRemoval(t, h) })
}

func checkSockets(t *testing.T, h *Host) {
	t.Helper()
	for _, unit := range []string{"libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "virtlogd.socket", "virtlockd.socket"} {
		if state, _ := h.Try("systemctl", "is-active", unit); strings.TrimSpace(state) != "active" {
			t.Errorf("%s is %s", unit, state)
		}
		if state, _ := h.Try("systemctl", "is-enabled", unit); strings.TrimSpace(state) != "enabled" {
			t.Errorf("%s is %s", unit, state)
		}
	}
	for _, unit := range []string{"libvirtd-tcp.socket", "libvirtd-tls.socket", "virtqemud.socket"} {
		if state, _ := h.Try("systemctl", "is-enabled", unit); strings.TrimSpace(state) != "disabled" {
			t.Errorf("%s is %s", unit, state)
		}
	}
}

// checkUpgrade has a client before and after, which is the same.
func checkUpgrade(t *testing.T, h *Host, upgrade func()) {
	t.Helper()
	h.Run(t, "systemd-run", "--unit=vtclient", "sh", "/etc/vtclient")
	answers := 0
	ask := func() {
		t.Helper()
		h.Run(t, "sh", "-c", "echo uri > /run/vtcommands")
		answers++
		peer.Eventually(t, "an answer", func() bool {
			out, _ := h.Try("cat", "/run/vtanswers")
			return strings.Count(out, "qemu:///system") >= answers
		})
	}
	peer.Eventually(t, "a pipe to the client", func() bool {
		_, err := h.Try("test", "-p", "/run/vtcommands")
		return err == nil
	})
	h.Run(t, "systemctl", "start", "virtlogd.service", "virtlockd.service")
	ask()
	before := make(map[string]int)
	for _, unit := range []string{"libvirtd", "virtlogd", "virtlockd"} {
		before[unit] = h.MainPID(t, unit)
	}
	upgrade()
	for unit, pid := range before {
		if now := h.MainPID(t, unit); now != pid {
			t.Errorf("%s: process %d became %d", unit, pid, now)
		}
		var exe string
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			// Its name in there is the path that dpkg has exchanged.
			if exe = strings.TrimSpace(h.Run(t, "readlink", fmt.Sprintf("/proc/%d/exe", pid))); !strings.Contains(exe, "deleted") && !strings.Contains(exe, "dpkg") {
				break
			}
		}
		if exe != "/usr/sbin/"+unit {
			t.Errorf("%s still runs %s", unit, exe)
		}
	}
	ask()
	if out, err := h.Try("sh", "-c", "kill -0 $(cat /run/vtclient)"); err != nil {
		t.Errorf("the client is gone: %s", out)
	}
	if out := h.Run(t, "cat", "/run/vtanswers"); strings.Contains(out, "error") {
		t.Errorf("the client noticed:\n%s", out)
	}
	if out := h.Run(t, "dpkg-query", "-W", "-f", "${Version}", "virtree"); strings.TrimSpace(out) != "2.0" {
		t.Errorf("version %s", out)
	}
}

func checkRemoval(t *testing.T, h *Host) {
	t.Helper()
	pids := []int{h.MainPID(t, "libvirtd"), h.MainPID(t, "virtlogd")}
	h.Run(t, "touch", "/var/lib/libvirt/images/precious.img")
	h.Run(t, "dpkg", "--remove", "virtree")
	for _, pid := range pids {
		if _, err := h.Try("test", "-e", fmt.Sprintf("/proc/%d", pid)); err == nil {
			t.Errorf("process %d still runs", pid)
		}
	}
	for _, path := range []string{"/run/libvirt/libvirt-sock", "/run/libvirt/virtlogd-sock", "/usr/sbin/libvirtd", "/etc/libvirt/virtqemud.conf", "/etc/systemd/system/sockets.target.wants/virtlogd.socket"} {
		if out, err := h.Try("ls", "-ld", path); err == nil {
			t.Errorf("there is still %s", out)
		}
	}
	h.Run(t, "test", "-e", "/etc/default/virtlogd") // it was changed
	h.Run(t, "dpkg", "--purge", "virtree")
	if out, err := h.Try("ls", "/etc/default/virtlogd"); err == nil {
		t.Errorf("after a purge there is still %s", out)
	}
	h.Run(t, "test", "-e", "/var/lib/libvirt/images/precious.img")
	if out := h.Run(t, "systemctl", "list-units", "--all", "--failed", "--no-legend", "libvirt*", "virt*"); strings.TrimSpace(out) != "" {
		t.Errorf("failed units:\n%s", out)
	}
}
