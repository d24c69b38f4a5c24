package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Inherited makes a file of a descriptor that came through execve.
func Inherited(fd int, name string) (*os.File, error) {
	if fd < 3 {
		return nil, fmt.Errorf("descriptor %d cannot be %s", fd, name)
	}
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
		return nil, fmt.Errorf("descriptor %d, %s: %w", fd, name, err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

var errOtherSocket = errors.New("it is no UNIX stream socket")

// IsUNIXSocket says of a UNIX stream socket whether it listens; an error where it is none.
func IsUNIXSocket(f syscall.Conn) (listens bool, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	failed := conn.Control(func(fd uintptr) {
		var values [3]int
		for i, option := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_ACCEPTCONN} {
			if values[i], err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option); err != nil {
				return
			}
		}
		listens = values[2] != 0
		if values[0] != unix.AF_UNIX || values[1] != unix.SOCK_STREAM {
			err = errOtherSocket
		}
	})
	return listens, errors.Join(failed, err)
}
