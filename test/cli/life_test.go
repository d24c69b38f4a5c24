package cli

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/supervisor/observe"
)

func TestForegroundLife(t *testing.T) {
	b := newBench(t)
	cmd, out := b.start("-f", b.configure("what = 1"))
	pid, err := os.ReadFile(b.pidPath())
	if err != nil || string(pid) != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("pid file %q, %v", pid, err)
	}
	second, err := b.command().CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(second), "Failed to acquire pid file") {
		t.Errorf("a second daemon: %v\n%s", err, second)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if !b.canConnect() {
		t.Error("gone after SIGHUP")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "unknown parameter 'what' is ignored") {
		t.Errorf("no warning of the unknown key:\n%s", out)
	}
	for _, left := range []string{b.pidPath(), b.socket()} {
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Errorf("%s is left behind", left)
		}
	}
}

func TestBackgroundIsReadyWhenTheParentEnds(t *testing.T) {
	b := newBench(t)
	if out, err := b.command("-d").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(b.pidPath())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	if !b.canConnect() {
		t.Error("the parent ended before clients could connect")
	}
	out, err := b.command("-d").CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(out), "error: Unable to obtain pidfile. Check /var/log/messages or run without --daemon for more info.") {
		t.Errorf("a second one: %v\n%s", err, out)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	b.eventually("the daemon ends", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestTimeoutWaitsForClients(t *testing.T) {
	b := newBench(t)
	cmd, out := b.start("--timeout", "1")
	c, err := net.Dial("unix", b.socket())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond)
	if !b.canConnect() {
		t.Fatalf("ended with a client connected:\n%s", out)
	}
	c.Close()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	case <-time.After(10 * time.Second):
		t.Error("did not end without clients")
	}
}

// What runs can be read at any time, clients included.
func TestTreeOfADaemon(t *testing.T) {
	b := newBench(t)
	_, _ = b.start()
	conns := make([]net.Conn, 3)
	for i := range conns {
		c, err := net.Dial("unix", b.socket())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
	}
	me := "pid " + strconv.Itoa(os.Getpid())
	b.eventually("three clients in the tree", func() bool {
		var text strings.Builder
		if err := observe.Copy(&text, filepath.Join(b.dir, "run/libvirt/libvirtd-observe-sock"), observe.Request{}); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"libvirtd  ", "─ drivers  ", "─ qemu  ", "─ libvirtd.rw  ", "(accept)", "[client "} {
			if !strings.Contains(text.String(), part) {
				t.Logf("no %q in\n%s", part, text.String())
				return false
			}
		}
		return strings.Count(text.String(), me) == len(conns)
	})
}

const machine = `<domain type='qemu'><name>m</name><memory unit='MiB'>16</memory>
<os><type arch='x86_64' machine='pc'>hvm</type></os></domain>`

// A machine keeps its daemon, and a daemon that ends leaves its machines.
func TestTimeoutWaitsForMachines(t *testing.T) {
	for _, need := range []string{"virsh", "qemu-system-x86_64"} {
		if _, err := exec.LookPath(need); err != nil {
			t.Skipf("needs %s (Debian: libvirt-clients, qemu-system-x86)", need)
		}
	}
	b := newBench(t)
	cmd, out := b.start("--timeout", "1")
	xml := filepath.Join(b.dir, "m.xml")
	if err := os.WriteFile(xml, []byte(machine), 0o644); err != nil {
		t.Fatal(err)
	}
	virsh := func(args ...string) {
		t.Helper()
		c := b.command(append([]string{"-q", "-c", "qemu:///session"}, args...)...)
		c.Path, _ = exec.LookPath("virsh")
		if text, err := c.CombinedOutput(); err != nil {
			t.Fatalf("virsh %v: %v\n%s\n%s", args, err, text, out)
		}
	}
	virsh("create", xml)
	time.Sleep(2500 * time.Millisecond)
	if !b.canConnect() {
		t.Fatalf("ended with a machine running:\n%s", out)
	}
	virsh("destroy", "m")
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	case <-time.After(10 * time.Second):
		t.Error("did not end without machines")
	}
}
