package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// MaxRights is how many descriptors the kernel passes with one message at the most.
const MaxRights = 253

// RightsSpace is the room for the descriptors that come with one read.
var RightsSpace = unix.CmsgSpace(4 * MaxRights)

// Recv reads from a non-blocking socket into p, and descriptors that come along
// into control, which has RightsSpace bytes. They are closed on exec.
func Recv(fd int, p, control []byte) (n int, files []*os.File, err error) {
	for {
		var controls int
		n, controls, err = quickRecv(fd, p, control)
		if err == unix.EINTR { //nolint:errorlint // errno
			continue
		}
		if err != nil || controls == 0 {
			return max(n, 0), nil, err
		}
		files, err = parseRights(control[:controls])
		return n, files, err
	}
}

func parseRights(control []byte) ([]*os.File, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, err
	}
	var files []*os.File
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue // not descriptors
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files, nil
}

// SendRight sends one byte with one descriptor over a non-blocking socket.
func SendRight(fd int, b byte, f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	failed := conn.Control(func(right uintptr) {
		err = unix.Sendmsg(fd, []byte{b}, unix.UnixRights(int(right)), nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
	})
	if failed != nil {
		return failed
	}
	return err
}

// Send writes what fits into a non-blocking socket.
func Send(fd int, p []byte) (int, error) {
	for {
		n, err := quickSend(fd, p)
		if !errors.Is(err, unix.EINTR) {
			return max(n, 0), err
		}
	}
}

// Again says whether a non-blocking call found nothing to do.
func Again(err error) bool { return err == unix.EAGAIN } //nolint:errorlint // errno

// Credentials tells who connected a UNIX socket.
func Credentials(conn syscall.RawConn) (pid, uid, gid int, err error) {
	var cred *unix.Ucred
	failed := conn.Control(func(fd uintptr) {
		cred, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	})
	if failed != nil {
		return -1, -1, -1, failed
	}
	if err != nil {
		return -1, -1, -1, err
	}
	return int(cred.Pid), int(cred.Uid), int(cred.Gid), nil
}
