package sys

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// OneShot ends the watch for a descriptor with the first event, until Modify.
const OneShot = unix.EPOLLONESHOT

// Pipe is an end of a pipe, outside Go's own poller, that never blocks. Whoever
// closes it sees to it that nobody uses it.
type Pipe struct{ fd int }

// NewPipe makes a pipe whose writing end blocks.
func NewPipe() (*Pipe, *os.File, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, os.NewSyscallError("pipe2", err)
	}
	if err := unix.SetNonblock(fds[0], true); err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return nil, nil, os.NewSyscallError("fcntl", err)
	}
	return &Pipe{fds[0]}, os.NewFile(uintptr(fds[1]), "pipe"), nil
}

// NewPipeBuffer makes a pipe of which one descriptor is both ends.
func NewPipeBuffer() (*Pipe, error) {
	r, w, err := NewPipe()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	defer w.Close()
	fd, err := unix.Open(fmt.Sprintf("/proc/self/fd/%d", r.fd), unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: "/proc/self/fd", Err: err}
	}
	return &Pipe{fd}, nil
}

var errNoPipe = errors.New("it is no pipe")

// AdoptPipe makes a Pipe of a file, which is closed. An error where it is none.
func AdoptPipe(f *os.File) (*Pipe, error) {
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	p := &Pipe{fd: -1}
	failed := conn.Control(func(fd uintptr) {
		var st unix.Stat_t
		if err = unix.Fstat(int(fd), &st); err != nil {
			return
		}
		if st.Mode&unix.S_IFMT != unix.S_IFIFO {
			err = errNoPipe
			return
		}
		if p.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3); err == nil {
			err = unix.SetNonblock(p.fd, true)
		}
	})
	if err := errors.Join(failed, err); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// FD is the descriptor.
func (p *Pipe) FD() int { return p.fd }

// Close closes it.
func (p *Pipe) Close() {
	if p.fd >= 0 {
		_ = unix.Close(p.fd)
		p.fd = -1
	}
}

// retry repeats a call that a signal interrupts.
func retry[N int | int64](call func() (N, error)) (int, error) {
	for {
		n, err := call()
		if err != unix.EINTR { //nolint:errorlint // errno
			return int(max(n, 0)), err
		}
	}
}

const spliceFlags = unix.SPLICE_F_MOVE | unix.SPLICE_F_NONBLOCK

// MoveTo moves up to n bytes into another pipe; Again where nothing is there, 0
// at the end.
func (p *Pipe) MoveTo(to *Pipe, n int) (int, error) {
	return retry(func() (int64, error) { return unix.Splice(p.fd, nil, to.fd, nil, n, spliceFlags) })
}

// MoveToFile moves up to n bytes to a place in a file that was not opened to append.
func (p *Pipe) MoveToFile(file int, at int64, n int) (int, error) {
	return retry(func() (int64, error) {
		place := at
		return unix.Splice(p.fd, nil, file, &place, n, spliceFlags)
	})
}

// CopyTo puts up to n bytes into another pipe as well; they stay in this one.
func (p *Pipe) CopyTo(to *Pipe, n int) (int, error) {
	return retry(func() (int64, error) { return unix.Tee(p.fd, to.fd, n, unix.SPLICE_F_NONBLOCK) })
}

// Read takes what is there; Again where nothing is.
func (p *Pipe) Read(b []byte) (int, error) {
	return retry(func() (int, error) { return unix.Read(p.fd, b) })
}

// Buffered is how many bytes are in the pipe.
func (p *Pipe) Buffered() (int, error) { return unix.IoctlGetInt(p.fd, unix.TIOCINQ) }

// HungUp says whether nobody has the writing end any more.
func (p *Pipe) HungUp() bool {
	set := []unix.PollFd{{Fd: int32(p.fd)}}
	n, err := retry(func() (int, error) { return unix.Poll(set, 0) })
	return err == nil && n > 0 && set[0].Revents&unix.POLLHUP != 0
}

// Capacity is how many bytes fit into it.
func (p *Pipe) Capacity() (int, error) { return unix.FcntlInt(uintptr(p.fd), unix.F_GETPIPE_SZ, 0) }

// SetCapacity asks for another size.
func (p *Pipe) SetCapacity(n int) error {
	_, err := unix.FcntlInt(uintptr(p.fd), unix.F_SETPIPE_SZ, n)
	return err
}

// SyscallConn gives the descriptor to whoever passes it on.
func (p *Pipe) SyscallConn() (syscall.RawConn, error) { return pipeConn{p}, nil }

type pipeConn struct{ p *Pipe }

func (c pipeConn) Control(f func(fd uintptr)) error {
	if c.p.fd < 0 {
		return os.ErrClosed
	}
	f(uintptr(c.p.fd))
	return nil
}
func (pipeConn) Read(func(fd uintptr) bool) error  { return syscall.EINVAL }
func (pipeConn) Write(func(fd uintptr) bool) error { return syscall.EINVAL }
