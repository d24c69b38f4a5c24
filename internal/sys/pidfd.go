package sys

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// PidfdOpen takes hold of a process: the descriptor means this process and no
// later one of the same number.
func PidfdOpen(pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("pidfd_open", err)
	}
	return os.NewFile(uintptr(fd), "pidfd"), nil
}

// PidfdSignal sends a signal to the process of a pidfd; signal 0 asks whether it is there.
func PidfdSignal(f *os.File, sig syscall.Signal) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = conn.Control(func(fd uintptr) {
		failure = unix.PidfdSendSignal(int(fd), sig, nil, 0)
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("pidfd_send_signal", failure)
}

// PidfdWait blocks until the process of a pidfd has ended, or the file is closed.
func PidfdWait(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return conn.Read(func(fd uintptr) bool {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(ready, 0)
		return err == nil && n > 0
	})
}

// Reap collects an ended child; a process that is not our child is none of our business.
func Reap(pid int) {
	for {
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != unix.EINTR {
			return
		}
	}
}
