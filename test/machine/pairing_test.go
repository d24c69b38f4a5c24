package machine

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/test/guest"
	"virtree.dev/test/peer"
)

// debian is where the real daemons are.
const debian = "/usr/sbin"

// pairing is whose libvirtd uses whose virtlogd and virtlockd.
type pairing struct {
	name, libvirtd string
	others         string // folder of the other two; empty: beside ours
}

// pairings runs a test with our libvirtd and our other daemons, with ours and libvirt's, and
// with libvirt's and ours.
func pairings(t *testing.T, test func(t *testing.T, o peer.Options)) {
	t.Helper()
	ours := filepath.Dir(peer.Build(t))
	for _, p := range []pairing{
		{"ours with ours", "", ours},
		{"ours with libvirt's", "", debian},
		{"libvirt's with ours", filepath.Join(debian, "libvirtd"), ours},
	} {
		t.Run(p.name, func(t *testing.T) {
			for _, program := range []string{"virtlogd", "virtlockd"} {
				if _, err := os.Stat(filepath.Join(p.others, program)); err != nil {
					t.Skipf("%s is not installed in %s (Debian: libvirt-daemon)", program, p.others)
				}
			}
			if p.libvirtd != "" {
				peer.NeedReal(t)
			}
			test(t, peer.Options{Binary: p.libvirtd, Env: []string{"VIRTLOGD_PATH=" + p.others, "VIRTLOCKD_PATH=" + p.others}})
		})
	}
}

// patience bounds the wait for what must come.
const patience = 30 * time.Second

// until waits for something.
func (h *host) until(what string, is func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("never: %s", what)
		}
	}
}

// guestDisk makes a disk from which a guest boots that prints for ever on its serial port.
func (h *host) guestDisk(name string) string {
	h.t.Helper()
	sector, err := guest.BootSector()
	if err != nil {
		h.t.Fatal(err)
	}
	image := make([]byte, 1<<20)
	copy(image, sector)
	path := filepath.Join(h.Path("files"), name)
	if err := os.WriteFile(path, image, 0o666); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// crash ends a daemon beside libvirtd, which has no time to do anything about it.
func (h *host) crash(name string) {
	h.t.Helper()
	path := h.Path("run/libvirt/" + name + ".pid")
	pid := pidOf(path)
	if pid < 2 {
		h.t.Fatalf("no pid in %s", path)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	h.until(name+" is gone", func() bool { return syscall.Kill(pid, 0) != nil || isZombie(pid) })
}

func pidOf(path string) (pid int) {
	text, _ := os.ReadFile(path)
	_, _ = fmt.Sscan(string(text), &pid)
	return pid
}

func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(text), ") Z ")
}

// killAndRun kills libvirtd and starts it again.
func (h *host) killAndRun() {
	h.t.Helper()
	h.Signal(h.t, syscall.SIGKILL)
	h.Wait()
	h.Run(h.t)
}

// fails runs a command of virsh that must fail, and gives what it said.
func (h *host) fails(args ...string) string {
	h.t.Helper()
	out, err := h.virsh(args...)
	if err == nil {
		h.t.Fatalf("virsh %s: done: %s", strings.Join(args, " "), out)
	}
	return out
}

// log is a machine's.
func (h *host) log(name string) string {
	text, _ := os.ReadFile(h.Path("cache/libvirt/qemu/log/" + name + ".log"))
	return string(text)
}

// text reads a file that may not be there yet.
func (h *host) text(file string) string {
	text, _ := os.ReadFile(filepath.Join(h.Path("files"), file))
	return string(text)
}

// machineDocument is a machine with that guest.
func machineDocument(disk, more string) kind {
	return kind{machine: "pc", devices: "<disk type='file'><driver name='qemu' type='raw'/><source file='" + disk +
		"'/><target dev='vda' bus='virtio'/></disk>" + lean + more}
}
