package rpc

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/sasl"
)

// client is one connection. A reader of the poller reads for it.
type client struct {
	id      uint64
	from    string // the listener's name
	came    Transport
	address string // of a client that is not UNIX
	server  *Server
	set     *sys.Epoll // of the reader that watches it
	socket  *sys.Socket
	session *dispatch.Session
	secure  atomic.Pointer[secured] // nil: nothing protects what is sent, or not yet
	since   time.Time

	in  input
	out output

	mu       sync.Mutex
	interest uint32        // what the poller watches the socket for
	events   uint32        // that nobody served yet
	served   bool          // a reader is at it: it alone uses in
	requests int           // calls that wait for a worker or run
	parked   []parkedCall  // calls beyond max_client_requests
	back     int           // of parked: how many were taken back from the pool
	bytes    int           // of parked
	eased    chan struct{} // closed when something was unparked
	streams  map[streamKey]*stream
	ended    bool            // no stream is added any more
	alone    chan struct{}   // closed when the call in hand, before which nothing is read, is answered
	protects sasl.Layer      // from the reply in the making on
	ctx      context.Context // ends with the client; made when somebody needs it
	cancel   context.CancelCauseFunc

	heard atomic.Int64 // when the client last sent anything, nanoseconds
	pings atomic.Int32 // that were not answered
	gone  atomic.Bool  // to be taken down by a reader
	last  atomic.Bool  // the reply in the making is the last
}

// admit starts a client for a connection.
func (s *Server) admit(socket *sys.Socket, l *Listener) {
	c := &client{server: s, from: l.name, came: l.transport(), socket: socket, since: time.Now()}
	c.out.client = c
	who := dispatch.Nobody()
	if c.came != UNIX {
		socket.NoDelay()
		c.address = socket.PeerAddress()
	} else if pid, uid, gid, err := socket.Credentials(); err == nil {
		who.PID, who.UID, who.GID = pid, uid, gid
		s.noteStart(&who)
	}
	if s.ownerOnly && who.UID != os.Geteuid() {
		s.failures.note(fmt.Sprintf("uid %d", who.UID), fmt.Sprintf("access denied: Disallowing client %d with uid %d", who.PID, who.UID), time.Now())
		socket.Close()
		return
	}
	s.mu.Lock()
	s.lastID++
	c.id = s.lastID
	c.session = dispatch.NewSession(c.id, who, l.readOnly, s.access, s)
	c.session.Demand(l.auth)
	if l.auth == dispatch.AuthNone && c.came != TLS {
		c.session.Authenticate()
	}
	c.session.Peer = c
	c.session.Way = c.way()
	s.clients[c.id] = c
	if !c.session.Authenticated() {
		s.strangers[c.id] = c
	}
	s.mu.Unlock()
	c.heard.Store(c.since.UnixNano())
	if c.came == TLS {
		s.shake(c, l)
		return
	}
	s.begin(c)
}

// noteStart notes when a client's process began, where it will be asked about: a
// later process of the same number must not pass for it.
func (s *Server) noteStart(who *dispatch.Identity) {
	if s.access != nil && who.PID > 0 && who.ProcessTime == 0 {
		times, _ := hostinfo.Host{}.ProcessTimes(who.PID)
		who.ProcessTime = times.Start
	}
}

func (c *client) way() dispatch.Way { return dispatch.Way{Address: c.address, Private: c.came != TCP} }

// begin has a client read from.
func (s *Server) begin(c *client) {
	if p := s.poller.Load(); p == nil || !p.add(c) {
		c.end()
	}
}

// ready does what the socket is ready for. An error ends the client.
func (c *client) ready(r *reader, events uint32) error {
	if c.gone.Load() {
		return net.ErrClosed
	}
	if events&sys.Writable != 0 {
		c.watch(0, sys.Writable)
		c.out.resume()
		if err := c.goOn(); err != nil {
			return err
		}
		if c.secure.Load() != nil && !c.in.paused {
			events |= sys.Readable // TLS may have more than the socket
		}
	}
	if events&^uint32(sys.Writable) == 0 {
		return nil
	}
	if c.in.paused { // what may be read is told again afterwards
		if events&sys.Gone != 0 {
			return io.EOF
		}
		return nil
	}
	if err := c.read(r, events&sys.Over != 0); err != nil {
		return err
	}
	return c.goOn()
}

// goOn handles what was read before a pause, or begins one.
func (c *client) goOn() error {
	for c.in.paused {
		if c.pressed() != nil {
			c.pause()
			return nil
		}
		c.in.paused = false
		if err := c.inTheClear(); err != nil {
			return err
		}
		c.watch(sys.Readable, 0)
		if err := c.process(nil); err != nil {
			return err
		}
	}
	return nil
}

// watch changes what the poller watches the socket for, and has it told anew.
func (c *client) watch(more, less uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interest = c.interest&^less | more
	_ = c.socket.Interest(c.set, c.interest|sys.Edge, c.mark())
}

// pressed gives a channel to wait on while the client must not be read from, else nil.
func (c *client) pressed() <-chan struct{} {
	if ch := c.out.stuffed(); ch != nil {
		return ch
	}
	if ch := c.crowded(); ch != nil {
		return ch
	}
	if ch := c.deciding(); ch != nil {
		return ch
	}
	return c.flooded()
}

// pause leaves the socket alone until what presses has eased: a socket that can
// be written to brings a reader back.
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
		c.watch(sys.Writable, 0)
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

// Authenticated implements dispatch.Peer: there is room for another stranger.
func (c *client) Authenticated() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	delete(c.server.strangers, c.id)
	c.server.wake()
}

// CloseAfterReply implements dispatch.Peer.
func (c *client) CloseAfterReply() { c.last.Store(true) }

// shut ends the client from outside: a reader takes it down. What was answered is written first.
func (c *client) shut() {
	c.out.flush()
	c.farewell()
	c.hangUp()
}

// hangUp is shut for a client that cannot be written to.
func (c *client) hangUp() {
	c.gone.Store(true)
	c.socket.Shutdown()
}

// end takes the client down; only who serves it calls it, or who has it before the poller.
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
		ID: c.id, Since: c.since, Transport: c.came, Address: c.address, Identity: c.session.Identity(), ReadOnly: c.session.ReadOnly(),
		Authenticated: c.session.Authenticated(), Requests: c.requests,
	}
}
