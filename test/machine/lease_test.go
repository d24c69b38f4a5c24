package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/test/peer"
)

const lockd = "lock_manager = \"lockd\"\n"

// guard is the byte of a file that virtlockd locks, on every host.
func guard(kind int16) *syscall.Flock_t { return &syscall.Flock_t{Type: kind, Len: 1} }

// locked says whether somebody has the lease of a file.
func (h *host) locked(path string) bool {
	h.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	defer f.Close()
	lock := guard(syscall.F_WRLCK)
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_GETLK, lock); err != nil {
		h.t.Fatal(err)
	}
	return lock.Type != syscall.F_UNLCK
}

// another takes the lease of a file, as the virtlockd of another host does.
func (h *host) another(path string) (release func()) {
	h.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, guard(syscall.F_WRLCK)); err != nil {
		h.t.Fatal(err)
	}
	return func() { f.Close() }
}

func busy(name string) string {
	return "error: resource busy: Lockspace resource '" + name + "' is locked"
}

func (h *host) wantState(name, want string) {
	h.t.Helper()
	if state := h.must("domstate", name); state != want {
		h.t.Errorf("state %s, want %s", state, want)
	}
}

func (h *host) wantLocked(path string, want bool, when string) {
	h.t.Helper()
	if h.locked(path) != want {
		h.t.Errorf("%s: locked is %v", when, !want)
	}
}

func TestLeasesOfDisks(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		o.QEMU = lockd
		h := startHost(t, o)
		name := "vtlease" + strconv.Itoa(os.Getpid())
		path := h.guestDisk("guest.img")
		h.define(name, machineDocument(path, ""))

		release := h.another(path)
		if said := h.fails("start", name); !strings.Contains(said, busy(path)) {
			t.Errorf("a start without the lease:\n%s", said)
		}
		h.wantState(name, "shut off")
		h.nothingLeft(name)
		release()

		h.must("start", name)
		h.wantLocked(path, true, "started")
		h.must("suspend", name)
		h.wantLocked(path, false, "paused")
		release = h.another(path)
		if said := h.fails("resume", name); !strings.Contains(said, busy(path)) {
			t.Errorf("going on without the lease:\n%s", said)
		}
		h.wantState(name, "paused")
		release()
		h.must("resume", name)
		h.wantState(name, "running")
		h.wantLocked(path, true, "gone on")

		h.killAndRun()
		h.wantLocked(path, true, "libvirtd died")
		h.must("suspend", name)
		h.wantLocked(path, false, "paused by another libvirtd")
		h.killAndRun()
		h.must("resume", name)
		h.wantLocked(path, true, "gone on by another libvirtd")

		h.must("destroy", name)
		h.until("the lease is free", func() bool { return !h.locked(path) })
		h.must("start", name, "--paused")
		h.wantLocked(path, false, "started paused")
		h.must("resume", name)
		h.wantLocked(path, true, "running at last")
		h.endMachine(name)
		h.until("a machine that crashed has no lease", func() bool { return !h.locked(path) })
		h.must("start", name)
		h.wantLocked(path, true, "started again")
		h.must("destroy", name)
	})
}

// endMachine kills a machine's process.
func (h *host) endMachine(name string) {
	h.t.Helper()
	if err := syscall.Kill(pidOf(h.Path("run/libvirt/qemu/run/"+name+".pid")), syscall.SIGKILL); err != nil {
		h.t.Fatal(err)
	}
	h.until("the machine is gone", func() bool { return h.must("domstate", name) == "shut off" })
}

// A virtlockd that dies takes no machine with it, and is found again.
func TestALockServiceThatDies(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		o.QEMU = lockd
		h := startHost(t, o)
		name := "vtlockd" + strconv.Itoa(os.Getpid())
		path := h.guestDisk("guest.img")
		h.define(name, machineDocument(path, ""))
		h.must("start", name)
		h.crash("virtlockd")
		h.wantState(name, "running")
		h.must("suspend", name)
		h.wantLocked(path, false, "paused after virtlockd died")
		h.crash("virtlockd")
		h.must("resume", name)
		h.wantLocked(path, true, "gone on with another virtlockd")
		h.must("suspend", name)
		h.wantLocked(path, false, "paused")
		h.crash("virtlockd")
		h.must("destroy", name)
		h.must("start", name)
		h.wantState(name, "running")
		h.wantLocked(path, true, "started with another virtlockd")
		if o.Binary == "" { // libvirt's own leaves a lease behind here, until virtlockd dies once more
			h.crash("virtlockd")
			h.must("suspend", name)
			h.must("resume", name)
			h.must("destroy", name)
			h.wantLocked(path, false, "ended, and another virtlockd was not told")
			h.must("start", name)
		}
		h.must("destroy", name)
	})
}

