package activation

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

const firstFD = 3

// Sockets are the sockets handed to this process, by name, until each is claimed.
type Sockets struct {
	files map[string][]*os.File
}

// Receive takes the sockets over and removes the variables, so that no child
// believes them its own. Without activation it gives nil and no error.
func Receive() (*Sockets, error) {
	defer func() {
		for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
			os.Unsetenv(name)
		}
	}()
	return receive(os.Getenv, os.Getpid(), func(fd int, name string) *os.File {
		syscall.CloseOnExec(fd)
		return os.NewFile(uintptr(fd), name)
	})
}

func receive(getenv func(string) string, pid int, open func(fd int, name string) *os.File) (*Sockets, error) {
	// What is not a number is not meant for us, as with libsystemd.
	count, _ := strconv.Atoi(getenv("LISTEN_FDS"))
	if getenv("LISTEN_PID") != strconv.Itoa(pid) || count <= 0 {
		return nil, nil
	}
	names := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	if getenv("LISTEN_FDNAMES") == "" || len(names) != count {
		return nil, fmt.Errorf("LISTEN_FDNAMES names %d sockets of %d", len(names), count)
	}
	s := &Sockets{files: make(map[string][]*os.File)}
	for i, name := range names {
		s.files[name] = append(s.files[name], open(firstFD+i, name))
	}
	return s, nil
}

// Stored claims what this service gave systemd to hold, which is told apart from
// sockets by the beginning of its names. Without any sockets there was no activation,
// and what is left of s is nil.
func (s *Sockets) Stored(prefix string) (stored map[string]*os.File, sockets *Sockets) {
	if s == nil {
		return nil, nil
	}
	stored = map[string]*os.File{}
	for name, files := range s.files {
		own, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		delete(s.files, name)
		stored[own] = files[0]
		for _, f := range files[1:] {
			f.Close() // a name is used once
		}
	}
	if len(s.files) == 0 {
		return stored, nil
	}
	return stored, s
}

// Listeners claims the sockets of one name; nil where there is none.
func (s *Sockets) Listeners(name string) ([]net.Listener, error) {
	if s == nil {
		return nil, nil
	}
	files := s.files[name]
	delete(s.files, name)
	var list []net.Listener
	for _, f := range files {
		l, err := net.FileListener(f)
		f.Close() // FileListener works on a copy
		if err != nil {
			return list, fmt.Errorf("socket %s from systemd: %w", name, err)
		}
		keepPath(l)
		list = append(list, l)
	}
	return list, nil
}

// keepPath stops Go from removing a path that systemd owns.
func keepPath(l net.Listener) {
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
}

// Unclaimed is an error that names the sockets nobody asked for.
func (s *Sockets) Unclaimed() error {
	if s == nil {
		return nil
	}
	var errs []error
	for name := range s.files {
		errs = append(errs, fmt.Errorf("no service for activated socket %s", name))
	}
	return errors.Join(errs...)
}
