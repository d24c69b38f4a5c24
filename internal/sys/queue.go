package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// queueRoom is what a queue may hold where we are allowed to say so, in bytes.
const queueRoom = 64 << 20

// Queue makes a pair of sockets of which nobody reads: packets that are sent into
// one end wait at the other, and the descriptors in them stay open in the kernel for
// as long as anybody has that end. Both block, so that Go's poller leaves them alone.
func Queue() (in, out *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	if unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, queueRoom) != nil {
		_ = unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, queueRoom) // as far as we may
	}
	return os.NewFile(uintptr(fds[0]), "queue in"), os.NewFile(uintptr(fds[1]), "queue out"), nil
}

// SendPacket sends a packet with descriptors, or says Again.
func SendPacket(fd int, p []byte, rights ...int) error {
	var control []byte
	if len(rights) > 0 {
		control = unix.UnixRights(rights...)
	}
	for {
		err := unix.Sendmsg(fd, p, control, nil, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return err
		}
	}
}

// PeekPacket looks at a packet and opens its descriptors, but leaves it where it is;
// without room for control they are left alone. After PeekFrom each call gives the
// next packet.
func PeekPacket(fd int, p, control []byte) (n int, files []*os.File, err error) {
	for {
		var controls int
		n, controls, _, _, err = unix.Recvmsg(fd, p, control, unix.MSG_PEEK|unix.MSG_CMSG_CLOEXEC|unix.MSG_DONTWAIT)
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

// PeekFrom lets PeekPacket begin that many bytes from the head, and move on; -1 keeps
// it at the head.
func PeekFrom(fd, offset int) error {
	return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF, offset))
}

// DropPacket takes the packet at the head away with its descriptors.
func DropPacket(fd int) error {
	var b [1]byte
	for {
		_, _, _, _, err := unix.Recvmsg(fd, b[:], nil, unix.MSG_DONTWAIT)
		if err != unix.EINTR {
			return err
		}
	}
}

// Number gives the descriptor of a file that stays open for its user's time,
// without taking it out of non-blocking mode, as os.File.Fd would.
func Number(c syscall.Conn) (int, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	n := -1
	err = raw.Control(func(fd uintptr) { n = int(fd) })
	return n, err
}

// OpensFile says whether what is behind a descriptor lies on a disk, and not in a
// pipe or socket.
func OpensFile(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&os.ModeDevice != 0)
}

// ListenPackets makes a socket for packets at a path, for our user alone.
func ListenPackets(path string) (*os.File, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f := os.NewFile(uintptr(fd), path)
	// The mode of the file is that of the socket before it has a name.
	err = errors.Join(unix.Fchmod(fd, 0o600), unix.Bind(fd, &unix.SockaddrUnix{Name: path}), Listen(fd))
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Listen lets a bound socket take connections.
func Listen(fd int) error { return os.NewSyscallError("listen", unix.Listen(fd, 16)) }

// ConnectPackets connects to such a socket.
func ConnectPackets(path string) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	if err := unix.Connect(fd, &unix.SockaddrUnix{Name: path}); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("connect", err)
	}
	return &Socket{fd: fd}, nil
}

// SocketPath is the path that a UNIX socket is bound to.
func SocketPath(fd int) (string, error) {
	address, err := unix.Getsockname(fd)
	if err != nil {
		return "", os.NewSyscallError("getsockname", err)
	}
	if u, ok := address.(*unix.SockaddrUnix); ok {
		return u.Name, nil
	}
	return "", errors.New("it is no UNIX socket")
}
