package main

import (
	"errors"
	"fmt"
	"syscall"

	"virtree.dev/internal/sys"
)

// room is what one direction holds of bytes that were read and not yet written.
const room = 256 << 10

// piece bounds one write: to a descriptor that blocks after all it fits when poll says so.
const piece = 4096

// buffer is what is on its way in one direction.
type buffer struct {
	data  []byte // what is not written yet
	store []byte
	over  bool // nothing more comes
}

func (b *buffer) full() bool { return len(b.data) == room }
func (b *buffer) done() bool { return b.over && len(b.data) == 0 }

// fill reads once.
func (b *buffer) fill(fd int) error {
	if b.store == nil {
		b.store = make([]byte, room)
	}
	n := copy(b.store, b.data)
	got, err := syscall.Read(fd, b.store[n:])
	if sys.Again(err) || err == syscall.EINTR {
		got, err = 0, nil
	} else if got == 0 && err == nil {
		b.over = true
	}
	b.data = b.store[:n+max(got, 0)]
	return err
}

// drain writes once, at most so much.
func (b *buffer) drain(fd, most int) error {
	n, err := syscall.Write(fd, b.data[:min(len(b.data), most)])
	if sys.Again(err) || err == syscall.EINTR {
		return nil
	}
	if err == nil {
		b.data = b.data[n:]
	}
	return err
}

// link is one client and one daemon.
type link struct {
	in, out, socket int
	up, down        buffer // to the daemon, to the client
	most            int    // of one write to out
	told            bool   // the daemon knows that no more comes
	deaf            bool   // nobody reads what we write
}

// carry moves bytes from in to the socket and from there to out, until the daemon has
// ended and what it said is written, or until nobody reads that any more.
func carry(in, out, socket int) error {
	l := &link{in: in, out: out, socket: socket, most: piece}
	for _, fd := range []int{in, out, socket} {
		is, restore, err := sys.Nonblocking(fd)
		if err != nil {
			return err
		}
		defer restore()
		if fd == out && is {
			l.most = room
		}
	}
	for !l.down.done() && (!l.deaf || !l.up.done()) {
		fds := l.wishes()
		if err := sys.Poll(fds); err != nil {
			return err
		}
		if err := l.move(fds[0].Revents, fds[1].Revents, fds[2].Revents); err != nil {
			return err
		}
	}
	return nil
}

// wishes says what each descriptor is waited for: in, out and the socket.
func (l *link) wishes() []sys.PollFD {
	fds := []sys.PollFD{{Fd: -1}, {Fd: int32(l.out)}, {Fd: int32(l.socket)}}
	if !l.up.over && !l.up.full() {
		fds[0] = sys.PollFD{Fd: int32(l.in), Events: sys.PollIn}
	}
	if l.deaf {
		fds[1].Fd = -1
	}
	if len(l.down.data) > 0 {
		fds[1].Events = sys.PollOut
	}
	if !l.down.full() {
		fds[2].Events |= sys.PollIn
	}
	if len(l.up.data) > 0 {
		fds[2].Events |= sys.PollOut
	}
	if fds[2].Events == 0 || l.down.over { // a socket that has ended would be told of again and again
		fds[2].Fd = -1
	}
	return fds
}

func (l *link) move(in, out, socket int16) error {
	if in != 0 {
		if err := l.up.fill(l.in); err != nil {
			return fmt.Errorf("cannot read from stdin: %w", sys.Errno(err))
		}
	}
	if socket&(sys.PollIn|sys.PollEnded) != 0 && !l.down.full() {
		if err := l.down.fill(l.socket); err != nil {
			return fmt.Errorf("cannot read from the daemon: %w", sys.Errno(err))
		}
	}
	if socket&sys.PollOut != 0 && len(l.up.data) > 0 {
		switch err := l.up.drain(l.socket, room); {
		case errors.Is(err, syscall.EPIPE):
			l.up.data, l.up.over = nil, true // it hears nothing more; what it said is still read
		case err != nil:
			return fmt.Errorf("cannot write to the daemon: %w", sys.Errno(err))
		}
	}
	if l.up.done() && !l.told {
		l.told = true
		_ = syscall.Shutdown(l.socket, syscall.SHUT_WR)
	}
	if out&sys.PollEnded != 0 {
		if in == 0 && !l.up.over {
			return errors.New("EOF on stdout")
		}
		l.deaf = true // who left may have said something before
	}
	return l.answer(out)
}

// answer writes to who started us.
func (l *link) answer(out int16) error {
	if l.deaf {
		l.down.data = nil
		return nil
	}
	if out&sys.PollOut == 0 || len(l.down.data) == 0 {
		return nil
	}
	if err := l.down.drain(l.out, l.most); err != nil {
		return fmt.Errorf("cannot write to stdout: %w", sys.Errno(err))
	}
	return nil
}
