package pidfile

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"virtree.dev/internal/sys"
)

// File is a locked file that holds our process number. The lock is a POSIX one
// on the first byte, as libvirt's is; it would go with any other descriptor of
// the file that is closed, so there is none.
type File struct {
	path string
	file *os.File
}

// Acquire locks the file at path and writes our number into it.
func Acquire(path string) (*File, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644)
		if err != nil {
			return nil, fmt.Errorf("Failed to open pid file '%s': %w", path, sys.Errno(err))
		}
		lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart, Start: 0, Len: 1}
		if err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &lock); err != nil {
			f.Close()
			return nil, fmt.Errorf("Failed to acquire pid file '%s': %w", path, sys.Errno(err))
		}
		// Between open and lock another daemon may have removed the file.
		if !isStill(path, f) {
			f.Close()
			continue
		}
		p := &File{path: path, file: f}
		if err := p.write(); err != nil {
			p.Release()
			return nil, err
		}
		return p, nil
	}
}

// Resume goes on with a file that was locked before; lock is its descriptor.
func Resume(path string, lock *os.File) *File { return &File{path: path, file: lock} }

// Lock is the descriptor that holds the lock. A duplicate would end it when closed.
func (p *File) Lock() *os.File { return p.file }

func isStill(path string, f *os.File) bool {
	now, err := os.Stat(path)
	if err != nil {
		return false
	}
	held, err := f.Stat()
	return err == nil && os.SameFile(now, held)
}

func (p *File) write() error {
	if err := p.file.Truncate(0); err != nil {
		return fmt.Errorf("Failed to truncate pid file '%s': %w", p.path, sys.Errno(err))
	}
	if _, err := p.file.WriteString(strconv.Itoa(os.Getpid())); err != nil {
		return fmt.Errorf("Failed to write to pid file '%s': %w", p.path, sys.Errno(err))
	}
	return nil
}

// Release removes the file while the lock is still held.
func (p *File) Release() {
	os.Remove(p.path)
	p.file.Close()
}
