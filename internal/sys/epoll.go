package sys

import (
	"math"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// What a descriptor is watched for; an end of the peer is always told.
const (
	Readable = unix.EPOLLIN
	Writable = unix.EPOLLOUT
)

// Edge tells of a change once, to one of those who ask: with it several threads may
// ask a set. Every Modify tells anew what a descriptor is ready for.
const Edge = unix.EPOLLET | unix.EPOLLRDHUP

// Gone is told when there is no peer any more, Over already when it sends nothing more.
const (
	Gone = unix.EPOLLHUP | unix.EPOLLERR
	Over = Gone | unix.EPOLLRDHUP
)

// Ready is a descriptor with something to do.
type Ready = unix.EpollEvent

// Epoll waits for many descriptors at once, level-triggered without Edge.
type Epoll struct {
	mu       sync.RWMutex // a descriptor in use must not be closed: its number may be another's next
	fd, wake int          // -1 once closed
}

// NewEpoll makes an empty set.
func NewEpoll() (*Epoll, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("eventfd", err)
	}
	e := &Epoll{fd: fd, wake: wake}
	if err := e.Add(wake, Readable); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

// Add watches a descriptor. Closing it ends that, unless there are duplicates.
func (e *Epoll) Add(fd int, what uint32) error { return e.AddMarked(fd, what, 0) }

// AddMarked is Add with a mark, told along as Ready.Pad: it tells a descriptor
// from the next with its number.
func (e *Epoll) AddMarked(fd int, what uint32, mark int32) error {
	return e.control(unix.EPOLL_CTL_ADD, fd, what, mark)
}

// Modify changes what a descriptor is watched for, and its mark.
func (e *Epoll) Modify(fd int, what uint32, mark int32) error {
	return e.control(unix.EPOLL_CTL_MOD, fd, what, mark)
}

func (e *Epoll) control(op, fd int, what uint32, mark int32) error {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(e.fd, op, fd, &Ready{Events: what, Fd: int32(fd), Pad: mark}))
}

// Wait blocks its thread until something is ready. What Wake caused is not told.
func (e *Epoll) Wait(ready []Ready) ([]Ready, error) { return e.WaitFor(ready, -1) }

// WaitFor is Wait with an end; there is none where it is below zero.
func (e *Epoll) WaitFor(ready []Ready, patience time.Duration) ([]Ready, error) {
	milliseconds := -1
	if patience >= 0 {
		milliseconds = int(min(patience.Milliseconds(), math.MaxInt32))
	}
	n, err := unix.EpollWait(e.fd, ready, milliseconds)
	if err == unix.EINTR {
		return nil, nil
	}
	if err != nil {
		return nil, os.NewSyscallError("epoll_wait", err)
	}
	told := ready[:0]
	for _, r := range ready[:n] {
		if int(r.Fd) != e.wake {
			told = append(told, r)
		}
	}
	return told, nil
}

// Wake makes every later Wait return at once. It may come after Close.
func (e *Epoll) Wake() {
	e.mu.RLock()
	defer e.mu.RUnlock()
	if e.wake >= 0 {
		_, _ = unix.Write(e.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

// Close gives the set up, when nobody waits any more.
func (e *Epoll) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fd >= 0 {
		_ = unix.Close(e.wake)
		_ = unix.Close(e.fd)
	}
	e.fd, e.wake = -1, -1
}
