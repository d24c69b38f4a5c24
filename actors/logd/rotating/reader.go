package rotating

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// Reader reads a log file and its backups as one, the oldest first.
type Reader struct {
	parts   []part
	current int
}

// part is one of the files; it may be missing.
type part struct {
	path  string
	file  *os.File
	inode uint64
}

// OpenReader opens a log file and up to so many backups.
func OpenReader(path string, backups uint64) (*Reader, error) {
	l := Limits{MaxBackups: backups}
	if err := l.check(); err != nil {
		return nil, err
	}
	names := Resume(path, l).names()
	r := &Reader{}
	for i := len(names) - 1; i >= 0; i-- {
		p, err := openPart(names[i])
		if err != nil {
			r.Close()
			return nil, err
		}
		r.parts = append(r.parts, p)
	}
	return r, nil
}

func openPart(path string) (part, error) {
	p := part{path: path}
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, system(err, "Unable to open file: %s", path)
	}
	st, err := status(f)
	if err != nil {
		f.Close()
		return p, system(err, "Unable to determine current file inode: %s", path)
	}
	p.file, p.inode = f, st.Ino
	return p, nil
}

// Close closes the files.
func (r *Reader) Close() {
	for _, p := range r.parts {
		if p.file != nil {
			p.file.Close()
		}
	}
}

// Seek goes to a place in the file with an inode; where none has it any more,
// in the oldest that there may be.
func (r *Reader) Seek(inode, offset uint64) error {
	r.current = 0
	for i, p := range r.parts {
		if p.file != nil && p.inode == inode {
			r.current = i
			break
		}
	}
	err := error(syscall.EBADF)
	if f := r.parts[r.current].file; f != nil {
		_, err = f.Seek(int64(offset), io.SeekStart)
	}
	if err != nil {
		return system(err, "Unable to seek to inode %d offset %d", inode, offset)
	}
	return nil
}

// Read fills p from here on, over the borders of files, as far as there is anything.
func (r *Reader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) && r.current < len(r.parts) {
		part := r.parts[r.current]
		if part.file == nil {
			r.current++
			continue
		}
		got, err := part.file.Read(p[n:])
		n += got
		switch {
		case errors.Is(err, io.EOF):
			r.current++
		case err != nil:
			return n, system(err, "Unable to read from file %s", part.path)
		}
	}
	return n, nil
}
