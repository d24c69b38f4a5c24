package rpc

import (
	"context"
	"errors"
	"io"
	"sync"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// stream connects a client with a backend of the daemon.
type stream struct {
	client  *client
	header  wire.Header // of its messages
	backend io.ReadWriteCloser
	reads   bool // backend to client
	writes  bool // client to backend

	mu     sync.Mutex
	queue  [][]byte // for the backend
	size   int
	finish bool // the client sent its end
	ended  bool
	fed    chan struct{} // one token: queue, finish or ended changed
	eased  chan struct{} // closed when the queue has room
}

// hole is a backend that takes holes.
type hole interface {
	Hole(length int64) error
}

func newStream(c *client, h wire.Header, p *program.Procedure, b io.ReadWriteCloser) *stream {
	h.Type = wire.Stream
	return &stream{
		client: c, header: h, backend: b, fed: make(chan struct{}, 1),
		reads: p.ReadStream, writes: true, // consoles and channels are named for reading only, and go both ways
	}
}

func (c *client) addStream(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams == nil {
		c.streams = map[uint32]*stream{}
	}
	c.streams[s.header.Serial] = s
}

// start begins to pump, after the reply to the call.
func (s *stream) start() {
	owner := s.client.server.owner.Load()
	if owner == nil {
		s.end()
		return
	}
	jobs := []func(context.Context) error{s.toBackend}
	if s.reads {
		jobs = append(jobs, s.toClient)
	}
	for _, job := range jobs {
		if owner.Go("stream", job) != nil {
			s.end()
		}
	}
}

// streamFrame takes a stream message of the client; those of no stream are dropped.
func (c *client) streamFrame(h wire.Header, payload []byte) {
	c.mu.Lock()
	s := c.streams[h.Serial]
	c.mu.Unlock()
	if s == nil || s.header.Program != h.Program || s.header.Procedure != h.Procedure {
		return
	}
	switch {
	case h.Type == wire.StreamHole:
		s.hole(payload)
	case h.Status == wire.Continue:
		s.feed(append([]byte(nil), payload...))
	case h.Status == wire.OK:
		s.mu.Lock()
		s.finish = true
		s.mu.Unlock()
		s.poke()
	default:
		s.fail(virerr.New(virerr.FromRPC, virerr.RPC, "stream aborted at client request"))
	}
}

func (s *stream) hole(payload []byte) {
	var v wire.Hole
	d := xdr.NewDecoder(payload)
	v.DecodeXDR(d)
	b, ok := s.backend.(hole)
	if d.Err() != nil || v.Length < 0 || !ok {
		s.fail(virerr.New(virerr.FromStreams, virerr.NoSupport, "virStreamSendHole"))
		return
	}
	if err := b.Hole(v.Length); err != nil {
		s.fail(virerr.From(virerr.FromStreams, err))
	}
}

func (s *stream) poke() {
	select {
	case s.fed <- struct{}{}:
	default:
	}
}

func (s *stream) feed(b []byte) {
	s.mu.Lock()
	if !s.finish && !s.ended {
		s.queue = append(s.queue, b)
		s.size += len(b)
	}
	s.mu.Unlock()
	s.poke()
}

// toBackend writes what the client sends until it ends.
func (s *stream) toBackend(context.Context) error {
	for range s.fed {
		for {
			b, more, over := s.shift()
			if over {
				return nil
			}
			if !more {
				break
			}
			if _, err := s.backend.Write(b); err != nil {
				s.fail(virerr.From(virerr.FromStreams, err))
				return nil
			}
		}
		if s.finished() {
			_ = s.client.out.put(s.status(wire.OK), nil, nil)
			s.end()
			return nil
		}
	}
	return nil
}

// shift gives the next bytes for the backend.
func (s *stream) shift() (b []byte, more, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.queue) == 0 {
		return nil, false, s.ended
	}
	b = s.queue[0]
	s.queue = s.queue[1:]
	s.size -= len(b)
	if s.eased != nil && s.size < streamQueued {
		close(s.eased)
		s.eased = nil
	}
	return b, true, false
}

func (s *stream) finished() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finish && len(s.queue) == 0
}

// toClient sends what the backend gives, then an empty message for its end.
func (s *stream) toClient(ctx context.Context) error {
	buffer := make([]byte, bufferSize)
	for {
		n, err := s.backend.Read(buffer)
		if n > 0 && !s.send(ctx, buffer[:n]) {
			return nil
		}
		switch {
		case errors.Is(err, io.EOF):
			s.send(ctx, nil)
			return nil
		case err != nil:
			s.fail(virerr.From(virerr.FromStreams, err))
			return nil
		}
	}
}

// send queues a message to the client once there is room; false when the stream is over.
func (s *stream) send(ctx context.Context, b []byte) bool {
	for ch := s.client.out.stuffed(); ch != nil; ch = s.client.out.stuffed() {
		select {
		case <-ch:
		case <-ctx.Done():
			return false
		}
	}
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return false
	}
	return s.client.out.raw(wire.AppendRaw(nil, s.status(wire.Continue), b), unreadClose, nil)
}

func (s *stream) status(st wire.Status) wire.Header {
	h := s.header
	h.Status = st
	return h
}

// fail tells the client why the stream ends.
func (s *stream) fail(err *virerr.Error) {
	if s.end() {
		_ = s.client.out.put(s.status(wire.Error), err, nil)
	}
}

// end closes the backend, once.
func (s *stream) end() (first bool) {
	s.mu.Lock()
	first = !s.ended
	s.ended = true
	s.queue, s.size = nil, 0
	if s.eased != nil {
		close(s.eased)
		s.eased = nil
	}
	s.mu.Unlock()
	if first {
		s.drop()
		s.client.mu.Lock()
		delete(s.client.streams, s.header.Serial)
		s.client.mu.Unlock()
	}
	s.poke()
	return first
}

func (s *stream) drop() { _ = s.backend.Close() }

func (c *client) endStreams() {
	c.mu.Lock()
	all := make([]*stream, 0, len(c.streams))
	for _, s := range c.streams {
		all = append(all, s)
	}
	c.mu.Unlock()
	for _, s := range all {
		s.end()
	}
}

// flooded gives a channel to wait on while a backend lags too far behind, else nil.
func (c *client) flooded() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		s.mu.Lock()
		if s.size >= streamQueued && !s.ended {
			if s.eased == nil {
				s.eased = make(chan struct{})
			}
			ch := s.eased
			s.mu.Unlock()
			return ch
		}
		s.mu.Unlock()
	}
	return nil
}
