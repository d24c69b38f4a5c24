package peer

import (
	"os"
	"runtime"
	"syscall"
	"testing"

	"virtree.dev/protocol/wire/wiretest"
)

// Dial connects to a socket as the daemon's own user: the kernel tells of the thread's.
func (d *Daemon) Dial(t testing.TB, socket string) *wiretest.Client {
	t.Helper()
	if os.Geteuid() != 0 || d.options.System {
		return wiretest.Dial(t, socket)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const keep = ^uintptr(0)
	if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, keep, nobody, keep); e != 0 {
		t.Fatal(e)
	}
	defer func() { _, _, _ = syscall.RawSyscall(syscall.SYS_SETRESUID, keep, 0, keep) }()
	return wiretest.Dial(t, socket)
}
