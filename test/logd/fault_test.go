package logd

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"virtree.dev/test/peer"
)

// flood writes so many bytes of lines and fails where that is held up for good.
func flood(t *testing.T, pipe *os.File, size int) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		line := []byte(strings.Repeat("l", 99) + "\n")
		for range size / len(line) {
			if _, err := pipe.Write(line); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * peer.Patience):
		t.Fatal("the machine is blocked for good")
	}
}

var notice = regexp.MustCompile(`(?m)^[-0-9]+ [:.0-9]+\+0000: virtlogd: ([0-9]+) bytes in ([0-9]+) lines are missing here: (.*)\n`)

// account waits until all bytes are in a log file, or said there to be missing. It
// gives the number of those, and what is blamed.
func (d *daemon) account(path string, written int) (missing int, blamed string) {
	d.T.Helper()
	var kept int
	peer.Eventually(d.T, "every byte is accounted for", func() bool {
		data := whole(d.seen(path))
		missing = 0
		for _, m := range notice.FindAllSubmatch(data, -1) {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				d.T.Fatal(err)
			}
			missing, blamed = missing+n, string(m[3])
		}
		rest := notice.ReplaceAll(data, nil)
		kept = bytes.Count(rest, []byte("l")) + bytes.Count(rest, []byte("\n"))
		// A notice after half a line begins with the end of one.
		return kept+missing >= written && kept+missing <= written+2
	})
	return missing, blamed
}

func (d *daemon) wantSaid(what string) {
	d.T.Helper()
	peer.Eventually(d.T, "the daemon says "+what, func() bool { return strings.Contains(d.Output(), what) })
}

func TestFullDisk(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", "mount -t tmpfs -o size=1M,mode=777 tmpfs $LOGS")
	d.in("dd", "if=/dev/zero", "of="+d.Path("logs/filler"), "bs=1k", "count=800", "status=none")
	c := d.dial()
	pipe := c.mustOpen(d.log("vm"))
	const size = 3 << 20 / 100 * 100
	flood(t, pipe, size)
	d.wantSaid("Unable to write to file " + d.log("vm") + ": No space left on device")
	d.wantSaid("loses what cannot be written")
	// A new machine is told, as by libvirt; one that is there goes on.
	if err := c.append(d.log("other"), strings.Repeat("x", 8192)); err == nil {
		t.Error("appended to a full disk")
	}
	d.in("rm", d.Path("logs/filler"))
	missing, blamed := d.account(d.log("vm"), size)
	if missing == 0 || blamed != "No space left on device" {
		t.Errorf("%d bytes are missing: %q", missing, blamed)
	}
	fmt.Fprint(pipe, "lll\n")
	d.account(d.log("vm"), size+4)
	d.wantSaid("is written again")
}

func TestMachineEndsWhileItsDiskIsFull(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", "mount -t tmpfs -o size=1M,mode=777 tmpfs $LOGS")
	d.in("dd", "if=/dev/zero", "of="+d.Path("logs/filler"), "bs=1k", "count=1000", "status=none")
	c := d.dial()
	pipe := c.mustOpen(d.log("vm"))
	flood(t, pipe, 100000)
	d.wantSaid("No space left on device")
	pipe.Close()
	time.Sleep(100 * time.Millisecond) // it may be seen before or after
	pipe = c.mustOpen(d.log("vm"))     // it is started again
	flood(t, pipe, 1000)
	d.in("rm", d.Path("logs/filler"))
	if missing, _ := d.account(d.log("vm"), 101000); missing == 0 {
		t.Error("nothing is missing")
	}
}

func TestLogAndItsFolderVanish(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", "mount -t tmpfs -o mode=777 tmpfs $LOGS; mkdir -m 777 $LOGS/sub")
	c := d.dial()
	path := d.Path("logs/sub/vm.log")
	pipe := c.mustOpen(path)
	flood(t, pipe, 1000)
	d.account(path, 1000)
	d.in("rm", path)
	flood(t, pipe, 700)
	d.account(path, 700)
	d.wantSaid("was removed: it is made again")
	d.in("rm", "-r", d.Path("logs/sub"))
	flood(t, pipe, 300)
	d.wantSaid("Unable to open file: " + path + ": No such file or directory")
	d.in("mkdir", "-m", "777", d.Path("logs/sub"))
	if missing, _ := d.account(path, 300); missing != 0 {
		t.Errorf("%d bytes are missing of what the pipe could hold", missing)
	}
}

