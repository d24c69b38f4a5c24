package observe

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync/atomic"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

const (
	maxViewers   = 16
	maxLine      = 512
	readTimeout  = 5 * time.Second
	writeTimeout = 5 * time.Second
)

// Listener is the observer's socket. It outlives restarts of the process that accepts from it.
type Listener struct{ socket *net.UnixListener }

// Listen makes the socket, for its owner only; a stale one is replaced.
func Listen(path string) (*Listener, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		socket.Close()
		return nil, err
	}
	return &Listener{socket}, nil
}

// Close closes the socket and removes its name.
func (l *Listener) Close() error { return l.socket.Close() }

// Child is the process that shows the tree of its own system.
func (l *Listener) Child() gen.Child {
	return gen.Child{Name: "observe", Restart: gen.Permanent, New: func() gen.Behavior { return &observer{l: l} }}
}

// observer accepts; each client has a meta process.
type observer struct {
	act.Actor
	l       *Listener
	viewers atomic.Int32
	flight  recorder
}

// Init starts to accept.
func (o *observer) Init(p *gen.Process) error {
	if err := o.l.socket.SetDeadline(time.Time{}); err != nil {
		return err
	}
	return p.SpawnMeta("accept", &acceptor{o, p})
}

// HandleMessage ends with the accept loop; that a client left is nobody's concern.
func (o *observer) HandleMessage(_ *gen.Process, m any) error {
	if _, ok := m.(recordEnds); ok {
		o.flight.expire(time.Now())
		return nil
	}
	exit, ok := m.(gen.MetaExit)
	if !ok {
		return nil
	}
	if _, accepting := exit.Meta.(*acceptor); accepting {
		return fmt.Errorf("accept: %w", exit.Reason)
	}
	return nil
}

// Terminate records no more.
func (o *observer) Terminate(*gen.Process, error) { o.flight.stop() }

type acceptor struct {
	o *observer
	p *gen.Process
}

// Start accepts until it is stopped.
func (a *acceptor) Start(*gen.Process) error {
	for {
		conn, err := a.o.l.socket.AcceptUnix()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, net.ErrClosed):
			return gen.Shutdown
		case err != nil:
			return err
		case !trusted(conn) || a.o.viewers.Load() >= maxViewers:
			conn.Close()
			continue
		}
		a.o.viewers.Add(1)
		if err := a.p.SpawnMeta("viewer", &viewer{a.o, a.p, conn}); err != nil {
			conn.Close()
			return err
		}
	}
}

// Stop wakes the loop and leaves the socket for the next one.
func (a *acceptor) Stop(error) { _ = a.o.l.socket.SetDeadline(time.Unix(1, 0)) }

// trusted lets in root and the daemon's own user.
func trusted(conn *net.UnixConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	_, uid, _, err := sys.Credentials(raw)
	return err == nil && (uid == 0 || uid == os.Geteuid())
}

// viewer serves one client.
type viewer struct {
	o    *observer
	p    *gen.Process // the observer's
	conn *net.UnixConn
}

// Start answers one request, or follows until the client hangs up.
func (v *viewer) Start(m *gen.Process) error {
	defer v.o.viewers.Add(-1)
	defer v.conn.Close()
	_ = v.conn.SetReadDeadline(time.Now().Add(readTimeout))
	line, err := bufio.NewReader(io.LimitReader(v.conn, maxLine)).ReadString('\n')
	if err != nil {
		return nil
	}
	r, err := ParseRequest(line)
	if err != nil {
		return v.complain(err)
	}
	if r.Flight != 0 || r.Record != 0 {
		return v.fly(m, r)
	}
	for {
		doc, err := draw(m.System(), r)
		if err == nil {
			err = v.write(doc)
		}
		if err != nil || r.Follow == 0 {
			return nil
		}
		select {
		case <-time.After(r.Follow):
		case <-m.Done():
			return nil
		}
		// The mark between two documents.
		if v.write([]byte("\f")) != nil {
			return nil
		}
	}
}

func (v *viewer) complain(err error) error { return v.write([]byte(complaint + err.Error() + "\n")) }

func (v *viewer) write(b []byte) error {
	_ = v.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := v.conn.Write(b)
	return err
}

// Stop ends the connection.
func (v *viewer) Stop(error) { v.conn.Close() }
