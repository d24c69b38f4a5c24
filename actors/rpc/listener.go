package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/internal/tlscert"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

// Listener is one socket of a server. The socket outlives restarts of the
// process that accepts from it.
type Listener struct {
	name         string
	socket       listening
	readOnly     bool
	auth         dispatch.Auth
	ours         bool           // not from outside
	certificates *tlscert.Store // nil: no TLS
	server       *Server
}

// listening is a listening socket of Go's, UNIX or TCP.
type listening interface {
	net.Listener
	syscall.Conn
}

// Guard makes clients authenticate before they call anything.
func (l *Listener) Guard(how dispatch.Auth) { l.auth = how }

// Listen makes a UNIX socket at path with a mode and a group (0: unchanged).
// Whatever is left at path is replaced.
func Listen(name, path string, mode os.FileMode, group int, readOnly bool) (*Listener, error) {
	if err := removeStale(path); err != nil {
		return nil, err
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("Failed to bind socket to '%s': %w", path, sys.Errno(err))
	}
	if err := permit(path, mode, group); err != nil {
		socket.Close()
		return nil, err
	}
	return &Listener{name: name, socket: socket, readOnly: readOnly, ours: true}, nil
}

// ListenTCP makes a TCP socket.
func ListenTCP(name string, at netip.AddrPort) (*Listener, error) {
	network := "tcp4"
	if at.Addr().Is6() {
		network = "tcp6" // not for IPv4 as well: that is a socket of its own
	}
	socket, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(at))
	if err != nil {
		return nil, fmt.Errorf("Unable to bind to port: %w", sys.Errno(err))
	}
	return &Listener{name: name, socket: socket, ours: true}, nil
}

func permit(path string, mode os.FileMode, group int) error {
	err := os.Chmod(path, mode)
	if err == nil && group > 0 {
		if err = os.Chown(path, -1, group); err != nil {
			err = fmt.Errorf("Failed to change ownership of '%s' to %d:%d: %w", path, os.Getuid(), group, sys.Errno(err))
		}
	}
	return err
}

// Regain takes over a socket of ours on which a process listened that was killed:
// who connected meanwhile waits there. The file is closed.
func Regain(name string, f *os.File, path string, mode os.FileMode, group int, readOnly bool) (*Listener, error) {
	socket, err := listenerOf(name, f)
	if err != nil {
		return nil, err
	}
	if u, ok := socket.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(true)
	}
	if err := permit(path, mode, group); err != nil {
		socket.Close()
		return nil, err
	}
	return &Listener{name: name, socket: socket, readOnly: readOnly, ours: true}, nil
}

// IsAt says whether a path still leads to a listening socket.
func IsAt(f *os.File, path string) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	bound := ""
	if failed := conn.Control(func(fd uintptr) { bound, err = sys.SocketPath(int(fd)) }); failed != nil || err != nil {
		return false
	}
	info, err := os.Lstat(path)
	return err == nil && bound == path && info.Mode()&os.ModeSocket != 0
}

// listenerOf makes a socket of a file, which is closed.
func listenerOf(name string, f *os.File) (listening, error) {
	defer f.Close()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	socket, ok := l.(listening)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("%s is no socket to listen on", name)
	}
	return socket, nil
}

// Name is what the socket is called in the tree.
func (l *Listener) Name() string { return l.name }

// Kept says whether the socket's name is ours to keep: the others come from outside, or have none.
func (l *Listener) Kept() bool { return l.ours && l.socket.Addr().Network() == "unix" }

// Socket is the socket itself, for those who keep or pass it on.
func (l *Listener) Socket() syscall.Conn { return l.socket }

// Adopt makes a listener of a socket that came from outside, such as systemd.
func Adopt(name string, socket net.Listener, readOnly bool) (*Listener, error) {
	s, ok := socket.(listening)
	if !ok {
		return nil, fmt.Errorf("%s is no socket to listen on", name)
	}
	if u, ok := socket.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return &Listener{name: name, socket: s, readOnly: readOnly}, nil
}

// Address is where the socket listens.
func (l *Listener) Address() net.Addr { return l.socket.Addr() }

func (l *Listener) transport() Transport {
	switch {
	case l.certificates != nil:
		return TLS
	case l.socket.Addr().Network() == "tcp":
		return TCP
	}
	return UNIX
}

// SetBacklog bounds how many connections may wait to be accepted.
func (l *Listener) SetBacklog(n int) error {
	raw, err := l.socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) { failed = syscall.Listen(int(fd), n) })
	return errors.Join(err, failed)
}

