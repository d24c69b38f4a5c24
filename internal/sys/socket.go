package sys

import (
	"errors"
	"math"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Socket is a connected, non-blocking stream socket outside Go's own poller.
// One goroutine reads and closes; any may send or shut down meanwhile.
type Socket struct {
	mu sync.RWMutex // a descriptor in use must not be closed: its number may be another's next
	fd int          // -1 once closed
}

// Accept takes a connection from a listening socket; Again where there is none.
func Accept(listener int) (*Socket, error) {
	for {
		fd, _, err := unix.Accept4(listener, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
		if err == nil {
			return &Socket{fd: fd}, nil
		}
		if err != unix.EINTR && err != unix.ECONNABORTED {
			return nil, err
		}
	}
}

// FD is the descriptor, for the goroutine that closes it.
func (s *Socket) FD() int { return s.fd }

// Recv is sys.Recv for the goroutine that reads.
func (s *Socket) Recv(p, control []byte) (n int, files []*os.File, err error) {
	return Recv(s.fd, p, control)
}

// Send writes what fits; with a file, one byte that the file goes along with.
func (s *Socket) Send(p []byte, file *os.File) (n int, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch {
	case s.fd < 0:
		return 0, os.ErrClosed
	case file == nil:
		return Send(s.fd, p)
	}
	if err = SendRight(s.fd, p[0], file); err == nil {
		n = 1
	}
	return n, err
}

// Shutdown ends both directions: the reader is told.
func (s *Socket) Shutdown() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd >= 0 {
		_ = unix.Shutdown(s.fd, unix.SHUT_RDWR)
	}
}

// Close closes the socket.
func (s *Socket) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
		s.fd = -1
	}
}

// Watch and others that need the number while others may close.
func (s *Socket) control(f func(fd int) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return os.ErrClosed
	}
	return f(s.fd)
}

// Interest changes what a set watches the socket for, and its mark.
func (s *Socket) Interest(e *Epoll, what uint32, mark int32) error {
	return s.control(func(fd int) error { return e.Modify(fd, what, mark) })
}

// Credentials tells who connected.
func (s *Socket) Credentials() (pid, uid, gid int, err error) {
	var cred *unix.Ucred
	err = s.control(func(fd int) error {
		var err error
		cred, err = unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		return err
	})
	if err != nil {
		return -1, -1, -1, err
	}
	return int(cred.Pid), int(cred.Uid), int(cred.Gid), nil
}

// PeerSecurity is the security context of who connected, "" where the host has none.
func (s *Socket) PeerSecurity() string {
	var context string
	_ = s.control(func(fd int) (err error) {
		context, err = unix.GetsockoptString(fd, unix.SOL_SOCKET, unix.SO_PEERSEC)
		return err
	})
	return context
}

// AdoptSocket makes a Socket of a file, which is closed.
func AdoptSocket(f *os.File) (*Socket, error) {
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &Socket{fd: -1}
	failed := conn.Control(func(fd uintptr) {
		if s.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3); err == nil {
			err = unix.SetNonblock(s.fd, true)
		}
	})
	return s, errors.Join(failed, err)
}

// SyscallConn gives the descriptor to whoever passes it on.
func (s *Socket) SyscallConn() (syscall.RawConn, error) { return socketConn{s}, nil }

type socketConn struct{ s *Socket }

func (c socketConn) Control(f func(fd uintptr)) error {
	return c.s.control(func(fd int) error {
		f(uintptr(fd))
		return nil
	})
}
func (socketConn) Read(func(fd uintptr) bool) error  { return syscall.EINVAL }
func (socketConn) Write(func(fd uintptr) bool) error { return syscall.EINVAL }

// SendPacket sends a packet, with a file where one is given; Again where there is no room.
func (s *Socket) SendPacket(p []byte, file syscall.Conn) error {
	return s.control(func(fd int) error {
		if file == nil {
			return SendPacket(fd, p)
		}
		right, err := Number(file)
		if err != nil {
			return err
		}
		return SendPacket(fd, p, right)
	})
}

// WaitReadable waits until there is something to be read, or the end; for ever where
// patience is below zero. The one who waits is the one who closes.
func (s *Socket) WaitReadable(patience time.Duration) bool {
	if s.fd < 0 {
		return true
	}
	milliseconds := -1
	if patience >= 0 {
		milliseconds = int(min(patience.Milliseconds()+1, math.MaxInt32))
	}
	ready := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(ready, milliseconds)
		if err != unix.EINTR {
			return err == nil && n > 0
		}
	}
}