// Two daemons with lock services of their own share a folder of leases, as two hosts do.
func TestTwoHostsContendForALease(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		o.QEMU = lockd
		one := startHost(t, o)
		o.Binary = "" // the other is ours in any case
		two := startHost(t, o)
		space := filepath.Join(one.Path("files"), "leases")
		for _, h := range []*host{one, two} {
			h.configure("qemu-lockd.conf", "file_lockspace_dir = \""+space+"\"\nrequire_lease_for_disks = 0\n")
			h.Signal(t, syscall.SIGTERM)
			h.Wait()
			h.Run(t)
		}
		name := "vttwo" + strconv.Itoa(os.Getpid())
		if _, err := os.Stat(space); err != nil {
			one.makeFolders(name)
		}
		key := filepath.Join(space, "shared")
		if err := os.WriteFile(key, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(key, 0o666); err != nil {
			t.Fatal(err)
		}
		lease := "<lease><lockspace>leases</lockspace><key>shared</key><target path='" + one.Path("files") + "'/></lease>"
		one.define(name+"a", kind{devices: lease + lean})
		two.define(name+"b", kind{devices: lease + lean})

		one.must("start", name+"a")
		if said := two.fails("start", name+"b"); !strings.Contains(said, busy("shared")) {
			t.Errorf("both have it:\n%s", said)
		}
		two.nothingLeft(name + "b")
		one.must("suspend", name+"a")
		two.must("start", name+"b")
		if said := one.fails("resume", name+"a"); !strings.Contains(said, busy("shared")) {
			t.Errorf("both have it:\n%s", said)
		}
		one.wantState(name+"a", "paused")
		two.must("destroy", name+"b")
		two.until("the lease is free", func() bool { return !two.locked(key) })
		one.must("resume", name+"a")
		one.wantState(name+"a", "running")
		one.must("destroy", name+"a")
	})
}

// configure writes a file of the driver.
func (h *host) configure(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.Path("config/libvirt/"+name), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// makeFolders lets a daemon that has not asked virtlockd for its folders yet do so.
func (h *host) makeFolders(name string) {
	h.t.Helper()
	h.define(name, kind{devices: lean})
	h.must("start", name)
	h.must("destroy", name)
	h.must("undefine", name)
}

func TestLeasesThatAreRequired(t *testing.T) {
	pairings(t, func(t *testing.T, o peer.Options) {
		o.QEMU = lockd
		h := startHost(t, o)
		h.configure("qemu-lockd.conf", "auto_disk_leases = 0\n")
		h.Signal(t, syscall.SIGTERM)
		h.Wait()
		h.Run(t)
		name := "vtneed" + strconv.Itoa(os.Getpid())
		h.define(name, machineDocument(h.guestDisk("guest.img"), ""))
		const want = "error: internal error: Process exited prior to exec: libvirt: Lock Driver error : unsupported configuration: " +
			"Read/write, exclusive access, disks were present, but no leases specified"
		if said := h.fails("start", name); !strings.Contains(said, want) {
			t.Errorf("virsh said:\n%s", said)
		}
		h.nothingLeft(name)
		h.define(name+"r", kind{devices: strings.Replace(machineDocument(h.guestDisk("other.img"), "").devices, "</disk>", "<readonly/></disk>", 1)})
		h.must("start", name+"r")
		h.must("destroy", name+"r")
	})
}

func TestALockServiceThatCannotBeHad(t *testing.T) {
	h := startHost(t, peer.Options{QEMU: lockd, Env: []string{"VIRTLOCKD_PATH=/nowhere"}})
	name := "vtnolock" + strconv.Itoa(os.Getpid())
	h.define(name, machineDocument(h.guestDisk("guest.img"), ""))
	said := h.fails("start", name)
	for _, part := range []string{
		"error: internal error: Process exited prior to exec: libvirt: XML-RPC error : Failed to connect socket to '" +
			h.Path("run/libvirt/virtlockd-sock") + "': No such file or directory",
		"there is no program '/nowhere/virtlockd' to start",
		"lock_manager = \"nop\" in " + h.Path("config/libvirt/qemu.conf"),
	} {
		if !strings.Contains(said, part) {
			t.Errorf("%q is not in what virsh said:\n%s", part, said)
		}
	}
	h.nothingLeft(name)
}
