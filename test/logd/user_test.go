package logd

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// asUser runs f on a thread that is the user's under whom session daemons run,
// who lets nobody else in.
func asUser(t testing.TB, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error, 1)
	go func() {
		defer close(done) // a test that fails ends the goroutine
		// Not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), nobody, ^uintptr(0)); errno != 0 {
			done <- errno
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
