package sys

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// ErrLocked says that somebody else holds a range of a file.
var ErrLocked = errors.New("the range is locked")

// TryLockRange locks a range of an open file for writing, against others who have opened it:
// this process included, and those with locks of processes as well. It ends with Close.
func TryLockRange(f *os.File, offset, length int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	lock := unix.Flock_t{Type: unix.F_WRLCK, Whence: io.SeekStart, Start: offset, Len: length}
	failed := conn.Control(func(fd uintptr) { err = unix.FcntlFlock(fd, unix.F_OFD_SETLK, &lock) })
	if failed != nil {
		return failed
	}
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) {
		return ErrLocked
	}
	return err
}
