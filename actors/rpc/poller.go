package rpc

import (
	"context"
	"runtime/debug"
	"sync"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/gen"
)

// poller is a meta process that reads the sockets of many clients on one thread:
// an idle client costs no goroutine, and the kernel wakes the thread that answers.
type poller struct {
	server  *Server
	set     *sys.Epoll
	buffer  [bufferSize]byte
	control []byte

	mu      sync.Mutex
	clients map[int32]*client // by descriptor
	closed  bool
}

func newPoller(s *Server) (*poller, error) {
	set, err := sys.NewEpoll()
	if err != nil {
		return nil, err
	}
	return &poller{server: s, set: set, control: make([]byte, sys.RightsSpace), clients: map[int32]*client{}}, nil
}

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
	c.poller, c.interest = p, sys.Readable
	if c.in.paused {
		c.interest = sys.Writable // brings the poller to look whether it may go on
	}
	if p.set.Add(fd, c.interest) != nil {
		delete(p.clients, int32(fd))
		return false
	}
	return true
}

func (p *poller) client(fd int32) *client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clients[fd]
}

// Start serves whatever client has something to do until it is stopped.
func (p *poller) Start(m *gen.Process) error {
	defer p.close()
	ready := make([]sys.Ready, 128)
	for m.Err() == nil {
		told, err := p.set.Wait(ready)
		if err != nil {
			return err
		}
		for _, r := range told {
			if c := p.client(r.Fd); c != nil {
				p.serve(c, r.Events)
			}
		}
	}
	return context.Cause(m)
}

// Stop wakes the thread.
func (p *poller) Stop(error) { p.set.Wake() }

// serve lets a client do what it can. A panic costs this client and no other.
func (p *poller) serve(c *client, events uint32) {
	keep := false
	defer func() {
		if v := recover(); v != nil {
			p.server.Panic("reading from "+c.session.String(), v, debug.Stack())
		}
		if !keep {
			p.drop(c)
		}
	}()
	keep = c.ready(events) == nil
}

// drop takes a client down. Its descriptor is closed last, for its number may be another's next.
func (p *poller) drop(c *client) {
	p.mu.Lock()
	delete(p.clients, int32(c.socket.FD()))
	p.mu.Unlock()
	c.end()
}

// close lets go of all clients: what was answered is written first. Where the
// server is being frozen they stay as they are.
func (p *poller) close() {
	defer p.set.Close()
	p.mu.Lock()
	p.closed = true
	if p.server.freezing.Load() {
		p.mu.Unlock()
		return
	}
	all := p.clients
	p.clients = map[int32]*client{}
	p.mu.Unlock()
	for _, c := range all {
		c.shut()
		c.end()
	}
}
