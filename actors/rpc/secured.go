package rpc

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"virtree.dev/internal/sys"
)

// recordSize is as much as one TLS record carries.
const recordSize = 16 << 10

// secured is what protects a client: TLS, or a layer of SASL. A reader reads from
// it; whoever writes the client's output writes to it.
type secured struct {
	conn protection
	wire *wireConn
}

// protection is a *tls.Conn or a *sealed.
type protection interface {
	io.ReadWriter
	CloseWrite() error
}

// wireConn is what TLS takes for its connection: while hands are shaken a blocking
// one, then the client's socket, from which a read finds nothing rather than wait,
// and to which a write only queues.
type wireConn struct {
	shaking net.Conn // nil from the end of the handshake on
	socket  *sys.Socket

	mu  sync.Mutex
	out []byte // not sent yet
}

// again is an error that TLS takes for a passing one.
type again struct{}

func (again) Error() string   { return "nothing to read yet" }
func (again) Timeout() bool   { return true }
func (again) Temporary() bool { return true }

// Read implements net.Conn.
func (w *wireConn) Read(p []byte) (int, error) {
	if w.shaking != nil {
		return w.shaking.Read(p)
	}
	n, files, err := w.socket.Recv(p, nil)
	closeAll(files)
	switch {
	case sys.Again(err):
		return 0, again{}
	case err == nil && n == 0:
		return 0, io.EOF
	}
	return n, err
}

// Write implements net.Conn.
func (w *wireConn) Write(p []byte) (int, error) {
	if w.shaking != nil {
		return w.shaking.Write(p)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.out = append(w.out, p...)
	return len(p), nil
}

// flush sends what is queued as far as the socket takes it.
func (w *wireConn) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.out) > 0 {
		n, err := w.socket.Send(w.out, nil)
		w.out = w.out[n:]
		if err != nil {
			return err
		}
	}
	w.out = nil
	return nil
}

func (w *wireConn) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.out) > 0
}

// Close implements net.Conn; the client closes its socket.
func (w *wireConn) Close() error {
	if w.shaking != nil {
		return w.shaking.Close()
	}
	return nil
}

// LocalAddr implements net.Conn.
func (w *wireConn) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr implements net.Conn.
func (w *wireConn) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline implements net.Conn.
func (w *wireConn) SetDeadline(t time.Time) error {
	if w.shaking != nil {
		return w.shaking.SetDeadline(t)
	}
	return nil
}

// SetReadDeadline implements net.Conn.
func (w *wireConn) SetReadDeadline(t time.Time) error { return w.SetDeadline(t) }

// SetWriteDeadline implements net.Conn.
func (w *wireConn) SetWriteDeadline(t time.Time) error { return w.SetDeadline(t) }

// portions bounds how much of one client is read before others have their turn.
const portions = 16

// readSecured takes in what has come. TLS may hold more than the socket, of which
// a reader would never hear: then a socket that can be written to brings it back.
func (c *client) readSecured(r *reader) error {
	secure := c.secure.Load()
	for range portions {
		n, err := secure.conn.Read(r.buffer[:])
		if n > 0 {
			c.in.received(n, nil)
			c.heard.Store(time.Now().UnixNano())
			if err := c.process(r.buffer[:n]); err != nil {
				return err
			}
		}
		if _, later := err.(again); later { //nolint:errorlint // it is ours and nobody wraps it
			if secure.wire.pending() { // reading made TLS say something
				c.out.flush()
			}
			return nil
		}
		if err != nil {
			return err
		}
		if c.in.paused {
			return nil
		}
	}
	c.watch(sys.Writable, 0)
	return nil
}

// farewell tells the peer that nothing follows.
func (c *client) farewell() {
	if secure := c.secure.Load(); secure != nil {
		_ = secure.conn.CloseWrite()
		_ = secure.wire.flush()
	}
}

// send writes what fits, or takes one portion for TLS, once it has sent the last.
func (c *client) send(p []byte) (int, error) {
	secure := c.secure.Load()
	if secure == nil {
		return c.socket.Send(p, nil)
	}
	if s, ok := secure.conn.(*sealed); ok && !s.sealing.Load() {
		return c.socket.Send(p, nil)
	}
	return secure.conn.Write(p[:min(len(p), recordSize)])
}

// sent says whether TLS has anything left to send.
func (c *client) sent() error {
	if secure := c.secure.Load(); secure != nil {
		return secure.wire.flush()
	}
	return nil
}

// dismissSecured ends the clients that TLS or a layer of SASL protects, whose sessions
// no other program can go on with: what was answered is written, and they are told of the end.
func (s *Server) dismissSecured(ctx context.Context) {
	said := false
	for {
		n := 0
		for _, c := range s.snapshot() {
			if c.came == TLS || c.secure.Load() != nil {
				n++
				c.shut()
			}
		}
		if n == 0 {
			return
		}
		if !said {
			s.log.Warn(fmt.Sprintf("%d clients are disconnected: sessions of TLS and Kerberos cannot be carried over", n))
			said = true
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return
		}
	}
}

func (s *Server) snapshot() []*client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all()
}
