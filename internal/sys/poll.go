package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// PollFD is a descriptor that Poll looks at; one below 0 is passed over.
type PollFD = unix.PollFd

// What Poll looks for, and what it tells unasked.
const (
	PollIn    = unix.POLLIN
	PollOut   = unix.POLLOUT
	PollEnded = unix.POLLHUP | unix.POLLERR | unix.POLLNVAL
)

// Poll waits until one of a few descriptors is ready, of whatever kind they are: a
// file or a terminal as well, which a set of Epoll takes not.
func Poll(fds []PollFD) error {
	for {
		_, err := unix.Poll(fds, -1)
		if err == unix.EINTR {
			continue
		}
		return os.NewSyscallError("poll", err)
	}
}

// Nonblocking lets a pipe or a socket not block, until it is restored; it says so, for
// anything else stays as it is.
func Nonblocking(fd int) (is bool, restore func(), err error) {
	restore = func() {}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, restore, os.NewSyscallError("fstat", err)
	}
	if kind := st.Mode & unix.S_IFMT; kind != unix.S_IFIFO && kind != unix.S_IFSOCK {
		return false, restore, nil
	}
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err != nil || flags&unix.O_NONBLOCK != 0 {
		return err == nil, restore, os.NewSyscallError("fcntl", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return false, restore, os.NewSyscallError("fcntl", err)
	}
	return true, func() { _ = unix.SetNonblock(fd, false) }, nil
}
