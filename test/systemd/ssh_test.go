package systemd

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const sshdConf = `Port 2222
ListenAddress 127.0.0.1
HostKey /etc/vtssh/host
AuthorizedKeysFile /etc/vtssh/key.pub
PidFile none
StrictModes no
UsePAM no
`

const sshConf = `Host far
  HostName 127.0.0.1
  Port 2222
  User root
  IdentityFile /etc/vtssh/key
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  LogLevel ERROR
`

// TestSSH has virsh come by a real ssh to daemons that systemd starts.
func TestSSH(t *testing.T) {
	for name, from := range map[string]string{"ssh": "openssh-client", "ssh-keygen": "openssh-client", "sshd": "openssh-server"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s (Debian: %s, which make test does not install: it would let people in)", name, from)
		}
	}
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(sshd)
	if err != nil {
		t.Fatal(err)
	}
	h := Boot(t, map[string]string{
		"/etc/vtssh/sshd_config": sshdConf,
		"/etc/vtssh/ssh_config":  sshConf,
		"/usr/sbin/sshd":         string(program),
		// A key must be its owner's alone, which one that is made there is.
		"/etc/vtssh/prepare": "set -e\nip link set lo up\nmkdir -p /run/sshd /root/.ssh\ngetent passwd sshd >/dev/null || useradd -r -d /run/sshd sshd\n" +
			"cp /etc/vtssh/ssh_config /root/.ssh/config\nchmod 600 /root/.ssh/config\n" +
			"ssh-keygen -q -t ed25519 -N '' -f /etc/vtssh/host\nssh-keygen -q -t ed25519 -N '' -f /etc/vtssh/key\n",
	})
	h.Run(t, "sh", "/etc/vtssh/prepare")
	h.Run(t, "systemd-run", "--unit=vtsshd", "/usr/sbin/sshd", "-D", "-e", "-f", "/etc/vtssh/sshd_config")
	h.Run(t, "systemctl", "stop", "libvirtd.service")
	h.Run(t, "systemctl", "start", "libvirtd.socket", "libvirtd-ro.socket")
	h.Run(t, "sh", "-c", "for i in $(seq 100); do ssh far true && exit; sleep 0.1; done; exit 1")
	for _, args := range [][]string{
		{"-c", "qemu+ssh://far/system?proxy=native", "uri"},
		{"-r", "-c", "qemu+ssh://far/system?proxy=native", "uri"},
		{"-c", "qemu+ssh://far/system", "uri"},
	} {
		if out := h.Run(t, append([]string{"virsh"}, args...)...); !strings.Contains(out, "/system") {
			t.Errorf("%v: %s", args, out)
		}
	}
	if out, err := h.Try("virsh", "-r", "-c", "qemu+ssh://far/system?proxy=native", "define", "/etc/hostname"); err == nil || !strings.Contains(out, "read only access") {
		t.Errorf("the read-only socket let define through: %v\n%s", err, out)
	}
	h.Run(t, "systemctl", "stop", "libvirtd.socket", "libvirtd.service")
	if out, err := h.Try("virsh", "-c", "qemu+ssh://far/system?proxy=native", "uri"); err == nil || !strings.Contains(out, "Failed to connect socket to '/run/libvirt/libvirt-sock'") {
		t.Errorf("without a daemon: %v\n%s", err, out)
	}
}
