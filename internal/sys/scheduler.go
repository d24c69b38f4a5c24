package sys

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Scheduler is a way of the kernel to share processors among threads.
type Scheduler int

// The kernel's schedulers.
const (
	SchedFIFO  Scheduler = 1
	SchedRR    Scheduler = 2
	SchedBatch Scheduler = 3
	SchedIdle  Scheduler = 5
)

// SetScheduler changes how a thread gets processors; priorities are for FIFO and RR.
func SetScheduler(tid int, s Scheduler, priority int) error {
	param := int32(priority)
	_, _, errno := unix.Syscall(unix.SYS_SCHED_SETSCHEDULER, uintptr(tid), uintptr(s), uintptr(unsafe.Pointer(&param)))
	runtime.KeepAlive(&param)
	if errno != 0 {
		return os.NewSyscallError("sched_setscheduler", errno)
	}
	return nil
}