// removeStale removes what a daemon before us left; a socket that somebody
// listens on, even with no room for more clients, is not left.
func removeStale(path string) error {
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		conn.Close()
	}
	if err == nil || errors.Is(err, syscall.EAGAIN) {
		return fmt.Errorf("Failed to bind socket to '%s': Address already in use", path)
	}
	if info, err := os.Lstat(path); err == nil && !info.IsDir() {
		_ = os.Remove(path) // bind tells of it
	}
	return nil
}

// Close closes the socket and removes its name.
func (l *Listener) Close() error { return l.socket.Close() }

// listener is the process that accepts.
type listener struct {
	act.Actor
	l *Listener
}

// Init starts to accept.
func (k *listener) Init(p *gen.Process) error {
	a := &acceptor{l: k.l}
	var err error
	if a.set, err = sys.NewEpoll(); err != nil {
		return err
	}
	if err := a.onSocket(func(fd int) error { return a.set.Add(fd, sys.Readable) }); err != nil {
		return err
	}
	return p.SpawnMeta("accept", a)
}

// frozenListener is what a socket alone does not tell.
type frozenListener struct {
	ReadOnly bool          `json:"read_only"`
	Guarded  bool          `json:"guarded"` // by polkit, where Auth is not there
	Auth     dispatch.Auth `json:"auth,omitempty"`
	Ours     bool          `json:"ours"` // its name is removed with it
}

// Freeze implements gen.Freezer: nothing is accepted any more, and who connects waits.
func (k *listener) Freeze(*gen.Process) (gen.Frozen, error) {
	raw, err := json.Marshal(frozenListener{ReadOnly: k.l.readOnly, Guarded: k.l.auth != dispatch.AuthNone, Auth: k.l.auth, Ours: k.l.ours})
	return gen.Frozen{Version: frozenVersion, State: raw, Files: map[string]syscall.Conn{"socket": k.l.socket}}, err
}

// Thaw implements gen.Freezer; in the next program the Listener was thawed before.
func (k *listener) Thaw(p *gen.Process, _ gen.Frozen) error { return k.Init(p) }

func (f *frozenListener) demanded() dispatch.Auth {
	if f.Guarded && f.Auth == dispatch.AuthNone {
		return dispatch.AuthPolkit
	}
	return f.Auth
}

// ThawListener takes over a socket of the former program.
func ThawListener(name string, f *gen.Frozen) (*Listener, error) {
	var state frozenListener
	if err := json.Unmarshal(f.State, &state); err != nil {
		return nil, err
	}
	file, err := freeze.File(f, "socket")
	if err != nil {
		return nil, err
	}
	socket, err := listenerOf(name, file)
	if err != nil {
		return nil, err
	}
	if u, ok := socket.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(state.Ours)
	}
	return &Listener{name: name, socket: socket, readOnly: state.ReadOnly, auth: state.demanded(), ours: state.Ours}, nil
}

// HandleMessage ends with the accept loop.
func (k *listener) HandleMessage(_ *gen.Process, m any) error {
	if exit, ok := m.(gen.MetaExit); ok {
		return fmt.Errorf("accept: %w", exit.Reason)
	}
	return nil
}

// acceptor accepts while the server has room.
type acceptor struct {
	l   *Listener
	set *sys.Epoll
}

// Start accepts until it is stopped.
func (a *acceptor) Start(m *gen.Process) error {
	defer a.set.Close()
	for m.Err() == nil {
		if err := a.l.server.awaitRoom(m); err != nil {
			return err
		}
		err := a.take()
		switch {
		case err == nil, errors.Is(err, errFull):
		case errors.Is(err, net.ErrClosed):
			return gen.Shutdown
		case sys.Again(err):
			if _, err := a.set.Wait(make([]sys.Ready, 2)); err != nil {
				return err
			}
		default:
			// Out of descriptors, most likely: others must end before it gets better.
			a.l.server.log.Warn("cannot accept", zap.Error(err))
			time.Sleep(100 * time.Millisecond)
		}
	}
	return context.Cause(m)
}

var errFull = errors.New("as many clients as there may be")

// take lets in a connection that waits. Sockets of a server take turns, so that
// no two of them fill the last place.
func (a *acceptor) take() error {
	s := a.l.server
	s.door.Lock()
	defer s.door.Unlock()
	if !s.hasRoom() {
		return errFull
	}
	socket, err := a.accept()
	if err == nil {
		s.admit(socket, a.l)
	}
	return err
}

// accept takes a connection that waits.
func (a *acceptor) accept() (socket *sys.Socket, err error) {
	err = a.onSocket(func(fd int) (err error) {
		socket, err = sys.Accept(fd)
		return err
	})
	return socket, err
}

func (a *acceptor) onSocket(f func(fd int) error) error {
	raw, err := a.l.socket.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

// Stop wakes the thread and leaves the socket open.
func (a *acceptor) Stop(error) { a.set.Wake() }
