package sys

import (
	"net"
	"net/netip"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// NoDelay sends small messages at once; other sockets than TCP ones do anyway.
func (s *Socket) NoDelay() {
	_ = s.control(func(fd int) error { return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1) })
}

// PeerAddress is the address and port of the other end, "" where it has none.
func (s *Socket) PeerAddress() string {
	var from unix.Sockaddr
	err := s.control(func(fd int) (err error) {
		from, err = unix.Getpeername(fd)
		return err
	})
	if err != nil {
		return ""
	}
	switch a := from.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
	case *unix.SockaddrInet6:
		return net.JoinHostPort(netip.AddrFrom16(a.Addr).Unmap().String(), strconv.Itoa(a.Port))
	}
	return ""
}

// Conn gives the socket to Go's poller as well; closing the one leaves the other open.
func (s *Socket) Conn() (net.Conn, error) {
	var f *os.File
	err := s.control(func(fd int) error {
		copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		f = os.NewFile(uintptr(copied), "socket")
		return err
	})
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileConn(f)
}
