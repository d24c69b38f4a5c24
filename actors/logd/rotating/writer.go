package rotating

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"virtree.dev/protocol/virerr"
)

const (
	// MaxBackups is how many there may be.
	MaxBackups = 32

	mode = 0o600
	// lineWindow is how far before the border the end of a line is looked for.
	lineWindow = 80
)

// Limits say when a file is rolled over.
type Limits struct {
	MaxSize    uint64 // 0: never
	MaxBackups uint64
}

func (l Limits) check() error {
	if l.MaxBackups > MaxBackups {
		return virerr.New(virerr.FromNone, virerr.ConfigUnsupported,
			"Max backup %d must be less than or equal to %d", l.MaxBackups, MaxBackups)
	}
	return nil
}

// Chunk are bytes on their way into a file.
type Chunk interface {
	Len() int
	// Peek gives the first bytes, which stay.
	Peek(p []byte) error
	// MoveTo writes the first n bytes, or some of them, to a place in a file; they are gone then.
	MoveTo(f *os.File, at int64, n int) (int, error)
}

// Writer is a log file that is written.
type Writer struct {
	path   string
	limits Limits
	file   *os.File // nil: to be opened
	inode  uint64
	pos    int64
	others bool // no regular file: never rolled over
	failed bool // the last write: what has the name may be another file when it is tried again
	rolled bool // the file has a backup's name already
}

// Open opens a log file, or makes it. With truncate it and its backups are removed first.
func Open(path string, l Limits, truncate bool) (*Writer, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	w := Resume(path, l)
	if truncate {
		if err := w.remove(); err != nil {
			return nil, err
		}
	}
	return w, w.open()
}

// Resume is Open for a file that was written before: it is opened when there is
// something to write.
func Resume(path string, l Limits) *Writer { return &Writer{path: path, limits: l} }

// Path is the name of the file.
func (w *Writer) Path() string { return w.path }

// Position is where the next byte goes.
func (w *Writer) Position() (inode uint64, offset int64) { return w.inode, w.pos }

// Close closes the file.
func (w *Writer) Close() {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
}

func system(err error, format string, args ...any) error {
	return virerr.System(virerr.FromNone, err, format, args...)
}

func (w *Writer) remove() error {
	for _, path := range w.names() {
		if err := gone(syscall.Unlink(path)); err != nil {
			return system(err, "Unable to delete file %s", path)
		}
	}
	return nil
}

// names are the file and its backups, the newest first.
func (w *Writer) names() []string {
	names := []string{w.path}
	for i := range w.limits.MaxBackups {
		names = append(names, backup(w.path, i))
	}
	return names
}

func backup(path string, i uint64) string { return fmt.Sprintf("%s.%d", path, i) }

// openFile opens without O_APPEND, into which nothing can be spliced; only a
// file that takes nothing else is opened with it. A FIFO without a reader is
// an error rather than a wait.
func openFile(path string) (*os.File, error) {
	const flags = os.O_CREATE | os.O_WRONLY | syscall.O_NONBLOCK
	f, err := os.OpenFile(path, flags, mode)
	if errors.Is(err, syscall.EPERM) {
		f, err = os.OpenFile(path, flags|os.O_APPEND, mode)
	}
	return f, err
}

func (w *Writer) open() error {
	f, err := openFile(w.path)
	if err != nil {
		return system(err, "Unable to open file: %s", w.path)
	}
	pos, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return system(err, "Unable to determine current file offset: %s", w.path)
	}
	st, err := status(f)
	if err != nil {
		f.Close()
		return system(err, "Unable to determine current file inode: %s", w.path)
	}
	w.Close()
	w.file, w.pos, w.inode, w.rolled, w.failed = f, pos, st.Ino, false, false
	w.others = st.Mode&syscall.S_IFMT != syscall.S_IFREG
	return nil
}

func status(f *os.File) (st syscall.Stat_t, err error) {
	return st, syscall.Fstat(int(f.Fd()), &st)
}

// Refresh looks what others did to the file: one that was removed is made
// again, one that was cut off or written to goes on at its end. After a failure
// it is opened anew.
func (w *Writer) Refresh() (removed bool, err error) {
	if w.file == nil || w.rolled || w.failed {
		return false, w.open()
	}
	if w.others {
		return false, nil
	}
	st, err := status(w.file)
	if err != nil {
		return false, system(err, "Unable to determine current file inode: %s", w.path)
	}
	if st.Nlink == 0 {
		return true, w.open()
	}
	w.pos = st.Size
	return false, nil
}

// Write moves a chunk into the file, which is rolled over where it would grow
// too long. After an error what is left of the chunk is where it was.
func (w *Writer) Write(c Chunk) (written int, err error) {
	for c.Len() > 0 {
		if w.file == nil || w.rolled {
			if err := w.open(); err != nil {
				return written, err
			}
		}
		n, roll, err := w.cut(c)
		if err != nil {
			return written, err
		}
		moved, err := w.move(c, n)
		written += moved
		switch {
		case err != nil:
			w.failed = true
			return written, system(err, "Unable to write to file %s", w.path)
		case moved < n:
		case roll || w.full() && c.Len() > 0:
			if err := w.rollover(); err != nil {
				return written, err
			}
		}
	}
	return written, nil
}

func (w *Writer) move(c Chunk, n int) (int, error) {
	if n == 0 {
		return 0, nil
	}
	moved, err := c.MoveTo(w.file, w.pos, n)
	w.pos += int64(moved)
	if err == nil && moved == 0 {
		err = io.ErrShortWrite
	}
	return moved, err
}

func (w *Writer) bounded() bool { return w.limits.MaxSize != 0 && !w.others }

func (w *Writer) full() bool { return w.bounded() && uint64(w.pos) == w.limits.MaxSize }

// cut says how many bytes go into this file next, and whether it is rolled over
// after them.
func (w *Writer) cut(c Chunk) (n int, roll bool, err error) {
	n = c.Len()
	if !w.bounded() {
		return n, false, nil
	}
	if uint64(w.pos) > w.limits.MaxSize { // it was longer when it was opened
		return 0, true, nil
	}
	room := w.limits.MaxSize - uint64(w.pos)
	switch {
	case uint64(n) <= room:
		return n, false, nil
	case room > lineWindow: // then the rest is looked at
		return int(room - lineWindow), false, nil
	}
	var window [lineWindow]byte
	tail := window[:room]
	if err := c.Peek(tail); err != nil {
		return 0, false, system(err, "Unable to write to file %s", w.path)
	}
	if end := bytes.LastIndexByte(tail, '\n'); end >= 0 {
		return end + 1, true, nil
	}
	return len(tail), false, nil
}

// rollover gives the file the name of the newest backup, and every backup that
// of the next older; the oldest is lost. Then it begins anew.
//
// The oldest is removed first: a rename in its place would have some disks write
// out the file that is renamed before it returns.
func (w *Writer) rollover() error {
	names := w.names()
	if err := gone(syscall.Unlink(names[len(names)-1])); err != nil {
		return system(err, "Unable to remove %s", names[len(names)-1])
	}
	for i := len(names) - 1; i > 0; i-- {
		if err := gone(syscall.Rename(names[i-1], names[i])); err != nil {
			return system(err, "Unable to rename %s to %s", names[i-1], names[i])
		}
	}
	w.rolled = true
	return w.open()
}

// gone takes a file that is not there for no error.
func gone(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
