package rotating

import (
	"os"
	"syscall"
)

// Text is a chunk in memory.
type Text []byte

// Len implements Chunk.
func (t *Text) Len() int { return len(*t) }

// Peek implements Chunk.
func (t *Text) Peek(p []byte) error {
	copy(p, *t)
	return nil
}

// MoveTo implements Chunk.
func (t *Text) MoveTo(f *os.File, at int64, n int) (int, error) {
	// Into a file that only takes appends, this appends.
	moved, err := syscall.Pwrite(int(f.Fd()), (*t)[:n], at)
	for err == syscall.EINTR {
		moved, err = syscall.Pwrite(int(f.Fd()), (*t)[:n], at)
	}
	moved = max(moved, 0)
	*t = (*t)[moved:]
	return moved, err
}
