package logd

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
)

// outcome is where moving the bytes of a log file came to.
type outcome uint8

const (
	empty   outcome = iota // the pipe is empty now
	more                   // there is more, and it is somebody else's turn
	over                   // nobody will write any more, and all is written
	failing                // the log file takes nothing
	gone                   // somebody else closed it
)

const (
	// share is how many bytes are moved before it is another log file's turn.
	share = 4 << 20
	// bigPipe is the size of both pipes where a machine writes a lot, or its disk
	// takes nothing. A user's pipes together are bounded by the kernel, root's are not.
	bigPipe, bigUserPipe = 1 << 20, 256 << 10
	// lull is how long a machine that writes all the time is left to itself.
	lull = 100 * time.Microsecond
	// trickle is how few bytes say that the pipe is empty now.
	trickle = 16 << 10
)

// move moves what is in the pipe to the log file. The lock is held.
func (f *logFile) move() outcome {
	if f.closed {
		return gone
	}
	for moved := 0; moved < share; {
		if err := f.flush(); err != nil {
			return f.fail(err)
		}
		if f.ended.Load() {
			return over
		}
		n, err := f.fill()
		switch {
		case sys.Again(err):
			return empty
		case errors.Is(err, errNoticeFirst):
			continue
		case err != nil:
			return f.fail(err)
		}
		moved += n
		if err := f.flush(); err != nil {
			return f.fail(err)
		}
		if n < trickle && !f.ended.Load() {
			return empty
		}
	}
	return more
}

// await lets a machine that writes all the time gather something, so that neither
// works for every line.
func (f *logFile) await() {
	if time.Since(f.moved) < 2*lull {
		sys.Pause(lull)
	}
}

// errNoticeFirst is given where something was lost just now.
var errNoticeFirst = errors.New("a notice stands before what is in the pipe")

// fill moves bytes from the pipe into the buffer, which is empty.
func (f *logFile) fill() (int, error) {
	if f.buffer == nil {
		if err := f.makeBuffer(); err != nil {
			return 0, err
		}
	}
	f.intake.Lock()
	defer f.intake.Unlock()
	if f.lost.Bytes > 0 {
		return 0, errNoticeFirst
	}
	if f.big && !f.bigBuffer {
		f.bigBuffer = true
		_ = f.buffer.SetCapacity(large()) // the pipe alone is larger then
	}
	n, err := f.pipe.MoveTo(f.buffer, bigPipe) // what fits
	switch {
	case sys.Again(err):
		return 0, err
	case err != nil:
		f.service.log.Error("Unable to read from log pipe: " + sys.Errno(err).Error())
		n, err = 0, nil
		f.ended.Store(true)
	case n == 0:
		f.ended.Store(true)
	}
	f.held += n
	if n >= smallPipe {
		f.enlarge()
	}
	return n, err
}

// smallPipe is what a pipe holds as it is made.
const smallPipe = 64 << 10

// enlarge makes the pipe larger where the kernel lets us; the buffer follows when
// it is empty. The intake is held.
func (f *logFile) enlarge() {
	if !f.big {
		f.big = true
		_ = f.pipe.SetCapacity(large())
	}
}

func large() int {
	if os.Geteuid() == 0 {
		return bigPipe
	}
	return bigUserPipe
}

func (f *logFile) makeBuffer() error {
	b, err := sys.NewPipeBuffer()
	if err != nil {
		return fmt.Errorf("cannot make a pipe: %w", err)
	}
	if err := f.service.store.Keep(f.bufferKey(), nil, b); err != nil {
		b.Close()
		return fmt.Errorf("cannot keep a pipe: %w", err)
	}
	f.buffer = b
	return nil
}

// flush writes what is older than what is in the pipe.
func (f *logFile) flush() error {
	if f.held == 0 && len(f.notice) == 0 && f.trouble.Load() == nil && !f.hasLost() {
		return nil
	}
	removed, err := f.writer.Refresh()
	if removed {
		f.service.log.Warn(fmt.Sprintf("log file %s was removed: it is made again", f.Path))
	}
	if err != nil {
		return err
	}
	if err := f.writeHeld(); err != nil {
		return err
	}
	f.takeLoss()
	if len(f.notice) > 0 {
		if _, err := f.writer.Write(&f.notice); err != nil {
			return err
		}
		f.service.keepState(f)
	}
	if t := f.trouble.Swap(nil); t != nil {
		f.service.log.Warn(fmt.Sprintf("log file %s is written again, after %s", f.Path, time.Since(t.since).Round(time.Millisecond)))
	}
	return nil
}

func (f *logFile) writeHeld() error {
	if f.held == 0 {
		return nil
	}
	_, err := f.writer.Write(chunk{f.buffer, &f.held, &f.service.peeker})
	return err
}

// fail notes why nothing is written. It is said when it begins.
func (f *logFile) fail(err error) outcome {
	now := time.Now()
	t := &trouble{since: now, err: err, next: now.Add(retryAfter)}
	if last := f.trouble.Load(); last != nil {
		t.since, t.tries = last.since, last.tries+1
	}
	if t.tries == 0 {
		f.service.log.Error(err.Error())
	}
	f.trouble.Store(t)
	f.service.watch()
	return failing
}

// reason is the system's word for an error.
func reason(err error) string {
	var e *virerr.Error
	if errors.As(err, &e) && e.Code == virerr.SystemError && e.Int1 > 0 {
		err = syscall.Errno(e.Int1)
	}
	return sys.Errno(err).Error()
}
