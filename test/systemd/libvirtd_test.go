package systemd

import (
	"strings"
	"testing"
	"time"
)

// quick makes the watchdog bite soon, and a service come back at once.
const quick = `[Service]
WatchdogSec=1s
RestartSec=0
`

func TestLibvirtdAsAService(t *testing.T) {
	h := Boot(t, map[string]string{"/etc/systemd/system/libvirtd.service.d/quick.conf": quick})
	h.Run(t, "systemctl", "stop", "libvirtd.service") // a host may have it enabled
	h.Run(t, "systemctl", "start", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
	if state, _ := h.Try("systemctl", "is-active", "libvirtd.service"); strings.TrimSpace(state) != "inactive" {
		t.Fatalf("before anybody connects the service is %s", state)
	}
	t.Run("starts on demand", func(t *testing.T) {
		for _, args := range [][]string{
			{"virsh", "-c", "qemu:///system", "uri"},
			{"virsh", "-r", "-c", "qemu:///system", "uri"},
		} {
			if out := h.Run(t, args...); strings.TrimSpace(out) != "qemu:///system" {
				t.Errorf("%s: %s", strings.Join(args, " "), out)
			}
		}
	})
	t.Run("is steered over systemd's admin socket", func(t *testing.T) {
		for _, reload := range []bool{false, true} {
			if reload {
				h.Run(t, "systemctl", "reload", "libvirtd")
			}
			if out := h.Run(t, "virt-admin", "-c", "libvirtd:///system", "srv-list"); !strings.Contains(out, "libvirtd") {
				t.Errorf("reloaded %v: %s", reload, out)
			}
		}
	})
	t.Run("says what it does", func(t *testing.T) {
		if out := h.Run(t, "systemctl", "show", "-P", "StatusText", "libvirtd"); strings.TrimSpace(out) == "" {
			t.Error("no status text")
		}
	})
	t.Run("reloads in place", func(t *testing.T) {
		before := h.MainPID(t, "libvirtd")
		h.Run(t, "systemctl", "reload", "libvirtd")
		h.Run(t, "virsh", "-c", "qemu:///system", "uri")
		if after := h.MainPID(t, "libvirtd"); after != before {
			t.Errorf("process %d became %d", before, after)
		}
	})
	t.Run("comes back when killed", func(t *testing.T) {
		comesBack(t, h, "KILL")
	})
	t.Run("is bitten when it hangs", func(t *testing.T) {
		comesBack(t, h, "STOP")
		if out, _ := h.Try("journalctl", "--no-pager", "-u", "libvirtd"); !strings.Contains(out, "Watchdog timeout") {
			t.Errorf("nobody noticed:\n%s", out)
		}
	})
	t.Run("stays while it is well", func(t *testing.T) {
		before := h.MainPID(t, "libvirtd")
		time.Sleep(2 * time.Second)
		if after := h.MainPID(t, "libvirtd"); after != before {
			t.Errorf("process %d became %d", before, after)
		}
	})
}

// comesBack sends a signal and waits for another process.
func comesBack(t *testing.T, h *Host, signal string) {
	t.Helper()
	before := h.MainPID(t, "libvirtd")
	h.Run(t, "systemctl", "kill", "--kill-who=main", "-s", signal, "libvirtd")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		state, _ := h.Try("systemctl", "is-active", "libvirtd")
		if strings.TrimSpace(state) == "active" && h.MainPID(t, "libvirtd") != before {
			h.Run(t, "virsh", "-c", "qemu:///system", "uri")
			return
		}
	}
	t.Errorf("nothing came after process %d", before)
}

func TestUnitsAreWellFormed(t *testing.T) {
	h := Boot(t, nil)
	for _, name := range []string{"libvirtd.service", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket", "virtqemud.service", "virtlogd.service", "virtlockd.service"} {
		out, _ := h.Try("systemd-analyze", "verify", "/usr/lib/systemd/system/"+name)
		for line := range strings.Lines(out) {
			if strings.Contains(line, "libvirt") || strings.Contains(line, "virtlo") {
				if !strings.Contains(line, "is not executable") && !strings.Contains(line, "man ") {
					t.Errorf("%s: %s", name, line)
				}
			}
		}
	}
}

func TestTCPSocketOfSystemd(t *testing.T) {
	h := Boot(t, map[string]string{"/etc/libvirt/libvirtd.conf": "auth_tcp = \"none\"\n"})
	h.Run(t, "ip", "link", "set", "lo", "up")
	h.Run(t, "systemctl", "stop", "libvirtd.service", "libvirtd.socket")
	h.Run(t, "systemctl", "start", "libvirtd.socket", "libvirtd-tcp.socket")
	for _, uri := range []string{"qemu+tcp://127.0.0.1/system", "qemu+tcp://[::1]/system"} {
		if out := h.Run(t, "virsh", "-c", uri, "hostname"); strings.TrimSpace(out) == "" {
			t.Errorf("%s: no answer", uri)
		}
	}
}

// TestVirtqemudTakesThePlaceOfLibvirtd has the units conflict as libvirt's do.
func TestVirtqemudTakesThePlaceOfLibvirtd(t *testing.T) {
	h := Boot(t, nil)
	h.Run(t, "systemctl", "start", "libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket")
	h.Run(t, "virsh", "-c", "qemu:///system", "uri")
	h.Run(t, "systemctl", "start", "virtqemud.socket", "virtqemud-ro.socket", "virtqemud-admin.socket")
	for _, unit := range []string{"libvirtd.socket", "libvirtd-ro.socket", "libvirtd-admin.socket"} {
		if state, _ := h.Try("systemctl", "is-active", unit); strings.TrimSpace(state) != "inactive" {
			t.Errorf("%s is %s", unit, state)
		}
	}
	for _, args := range [][]string{
		{"virsh", "-c", "qemu:///system", "uri"}, // it looks for virtqemud first
		{"virsh", "-r", "-c", "qemu:///system?mode=direct", "uri"},
	} {
		if out := h.Run(t, args...); !strings.HasPrefix(out, "qemu:///system") {
			t.Errorf("%s: %s", strings.Join(args, " "), out)
		}
	}
	if out := h.Run(t, "virt-admin", "-c", "virtqemud:///system", "srv-list"); !strings.Contains(out, "virtqemud") || !strings.Contains(out, "admin") {
		t.Errorf("servers: %s", out)
	}
	if state, _ := h.Try("systemctl", "is-active", "libvirtd.service"); strings.TrimSpace(state) != "inactive" {
		t.Errorf("libvirtd.service is %s beside virtqemud", state)
	}
	before := h.MainPID(t, "virtqemud")
	h.Run(t, "systemctl", "kill", "--kill-who=main", "-s", "USR1", "virtqemud")
	h.Run(t, "virsh", "-c", "qemu:///system", "uri")
	if after := h.MainPID(t, "virtqemud"); after != before {
		t.Errorf("process %d became %d", before, after)
	}
}
