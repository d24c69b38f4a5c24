package logd

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"

	"virtree.dev/internal/sys"
)

// copySize bounds what is moved at once through memory.
const copySize = 32 << 10

// chunk is what a pipe holds, on its way into a log file: rotating.Chunk.
type chunk struct {
	pipe *sys.Pipe
	left *int // how many bytes it holds
	peek *peeker
}

// Len implements rotating.Chunk.
func (c chunk) Len() int { return *c.left }

// Peek implements rotating.Chunk.
func (c chunk) Peek(p []byte) error { return c.peek.peek(c.pipe, p) }

// MoveTo implements rotating.Chunk: the kernel moves the bytes by itself where the
// file lets it.
func (c chunk) MoveTo(f *os.File, at int64, n int) (int, error) {
	moved, err := c.pipe.MoveToFile(int(f.Fd()), at, n)
	if errors.Is(err, syscall.EINVAL) {
		moved, err = c.copyTo(f, at, min(n, copySize))
	}
	*c.left -= moved
	return moved, err
}

// copyTo takes the bytes out of the pipe once they are written: death in between
// writes them twice rather than never.
func (c chunk) copyTo(f *os.File, at int64, n int) (int, error) {
	data := make([]byte, n)
	if err := c.Peek(data); err != nil {
		return 0, err
	}
	moved, err := syscall.Pwrite(int(f.Fd()), data, at)
	for err == syscall.EINTR {
		moved, err = syscall.Pwrite(int(f.Fd()), data, at)
	}
	if moved <= 0 {
		return 0, err
	}
	return c.pipe.Read(data[:moved])
}

// peeker looks at what a pipe holds by a copy in a pipe of its own, which all use
// in turn: nothing here waits for a disk.
type peeker struct {
	mu   sync.Mutex
	pipe *sys.Pipe
}

func (k *peeker) peek(from *sys.Pipe, p []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.empty(); err != nil {
		return err
	}
	for got := 0; got < len(p); {
		// A copy begins at the first byte again: it must bring all at once.
		n, err := from.CopyTo(k.pipe, len(p))
		if err == nil && n < len(p) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		for got < len(p) {
			n, err := k.pipe.Read(p[got:])
			if err != nil {
				return err
			}
			got += n
		}
	}
	return nil
}

// empty makes the pipe, or takes out of it what a failure left.
func (k *peeker) empty() (err error) {
	if k.pipe == nil {
		k.pipe, err = sys.NewPipeBuffer()
		return err
	}
	n, err := k.pipe.Buffered()
	if err != nil || n == 0 {
		return err
	}
	k.pipe.Close()
	k.pipe, err = sys.NewPipeBuffer()
	return err
}

func (k *peeker) close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pipe != nil {
		k.pipe.Close()
		k.pipe = nil
	}
}
