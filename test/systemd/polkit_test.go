package systemd

import (
	"strings"
	"testing"
	"time"
)

// rule lets nobody, the user, manage machines.
const rule = `polkit.addRule(function (action, subject) {
  if (action.id == "org.libvirt.unix.manage" && subject.user == "nobody") {
    return polkit.Result.YES;
  }
});
`

func TestPolkitDecides(t *testing.T) {
	h := Boot(t, nil)
	if _, err := h.Try("systemctl", "start", "polkit.service"); err != nil {
		t.Skip("needs polkitd and a system bus (Debian: polkitd, dbus)")
	}
	h.Run(t, "systemctl", "start", "libvirtd.socket", "libvirtd-ro.socket")
	virsh := func(args ...string) (string, error) {
		out, err := h.Try(append([]string{"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "virsh", "-c", "qemu:///system"}, args...)...)
		return strings.TrimSpace(out), err
	}
	if out, err := virsh("-r", "uri"); err != nil || out != "qemu:///system" {
		t.Errorf("looking: %v %s", err, out)
	}
	const denied = "authentication unavailable: no polkit agent available to authenticate action 'org.libvirt.unix.manage'"
	if out, err := virsh("uri"); err == nil || !strings.Contains(out, denied) {
		t.Errorf("managing without a rule: %v %s", err, out)
	}
	h.Run(t, "sh", "-c", "cat > /etc/polkit-1/rules.d/10-test.rules <<'EOF'\n"+rule+"EOF")
	var out string
	var err error
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if out, err = virsh("uri"); err == nil {
			break
		}
	}
	if err != nil || out != "qemu:///system" {
		t.Errorf("managing by a rule: %v %s", err, out)
	}
	h.Run(t, "systemctl", "stop", "polkit.service")
	h.Run(t, "systemctl", "mask", "--runtime", "polkit.service")
	if out, err := virsh("uri"); err == nil || !strings.Contains(out, "polkit cannot be asked") {
		t.Errorf("without polkitd: %v %s", err, out)
	}
	if out := h.Run(t, "virsh", "-c", "qemu:///system", "uri"); strings.TrimSpace(out) != "qemu:///system" {
		t.Errorf("root without polkitd: %s", out)
	}
}