// TestDiskDoesNotAnswer has one disk hang: machines with logs on another one do
// not notice, that on this one is not blocked for good.
func TestDiskDoesNotAnswer(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", ext4)
	c := d.dial()
	pipe, other := c.mustOpen(d.log("vm")), c.mustOpen(d.Path("elsewhere.log"))
	flood(t, pipe, 1000)
	d.account(d.log("vm"), 1000)
	d.in("fsfreeze", "-f", d.Path("logs"))
	thawed := false
	thaw := func() {
		if !thawed {
			thawed = true
			d.in("fsfreeze", "-u", d.Path("logs"))
		}
	}
	defer thaw()
	flood(t, pipe, 2000000)
	for i := range 10 {
		flood(t, other, 100000)
		d.account(d.Path("elsewhere.log"), (i+1)*100000)
	}
	if _, err := d.dial().position(d.log("vm")); err == nil || !strings.Contains(err.Message, "does not answer") {
		t.Errorf("position: %v", err)
	}
	d.Signal(syscall.SIGUSR1)
	d.wantSaid("this program goes on after")
	flood(t, other, 1000)
	d.account(d.Path("elsewhere.log"), 1001000)
	thaw()
	missing, blamed := d.account(d.log("vm"), 2001000)
	if missing == 0 || blamed != "its disk does not answer" {
		t.Errorf("%d bytes are missing: %q", missing, blamed)
	}
	d.Signal(syscall.SIGUSR1)
	flood(t, pipe, 1000)
	if again, _ := d.account(d.log("vm"), 2002000); again != missing {
		t.Errorf("%d bytes are missing, %d were", again, missing)
	}
}

// TestDiskFails has every access to a disk fail, until another is in its place.
func TestDiskFails(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", ext4)
	c := d.dial()
	pipe := c.mustOpen(d.log("vm"))
	flood(t, pipe, 1000)
	d.account(d.log("vm"), 1000)
	shutDown(t, d.seen(d.Path("logs")))
	flood(t, pipe, 2000000)
	d.wantSaid("Unable to write to file " + d.log("vm") + ": Input/output error")
	if _, _, err := c.open(d.log("new"), 0); err == nil {
		t.Error("a log file was opened on a disk that fails")
	}
	d.exchangeDisk()
	if missing, _ := d.account(d.log("vm"), 2000000); missing == 0 {
		t.Error("nothing is missing")
	}
}

// exchangeDisk mounts another one in the place of the logs'.
func (d *daemon) exchangeDisk() {
	d.T.Helper()
	d.in("umount", "-l", d.Path("logs"))
	d.in("sh", "-c", "truncate -s 16M "+d.Path("disk2")+" && mkfs.ext4 -q "+d.Path("disk2")+" && mount -o loop "+d.Path("disk2")+" "+d.Path("logs")+" && chmod 777 "+d.Path("logs"))
}

// TestDiskTurnsReadOnly is what ext4 does where it finds itself damaged, with log
// files open and without.
func TestDiskTurnsReadOnly(t *testing.T) {
	d := startMounted(t, "max_size = 0\n", ext4+"mount -o remount,errors=remount-ro $LOGS")
	c := d.dial()
	pipe := c.mustOpen(d.log("vm"))
	flood(t, pipe, 1000)
	d.account(d.log("vm"), 1000)
	d.in("sh", "-c", "echo x > /sys/fs/ext4/$(basename $(findmnt -no SOURCE "+d.Path("logs")+"))/trigger_fs_error")
	flood(t, pipe, 2000000)
	d.wantSaid("Unable to write to file " + d.log("vm") + ": Read-only file system")
	if _, _, err := c.open(d.log("new"), 0); err == nil || !strings.HasSuffix(err.Message, ": Read-only file system") {
		t.Errorf("a log file on a disk that is only read: %v", err)
	}
	d.exchangeDisk()
	missing, blamed := d.account(d.log("vm"), 2000000)
	if missing == 0 || blamed != "Read-only file system" {
		t.Errorf("%d bytes are missing: %q", missing, blamed)
	}
}

// shutDown makes every access to an ext4 fail.
func shutDown(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const request, noFlush = 0x8004587d, 2
	how := uint32(noFlush)
	if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), request, uintptr(unsafe.Pointer(&how))); errno != 0 {
		t.Skipf("the kernel cannot make a disk fail: %v", errno)
	}
}
