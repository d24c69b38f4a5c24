package rpc

import (
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/wire"
	"virtree.dev/supervisor/gen"
)

// client is one connection. Its reader is the goroutine of a meta process.
type client struct {
	id      uint64
	server  *Server
	conn    *net.UnixConn
	raw     syscall.RawConn
	session *dispatch.Session
	since   time.Time
	process *gen.Process // of the reader; set when it starts

	in  input
	out output

	mu       sync.Mutex
	requests int           // calls that wait for a worker or run
	parked   []parkedCall  // calls beyond max_client_requests
	bytes    int           // of parked
	eased    chan struct{} // closed when something was unparked
	streams  map[uint32]*stream

	heard   atomic.Int64 // when the client last sent anything, nanoseconds
	pings   atomic.Int32 // that were not answered
	closing sync.Once
}

// admit starts a client for a connection.
func (s *Server) admit(conn *net.UnixConn, l *Listener) {
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return
	}
	c := &client{server: s, conn: conn, raw: raw, since: time.Now()}
	c.out.client = c
	who := dispatch.Identity{PID: -1, UID: -1, GID: -1}
	if pid, uid, gid, err := sys.Credentials(raw); err == nil {
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
	s.mu.Unlock()
	c.heard.Store(c.since.UnixNano())
	owner := s.owner.Load()
	if owner == nil || owner.SpawnMeta("client "+strconv.FormatUint(c.id, 10), c) != nil {
		c.end()
	}
}

// Start reads until the client goes.
func (c *client) Start(m *gen.Process) error {
	c.process = m
	defer c.end()
	for {
		if err := c.read(); err != nil {
			return reasonOf(err)
		}
		if err := c.yield(m); err != nil {
			return gen.Normal
		}
	}
}

// Stop ends the client from outside.
func (c *client) Stop(error) { c.shut() }

// shut closes the connection: the reader ends with it. What was answered is written first.
func (c *client) shut() {
	c.out.flush()
	c.closing.Do(func() { c.conn.Close() })
}

// end takes the client down; only the reader calls it, or admit.
func (c *client) end() {
	c.closing.Do(func() { c.conn.Close() })
	c.session.End()
	c.endStreams()
	c.in.close()
	c.out.close()
	c.server.remove(c)
}

// reasonOf tells an ordinary end from a fault of our own.
func reasonOf(err error) error {
	var p *gen.PanicError
	if errors.As(err, &p) {
		return err
	}
	return gen.Normal
}

func (c *client) info() ClientInfo {
	c.mu.Lock()
	defer c.mu.Unlock()
	return ClientInfo{
		ID: c.id, Since: c.since, Identity: c.session.Identity, ReadOnly: c.session.ReadOnly(),
		Authenticated: c.session.Authenticated(), Requests: c.requests,
	}
}

// buffers are lent to readers while they have something to read. They hold
// plain memory, so that a fake clock is not disturbed by the pool.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

var controls = sync.Pool{New: func() any { b := make([]byte, sys.RightsSpace); return &b }}

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

// read waits for bytes and takes in whatever frames they make.
func (c *client) read() error {
	var failure error
	err := c.raw.Read(func(fd uintptr) bool {
		buffer := buffers.Get().(*[bufferSize]byte)
		control := controls.Get().(*[]byte)
		n, files, err := sys.Recv(int(fd), buffer[:], *control)
		controls.Put(control)
		c.in.files = append(c.in.files, files...)
		switch {
		case sys.Again(err):
			buffers.Put(buffer)
			return false
		case err == nil && n == 0:
			failure = io.EOF
		case err != nil:
			failure = err
		default:
			failure = c.take(buffer[:n])
		}
		buffers.Put(buffer)
		return true
	})
	if err != nil {
		return err
	}
	return failure
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
