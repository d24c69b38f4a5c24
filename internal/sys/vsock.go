package sys

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// VSockDevice is the kernel's end of sockets to machines.
const VSockDevice = "/dev/vhost-vsock"

const vsockSetGuestCID = 0x4008af60

// VSockNumber gives the machine behind f the number that its sockets are addressed by.
func VSockNumber(f *os.File, cid uint64) error {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), vsockSetGuestCID, uintptr(unsafe.Pointer(&cid)))
	runtime.KeepAlive(&cid)
	if errno != 0 {
		return errno
	}
	return nil
}
