package activation

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const firstFD = 3

// handed is one descriptor that systemd gave.
type handed struct {
	fd   int
	name string // empty where systemd gave no names
	file *os.File
}

// Sockets are the sockets handed to this process until each is claimed, in the order
// in which they came.
type Sockets struct {
	list []handed
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

// maxSockets bounds what LISTEN_FDS may say: systemd's store holds as many at most.
const maxSockets = 1 << 20

func receive(getenv func(string) string, pid int, open func(fd int, name string) *os.File) (*Sockets, error) {
	// What is not a number is not meant for us, as with libsystemd.
	count, _ := strconv.Atoi(getenv("LISTEN_FDS"))
	if getenv("LISTEN_PID") != strconv.Itoa(pid) || count <= 0 {
		return nil, nil
	}
	if count > maxSockets {
		return nil, fmt.Errorf("internal error: LISTEN_FDS says %d sockets, of which there cannot be so many", count)
	}
	names := make([]string, count) // systemd before 227 gives none
	if text := getenv("LISTEN_FDNAMES"); text != "" {
		names = strings.Split(text, ":")
	}
	if len(names) != count {
		return nil, fmt.Errorf("internal error: Expecting %d FD names but got %d", count, len(names))
	}
	s := &Sockets{}
	for i, name := range names {
		fd := firstFD + i
		s.list = append(s.list, handed{fd, name, open(fd, cmp.Or(name, "descriptor "+strconv.Itoa(fd)))})
	}
	return s, nil
}

// take removes those that are wanted and gives them.
func (s *Sockets) take(want func(handed) bool) (taken []handed) {
	s.list = slices.DeleteFunc(s.list, func(h handed) bool {
		if !want(h) {
			return false
		}
		taken = append(taken, h)
		return true
	})
	return taken
}

// Stored claims what this service gave systemd to hold, which is told apart from
// sockets by the beginning of its names. Without any sockets there was no activation,
// and what is left of s is nil.
func (s *Sockets) Stored(prefix string) (stored map[string]*os.File, sockets *Sockets) {
	if s == nil {
		return nil, nil
	}
	stored = map[string]*os.File{}
	for _, h := range s.take(func(h handed) bool { return strings.HasPrefix(h.name, prefix) }) {
		own := strings.TrimPrefix(h.name, prefix)
		if stored[own] != nil {
			h.file.Close() // a name is used once
			continue
		}
		stored[own] = h.file
	}
	if len(s.list) == 0 {
		return stored, nil
	}
	return stored, s
}

// Listeners claims the sockets of one name; nil where there is none. Those that came
// without names are claimed by their addresses.
func (s *Sockets) Listeners(name string, at func(net.Addr) bool) ([]net.Listener, error) {
	if s == nil {
		return nil, nil
	}
	taken := s.take(func(h handed) bool {
		if h.name != "" {
			return h.name == name
		}
		address := h.address()
		return address != nil && at(address)
	})
	var list []net.Listener
	var errs []error
	for _, h := range taken {
		l, err := net.FileListener(h.file)
		h.file.Close() // FileListener works on a copy
		if err != nil {
			errs = append(errs, fmt.Errorf("socket %s from systemd: %w", name, err))
			continue
		}
		keepPath(l)
		list = append(list, l)
	}
	return list, errors.Join(errs...)
}

// address is where a socket listens; nil for what is no socket that listens.
func (h handed) address() net.Addr {
	l, err := net.FileListener(h.file)
	if err != nil {
		return nil
	}
	keepPath(l)
	defer l.Close()
	return l.Addr()
}

// keepPath stops Go from removing a path that systemd owns.
func keepPath(l net.Listener) {
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
}

// Unclaimed is an error that names the sockets nobody asked for: their clients would
// wait for ever.
func (s *Sockets) Unclaimed() error {
	if s == nil || len(s.list) == 0 {
		return nil
	}
	var names []string
	for _, h := range s.list {
		names = append(names, h.describe())
	}
	return fmt.Errorf("internal error: Some activation file descriptors are unclaimed: %s", strings.Join(names, ", "))
}

func (h handed) describe() string {
	text := cmp.Or(h.name, "descriptor "+strconv.Itoa(h.fd))
	address := h.address()
	switch {
	case address == nil:
		return text + " (no socket that listens)"
	case address.String() == "":
		return text
	}
	return text + " (" + address.String() + ")"
}
