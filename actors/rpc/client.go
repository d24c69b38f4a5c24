package rpc

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/wire"
)

// client is one connection. A poller reads for it.
type client struct {
	id      uint64
	server  *Server
	poller  *poller
	socket  *sys.Socket
	session *dispatch.Session
	since   time.Time

	in  input
	out output

	mu       sync.Mutex
	interest uint32        // what the poller watches the socket for
	requests int           // calls that wait for a worker or run
	parked   []parkedCall  // calls beyond max_client_requests
	bytes    int           // of parked
	eased    chan struct{} // closed when something was unparked
	streams  map[uint32]*stream
	ctx      context.Context // ends with the client; made when somebody needs it
	cancel   context.CancelCauseFunc

	heard atomic.Int64 // when the client last sent anything, nanoseconds
	pings atomic.Int32 // that were not answered
	gone  atomic.Bool  // to be taken down by the poller
}

// admit starts a client for a connection.
func (s *Server) admit(socket *sys.Socket, l *Listener) {
	c := &client{server: s, socket: socket, since: time.Now()}
	c.out.client = c
	who := dispatch.Identity{PID: -1, UID: -1, GID: -1}
	if pid, uid, gid, err := socket.Credentials(); err == nil {
		who.PID, who.UID, who.GID = pid, uid, gid
	}
	s.mu.Lock()
	s.lastID++
	c.id = s.lastID
	c.session = dispatch.NewSession(c.id, who, l.readOnly, s.access, s)
	c.session.Peer = c
	if !l.guarded || who.UID == 0 || who.UID == os.Geteuid() {
		c.session.Authenticate()
	}
	s.clients[c.id] = c
	if !c.session.Authenticated() {
		s.strangers[c.id] = c
	}
	s.mu.Unlock()
	c.heard.Store(c.since.UnixNano())
	if p := s.poller(c.id); p == nil || !p.add(c) {
		c.end()
	}
}

// ready does what the socket is ready for. An error ends the client.
func (c *client) ready(events uint32) error {
	if c.gone.Load() {
		return net.ErrClosed
	}
	if events&sys.Writable != 0 {
		c.watch(0, sys.Writable)
		c.out.write()
	}
	if events&^uint32(sys.Writable) == 0 {
		return nil
	}
	if err := c.read(); err != nil {
		return err
	}
	if c.pressed() != nil {
		c.pause()
	}
	return nil
}

// watch changes what the poller watches the socket for.
func (c *client) watch(more, less uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interest = c.interest&^less | more
	_ = c.socket.Interest(c.poller.set, c.interest)
}

// pressed gives a channel to wait on while the client must not be read from, else nil.
func (c *client) pressed() <-chan struct{} {
	if ch := c.out.stuffed(); ch != nil {
		return ch
	}
	if ch := c.crowded(); ch != nil {
		return ch
	}
	return c.flooded()
}

// pause leaves the socket alone until what presses has eased.
func (c *client) pause() {
	owner := c.server.owner.Load()
	if owner == nil {
		return
	}
	c.watch(0, sys.Readable)
	_ = owner.Go("pause", func(ctx context.Context) error {
		for ch := c.pressed(); ch != nil; ch = c.pressed() {
			select {
			case <-ch:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		c.watch(sys.Readable, 0)
		return nil
	})
}

// context gives a context that ends with the client.
func (c *client) context() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx == nil {
		c.ctx, c.cancel = context.WithCancelCause(context.Background())
	}
	return c.ctx
}

// shut ends the client from outside: the poller takes it down. What was answered is written first.
func (c *client) shut() {
	c.out.flush()
	c.hangUp()
}

// hangUp is shut for a client that cannot be written to.
func (c *client) hangUp() {
	c.gone.Store(true)
	c.socket.Shutdown()
}

// end takes the client down; only its poller calls it, or admit.
func (c *client) end() {
	c.gone.Store(true)
	_ = c.context()
	c.cancel(net.ErrClosed)
	c.session.End()
	c.endStreams()
	c.in.close()
	c.out.close()
	c.socket.Close()
	c.server.remove(c)
}

func (c *client) info() ClientInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ClientInfo{
		ID: c.id, Since: c.since, Identity: c.session.Identity, ReadOnly: c.session.ReadOnly(),
		Authenticated: c.session.Authenticated(), Requests: c.requests,
	}
}

// input is what was read and makes no whole frame yet.
type input struct {
	partial []byte
	files   []*os.File // received, not yet asked for
	wants   *call      // waits for its files
}

func (in *input) close() {
	for _, f := range in.files {
		f.Close()
	}
	if in.wants != nil {
		in.wants.closeFDs()
	}
}

// read takes in what has come and handles whatever frames that makes.
func (c *client) read() error {
	p := c.poller
	n, files, err := c.socket.Recv(p.buffer[:], p.control)
	c.in.files = append(c.in.files, files...)
	switch {
	case sys.Again(err):
		return nil
	case err == nil && n == 0:
		return io.EOF
	case err != nil:
		return err
	}
	return c.take(p.buffer[:n])
}

// take cuts frames and handles them; replies go out together at the end.
func (c *client) take(data []byte) error {
	c.heard.Store(time.Now().UnixNano())
	c.out.cork()
	defer c.out.uncork()
	own := len(c.in.partial) > 0
	if own {
		data = append(c.in.partial, data...)
	}
	rest, err := c.cut(data)
	if err != nil {
		return err
	}
	switch {
	case len(rest) == 0:
		c.in.partial = nil
	case own:
		c.in.partial = rest
	default: // the buffer is only lent
		c.in.partial = append([]byte(nil), rest...)
	}
	if len(c.in.files) > wire.MaxFDs {
		return errors.New("descriptors that nothing asked for")
	}
	return nil
}

// cut handles the whole frames at the beginning of data.
func (c *client) cut(data []byte) (rest []byte, err error) {
	for {
		if c.in.wants != nil {
			if data = c.collect(data); c.in.wants != nil {
				return data, nil
			}
		}
		n, err := wire.Length(data)
		if err != nil || n == 0 || n > len(data) {
			return data, err
		}
		if err := c.frame(data[:n]); err != nil {
			return nil, err
		}
		data = data[n:]
	}
}

// collect takes the files of a call: each comes with one byte.
func (c *client) collect(data []byte) []byte {
	w := c.in.wants
	for len(w.files) < w.fds && len(data) > 0 && len(c.in.files) > 0 {
		w.files = append(w.files, c.in.files[0])
		c.in.files = c.in.files[1:]
		data = data[1:]
	}
	if len(w.files) == w.fds {
		c.in.wants = nil
		c.call(w)
	}
	return data
}

// frame handles one frame, whose bytes are only lent.
func (c *client) frame(frame []byte) error {
	h, payload, err := wire.Parse(frame)
	if err != nil {
		return err
	}
	if h.Program == keepaliveProgram {
		return c.keepalive(h)
	}
	switch h.Type {
	case wire.Call:
		c.call(&call{Header: h, payload: payload})
	case wire.CallWithFDs:
		return c.callWithFDs(h, payload)
	case wire.Stream, wire.StreamHole:
		c.streamFrame(h, payload)
	default:
		// Replies and messages are nothing that a client sends: dropped, as libvirt does.
	}
	return nil
}

func (c *client) callWithFDs(h wire.Header, payload []byte) error {
	n, payload, err := wire.NumFDs(payload)
	if err != nil {
		return err
	}
	k := &call{Header: h, payload: append([]byte(nil), payload...), fds: n}
	if n == 0 {
		c.call(k)
	} else {
		c.in.wants = k
	}
	return nil
}
