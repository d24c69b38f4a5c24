package ssh

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }

// far stands for ssh and the far host's shell: it runs the last argument.
const far = `#!/bin/sh
for last; do :; done
printf '%s\n' "$last" >> LOG
exec sh -c "$last"
`

// host is a session daemon that is reached through what stands for ssh.
type host struct {
	*peer.Daemon
	script, log string
}

func newHost(t *testing.T) *host {
	t.Helper()
	if _, err := exec.LookPath("virsh"); err != nil {
		t.Skip("needs virsh (Debian: libvirt-clients)")
	}
	bin := filepath.Dir(peer.Build(t))
	h := &host{Daemon: peer.Start(t, peer.Options{
		Binary: peer.Build(t),
		Env:    []string{"PATH=" + bin + ":" + os.Getenv("PATH")},
	})}
	h.script, h.log = h.Path("far"), h.Path("files/far.log")
	if err := os.WriteFile(h.script, []byte(strings.ReplaceAll(far, "LOG", h.log)), 0o755); err != nil {
		t.Fatal(err)
	}
	return h
}

// virsh runs virsh through the script, with further options of the URI.
func (h *host) virsh(options, stdin string, args ...string) (string, error) {
	uri := fmt.Sprintf("qemu+ssh://elsewhere/session?command=%s%s", h.script, options)
	c := h.Command("virsh", append([]string{"-c", uri}, args...)...)
	c.Stdin = strings.NewReader(stdin)
	out, err := c.CombinedOutput()
	return string(out), err
}

// run is virsh that must not fail.
func (h *host) run(t *testing.T, options string, args ...string) string {
	t.Helper()
	out, err := h.virsh(options, "", args...)
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func machine(t *testing.T, h *host, name, description string) string {
	t.Helper()
	path := h.Path("files/" + name + ".xml")
	text := "<domain type='qemu'><name>" + name + "</name><description>" + description +
		"</description><memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVirshOverTheHelper(t *testing.T) {
	h := newHost(t)
	for _, options := range []string{"&proxy=native", "", "&proxy=auto"} {
		if out := h.run(t, options, "list", "--all"); !strings.Contains(out, "Name") {
			t.Errorf("%q: %s", options, out)
		}
	}
	ran, err := os.ReadFile(h.log)
	if err != nil || strings.Count(string(ran), "virt-ssh-helper 'qemu:///session") != 3 {
		t.Errorf("what was run: %s %v", ran, err)
	}
	t.Run("large documents go both ways", func(t *testing.T) {
		text := strings.Repeat("all work and no play ", 20_000)
		h.run(t, "&proxy=native", "define", machine(t, h, "wordy", text))
		if out := h.run(t, "&proxy=native", "dumpxml", "wordy"); !strings.Contains(out, text) {
			t.Errorf("%d bytes came back", len(out))
		}
	})
	t.Run("many calls in one session", func(t *testing.T) {
		out, err := h.virsh("&proxy=native", strings.Repeat("dominfo wordy\n", 200), "--quiet")
		if n := strings.Count(out, "wordy"); err != nil || n < 200 {
			t.Errorf("%d answers: %v\n%s", n, err, out)
		}
	})
}

func TestTheHelperStartsTheSessionDaemon(t *testing.T) {
	h := newHost(t)
	h.Stop(t)
	if h.Alive() {
		t.Fatal("it is still there")
	}
	t.Cleanup(func() {
		pid, _ := os.ReadFile(h.Path("run/libvirt/libvirtd.pid"))
		_ = exec.Command("kill", strings.TrimSpace(string(pid))).Run()
	})
	if out := h.run(t, "&proxy=native", "uri"); !strings.Contains(out, "/session") {
		t.Error(out)
	}
	if !h.Alive() {
		t.Error("nobody was started")
	}
}

// The texts that a person sees who runs it by hand, or whose URI is wrong.
func TestTheHelperByHand(t *testing.T) {
	h := newHost(t)
	program := peer.Binary(t, "virt-ssh-helper")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-V"}, 0, "(libvirt) "},
		{[]string{"-h"}, 0, "--readonly"},
		{nil, 1, "Usage:"},
		{[]string{"a:///", "b:///"}, 1, "Usage:"},
		{[]string{"--pigeon", "qemu:///session"}, 1, "option parsing failed"},
		{[]string{"qemu://[::1/session"}, 1, "cannot parse 'qemu://[::1/session': "},
		{[]string{"session"}, 1, "cannot parse URI transport 'session': "},
		{[]string{"qemu+tcp://h/session"}, 1, "unexpected URI transport 'qemu+tcp://h/session'"},
		{[]string{"qemu:///session"}, 0, ""},
		{[]string{"-r", "qemu:///session"}, 0, ""},
	} {
		cmd := h.Command(program, c.args...)
		out, _ := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != c.code || !strings.Contains(string(out), c.says) {
			t.Errorf("%v: code %d\n%s", c.args, code, out)
		}
	}
	h.Stop(t)
	cmd := h.Command(program, "qemu:///session")
	cmd.Env = append(cmd.Env, "LIBVIRT_AUTOSTART=0")
	out, _ := cmd.CombinedOutput()
	if want := "cannot connect to '" + h.Socket() + "': "; cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) {
		t.Errorf("without a daemon: %s", out)
	}
}
