package sys

import (
	"encoding/binary"
	"errors"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Audit is the kernel's audit system, as programs tell it things.
type Audit struct {
	mu  sync.Mutex
	fd  int
	seq uint32
}

// OpenAudit gives EPROTONOSUPPORT, EINVAL or EAFNOSUPPORT where the kernel has none.
func OpenAudit() (*Audit, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_AUDIT)
	if err != nil {
		return nil, err
	}
	return &Audit{fd: fd}, nil
}

// auditBuffer is more than an answer of the kernel, which quotes the message.
const auditBuffer = 16384

// Send tells one record. The kernel answers before the call of sending is over, so
// nobody waits.
func (a *Audit) Send(kind uint16, text string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.seq++
	if err := unix.Sendto(a.fd, auditMessage(kind, a.seq, text), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	b := make([]byte, auditBuffer)
	for {
		n, _, err := unix.Recvfrom(a.fd, b, 0)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return nil // no answer is none that refuses
		case err != nil:
			return err
		}
		if err, mine := auditAnswer(b[:n], a.seq); mine {
			return err
		}
	}
}

// auditMessage is a netlink message that wants an answer; the text ends with a zero byte.
func auditMessage(kind uint16, seq uint32, text string) []byte {
	b := make([]byte, 0, unix.NLMSG_HDRLEN+len(text)+4)
	b = binary.NativeEndian.AppendUint32(b, uint32(unix.NLMSG_HDRLEN+len(text)+1))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0) // the port: the kernel knows
	b = append(append(b, text...), 0)
	for len(b)%unix.NLMSG_ALIGNTO != 0 {
		b = append(b, 0)
	}
	return b
}

// auditAnswer reads an acknowledgement; mine says whether it is of the message.
func auditAnswer(b []byte, seq uint32) (err error, mine bool) {
	if len(b) < unix.NLMSG_HDRLEN+4 {
		return nil, false
	}
	kind, of := binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint32(b[8:])
	if kind != unix.NLMSG_ERROR || of != seq {
		return nil, false
	}
	if code := int32(binary.NativeEndian.Uint32(b[unix.NLMSG_HDRLEN:])); code < 0 {
		return syscall.Errno(-code), true
	}
	return nil, true
}

// Close closes the socket.
func (a *Audit) Close() error { return unix.Close(a.fd) }
