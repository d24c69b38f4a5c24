package lockd

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// ownerScript is a process that speaks for itself: it registers and acquires by
// frames that it was given, closes its connection when told to, and goes on.
const ownerScript = `
import os, socket, struct, sys
def text(s):
    b = s.encode()
    return struct.pack('>I', len(b)) + b + bytes(-len(b) % 4)
def call(proc, body):
    s.sendall(struct.pack('>IIIIiIi', len(body) + 28, 0xEA7BEEF, 1, proc, 0, proc, 0) + body)
    n = struct.unpack('>I', s.recv(4, socket.MSG_WAITALL))[0]
    reply = s.recv(n - 4, socket.MSG_WAITALL)
    assert reply[20:24] == bytes(4), reply
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
call(1, bytes(range(16)) + text('own') + struct.pack('>III', 3, os.getpid(), 0))
call(6, text(sys.argv[2]) + text('x') + struct.pack('>I', 2))
print('held', flush=True)
sys.stdin.readline()
s.close()
sys.stdin.readline()
`

func TestOwnerThatLosesItsConnection(t *testing.T) {
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip("needs python3 for a process that owns locks")
	}
	d := start(t, ours(t))
	other := d.machine(others + 1)
	other.lockspace(d.space())
	own := exec.Command(python, "-c", ownerScript, d.Socket(), d.space())
	own.SysProcAttr, own.Stderr = d.User(), os.Stderr
	in, err := own.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := own.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	held := make([]byte, 5)
	if _, err := out.Read(held); err != nil || string(held[:4]) != "held" {
		t.Fatalf("%q, %v", held, err)
	}
	other.busy(other.acquire(d.space(), "x", autocreate), "x")
	d.Signal(syscall.SIGUSR1) // whose connection it is lives on
	other.busy(other.acquire(d.space(), "x", autocreate), "x")
	if _, err := in.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	giveUp := time.AfterFunc(peer.Patience, func() { _ = own.Process.Kill() })
	defer giveUp.Stop()
	if err := own.Wait(); err == nil || own.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM {
		t.Errorf("the owner ended by %v, want SIGTERM", err)
	}
	peer.Eventually(t, "the lock is free", func() bool { return other.acquire(d.space(), "x", autocreate) == nil })
}

// TestStoppedAndStartedAgain stops a daemon while a machine runs: its locks are
// held on, until the next daemon finds that the machine is gone.
func TestStoppedAndStartedAgain(t *testing.T) {
	d := start(t, ours(t))
	if _, err := os.Stat(d.Path("run/libvirt/virtlockd-keeper-sock")); err != nil {
		t.Skip("needs a daemon whose locks outlive it")
	}
	vm := exec.Command("sleep", "600")
	vm.SysProcAttr = d.User()
	if err := vm.Start(); err != nil {
		t.Skipf("needs sleep: %v", err)
	}
	image := d.image("disk")
	c := d.machine(vm.Process.Pid)
	c.lockspace(d.space())
	c.must(c.acquire(d.space(), "x", autocreate))
	c.must(c.acquire("", image, 0))
	th := startThief(t, false, image, filepath.Join(d.space(), "x"))
	d.End()
	d.Run()
	other := d.machine(others + 1)
	other.busy(other.acquire(d.space(), "x", autocreate), "x")
	other.busy(other.acquire("", image, 0), image)
	th.end()
	_ = vm.Process.Kill()
	_ = vm.Wait()
	peer.Eventually(t, "the locks are free", func() bool {
		return other.acquire(d.space(), "x", autocreate) == nil && other.acquire("", image, 0) == nil
	})
}

// TestStuckLockspace blocks a lockspace as a file server does that does not
// answer: nobody else waits.
func TestStuckLockspace(t *testing.T) {
	d := start(t, ours(t))
	stuck, other := d.machine(others+1), d.machine(others+2)
	other.lockspace(d.space())
	// Who opens a file on which another process has a lease waits for its end.
	image := d.image("disk")
	lease, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const setLease = 1024
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, lease.Fd(), setLease, syscall.F_WRLCK); errno != 0 {
		t.Skipf("needs leases of files: %v", errno)
	}
	answered := make(chan error, 1)
	go func() { answered <- stuck.acquire("", image, 0) }()
	time.Sleep(50 * time.Millisecond)
	for range 20 {
		other.must(other.acquire(d.space(), "x", autocreate))
		other.must(other.release(d.space(), "x"))
	}
	second := d.image("second")
	other.must(other.acquire("", second, 0))
	select {
	case err := <-answered:
		t.Errorf("the open was answered: %v", err)
	default:
	}
	lease.Close()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestSystemMode(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root for a daemon in system mode")
	}
	if err := exec.Command("unshare", "-m", "true").Run(); err != nil {
		t.Skipf("needs to make namespaces: %v", err)
	}
	d := prepare(t, ours(t))
	d.system()
	d.Run()
	s := newScene(d)
	d.Signal(syscall.SIGUSR1)
	s.check()
	s.leave()
	if _, err := os.Stat(d.Path("run/virtlockd-admin-sock")); err != nil {
		t.Error(err)
	}
	_ = os.Chmod(d.Socket(), 0o777)
	peer.AsUser(t, func() {
		c := d.dial()
		if !c.Closed() {
			t.Error("another user was let in")
		}
	})
}
