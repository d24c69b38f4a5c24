package rpc

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/gen"
)

// poller has the clients, each of whom one of its readers watches.
type poller struct {
	server  *Server
	readers []*reader

	mu      sync.Mutex
	clients map[int32]*client // by descriptor
	running int               // readers that have not ended
	closed  bool
}

// reader is a meta process that reads on one thread for whatever client of its own
// has something to do: an idle client costs no goroutine, and the kernel wakes the
// thread that answers. Where a thread is late, for its client takes long or the
// kernel set it aside, the others do what waits for it.
type reader struct {
	*poller
	set     *sys.Epoll
	began   atomic.Int64 // when the thread took what is in hand, nanoseconds; 0: nothing is
	space   [batch]sys.Ready
	buffer  [bufferSize]byte
	control []byte

	pendingMu sync.Mutex
	pending   []sys.Ready // in hand: told, and not served yet
}

const (
	// batch is how many clients are taken in hand at once.
	batch = 64
	// late is how long one thread may take before others help.
	late = 100 * time.Microsecond
)

func newPoller(s *Server) (*poller, error) {
	p := &poller{server: s, clients: map[int32]*client{}}
	for range s.threads {
		set, err := sys.NewEpoll()
		if err != nil {
			p.closeSets()
			return nil, err
		}
		p.readers = append(p.readers, &reader{poller: p, set: set, control: make([]byte, sys.RightsSpace)})
	}
	p.running = len(p.readers)
	return p, nil
}

func (p *poller) closeSets() {
	for _, r := range p.readers {
		r.set.Close()
	}
}

// reader gives the one that watches a client.
func (p *poller) reader(client uint64) *reader { return p.readers[client%uint64(len(p.readers))] }

// add takes a client in; false when the poller has ended.
func (p *poller) add(c *client) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	fd := c.socket.FD()
	p.clients[int32(fd)] = c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set, c.interest = p.reader(c.id).set, sys.Readable
	if c.in.paused {
		c.interest = sys.Writable // brings a reader to look whether it may go on
	}
	if c.set.AddMarked(fd, c.interest|sys.Edge, c.mark()) != nil {
		delete(p.clients, int32(fd))
		return false
	}
	return true
}

// mark tells a client from the next with its descriptor.
func (c *client) mark() int32 { return int32(c.id) } //nolint:gosec // its lower half will do

// client finds whom an event is of, nil where it is gone.
func (p *poller) client(r sys.Ready) *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.clients[r.Fd]; c != nil && c.mark() == r.Pad {
		return c
	}
	return nil
}

// Start serves whatever client has something to do until it is stopped.
func (r *reader) Start(m *gen.Process) error {
	defer r.leave()
	patience := time.Duration(-1)
	for m.Err() == nil {
		if _, err := r.fill(r.set, patience); err != nil {
			return err
		}
		r.empty(r)
		helped, err := r.help()
		if err != nil {
			return err
		}
		if patience = -1; helped {
			patience = 0
		}
	}
	return context.Cause(m)
}

// Stop wakes the thread.
func (r *reader) Stop(error) { r.set.Wake() }

// fill takes in hand what a set has.
func (r *reader) fill(set *sys.Epoll, patience time.Duration) (some bool, err error) {
	told, err := set.WaitFor(r.space[:], patience)
	if err != nil || len(told) == 0 {
		return false, err
	}
	r.began.Store(time.Now().UnixNano())
	r.pendingMu.Lock()
	r.pending = told
	r.pendingMu.Unlock()
	return true, nil
}

// take gives one of those that are in hand.
func (r *reader) take() (t sys.Ready, ok bool) {
	r.pendingMu.Lock()
	defer r.pendingMu.Unlock()
	if len(r.pending) == 0 {
		return t, false
	}
	t = r.pending[0]
	r.pending = r.pending[1:]
	return t, true
}

// empty serves what a reader has in hand, itself or another.
func (r *reader) empty(of *reader) (some bool) {
	for t, ok := of.take(); ok; t, ok = of.take() {
		some = true
		if c := r.client(t); c != nil && c.seize(t.Events) {
			r.serve(c)
		}
	}
	r.began.Store(0)
	return some
}

// help does what waits for readers that are late.
func (r *reader) help() (helped bool, err error) {
	now := time.Now().UnixNano()
	for _, o := range r.readers {
		began := o.began.Load()
		if o == r || began == 0 || now-began < int64(late) {
			continue
		}
		r.began.Store(now)
		some, err := r.empty(o), error(nil)
		if !some {
			some, err = r.fill(o.set, 0)
			r.empty(r)
		}
		if err != nil {
			return helped, err
		}
		helped = helped || some
	}
	return helped, nil
}

// seize makes the caller the one reader that serves a client; who serves it
// already is left the events.
func (c *client) seize(events uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events |= events
	if c.served {
		return false
	}
	c.served = true
	return true
}

// due gives what is to be served; nothing lets go of the client.
func (c *client) due() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := c.events
	c.events, c.served = 0, events != 0
	return events
}

// serve lets a client do what it can. A panic costs this client and no other.
func (r *reader) serve(c *client) {
	keep := false
	defer func() {
		if v := recover(); v != nil {
			r.server.Panic("reading from "+c.session.String(), v, debug.Stack())
		}
		if !keep {
			r.drop(c)
		}
	}()
	for events := c.due(); events != 0; events = c.due() {
		if c.ready(r, events) != nil {
			return
		}
	}
	keep = true
}

// drop takes a client down. Its descriptor is closed last, for its number may be another's next.
func (p *poller) drop(c *client) {
	p.mu.Lock()
	delete(p.clients, int32(c.socket.FD()))
	p.mu.Unlock()
	c.end()
}

// leave is the end of a reader. The last one lets go of all clients: what was
// answered is written first. Where the server is being frozen they stay as they are.
func (p *poller) leave() {
	p.mu.Lock()
	p.running--
	p.closed = true
	if p.running > 0 {
		p.mu.Unlock()
		return
	}
	defer p.closeSets()
	all := p.clients
	p.clients = map[int32]*client{}
	p.mu.Unlock()
	if p.server.freezing.Load() {
		return
	}
	for _, c := range all {
		c.shut()
		c.end()
	}
}
