package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls here never block, so that the runtime need not be told of them: it
// would wake a thread that watches for calls that do.

// quickRecv is recvmsg without waiting.
func quickRecv(fd int, p, control []byte) (n, controls int, err error) {
	var iov unix.Iovec
	var head unix.Msghdr
	if len(p) > 0 {
		iov.Base = &p[0]
		iov.SetLen(len(p))
		head.Iov = &iov
		head.SetIovlen(1)
	}
	if len(control) > 0 {
		head.Control = &control[0]
		head.SetControllen(len(control))
	}
	r, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&head)), unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
	if errno != 0 {
		return 0, 0, errno
	}
	return int(r), int(head.Controllen), nil
}

// quickSend is send without waiting.
func quickSend(fd int, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	r, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

// quickLock is fcntl with a lock that is taken at once or not at all.
func quickLock(fd, command int, lock *unix.Flock_t) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_FCNTL, uintptr(fd), uintptr(command), uintptr(unsafe.Pointer(lock))); errno != 0 {
		return errno
	}
	return nil
}

// quickStat is fstat of a file of a local file system.
func quickStat(fd int, st *unix.Stat_t) error {
	if _, _, errno := unix.RawSyscall(unix.SYS_FSTAT, uintptr(fd), uintptr(unsafe.Pointer(st)), 0); errno != 0 {
		return errno
	}
	return nil
}
