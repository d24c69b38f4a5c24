package keep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"virtree.dev/internal/sys"
)

// shelf is a socket in which files wait. A packet is the number of its file.
type shelf struct {
	id      int
	in, out *os.File
	line    []uint64 // the numbers in it, from the head on
	head    int      // of line
}

const packet = 8

func newShelf(id int) (*shelf, error) {
	in, out, err := sys.Queue()
	if err != nil {
		return nil, err
	}
	return &shelf{id: id, in: in, out: out}, nil
}

func (s *shelf) names() (in, out string) {
	return fmt.Sprintf("shelf-%d-in", s.id), fmt.Sprintf("shelf-%d-out", s.id)
}

func (s *shelf) waiting() []uint64 { return s.line[s.head:] }

// push puts a file at the tail; false where the shelf is full.
func (s *shelf) push(number uint64, fd int) (bool, error) {
	var b [packet]byte
	binary.LittleEndian.PutUint64(b[:], number)
	err := sys.SendPacket(int(s.in.Fd()), b[:], fd)
	if sys.Again(err) {
		return false, nil
	}
	if err != nil {
		return false, os.NewSyscallError("sendmsg", err)
	}
	s.line = append(s.line, number)
	return true, nil
}

// drop takes away what is at the head.
func (s *shelf) drop() error {
	if err := sys.DropPacket(int(s.out.Fd())); err != nil {
		return os.NewSyscallError("recvmsg", err)
	}
	s.head++
	if s.head >= 64 && s.head*2 >= len(s.line) {
		s.line = append(s.line[:0], s.line[s.head:]...)
		s.head = 0
	}
	return nil
}

// first opens once more what is at the head.
func (s *shelf) first() (*os.File, error) {
	_, file, err := s.peek(make([]byte, sys.RightsSpace))
	return file, err
}

var errStrange = errors.New("something else than a kept file is on a shelf")

func (s *shelf) peek(control []byte) (number uint64, file *os.File, err error) {
	var b [packet]byte
	n, files, err := sys.PeekPacket(int(s.out.Fd()), b[:], control)
	if err != nil {
		return 0, nil, err
	}
	if n != packet || len(files) > 1 || len(files) == 0 && len(control) > 0 {
		for _, f := range files {
			f.Close()
		}
		return 0, nil, errStrange
	}
	if len(files) == 1 {
		file = files[0]
	}
	return binary.LittleEndian.Uint64(b[:]), file, nil
}

// walk opens everything in line, from the head on; each owns the file.
func (s *shelf) walk(each func(number uint64, file *os.File)) error {
	fd := int(s.out.Fd())
	if err := sys.PeekFrom(fd, 0); err != nil {
		return err
	}
	defer func() { _ = sys.PeekFrom(fd, -1) }()
	control := make([]byte, sys.RightsSpace)
	for {
		number, file, err := s.peek(control)
		if sys.Again(err) {
			return nil
		}
		if err != nil {
			return err
		}
		each(number, file)
	}
}

func (s *shelf) close() {
	s.in.Close()
	s.out.Close()
}
