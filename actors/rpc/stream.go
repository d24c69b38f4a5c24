package rpc

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"sync"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// streamKey is what the messages of a stream have in common.
type streamKey struct {
	program   uint32
	procedure int32
	serial    uint32
}

func keyOf(h wire.Header) streamKey { return streamKey{h.Program, h.Procedure, h.Serial} }

// stream connects a client with a backend of the daemon.
type stream struct {
	client  *client
	header  wire.Header // of its messages
	backend dispatch.StreamBackend
	reads   bool // backend to client

	mu     sync.Mutex
	queue  []portion // for the backend
	size   int
	finish bool // the client sent its end
	ended  bool
	fed    chan struct{} // one token: queue, finish or ended changed
	eased  chan struct{} // closed when the queue has room
}

// portion is what the client sent in one message: bytes, or a hole.
type portion struct {
	data []byte
	hole int64
}

func newStream(c *client, h wire.Header, p *program.Procedure, b dispatch.StreamBackend) *stream {
	h.Type = wire.Stream
	return &stream{client: c, header: h, backend: b, fed: make(chan struct{}, 1), reads: p.ReadStream}
}

// addStream makes a stream known; false if the client is gone or has one of the same serial.
func (c *client) addStream(s *stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || c.streams[keyOf(s.header)] != nil {
		return false
	}
	if c.streams == nil {
		c.streams = map[streamKey]*stream{}
	}
	c.streams[keyOf(s.header)] = s
	return true
}

// start begins to pump, after the reply to the call. Consoles and channels are
// named for reading only, and go both ways.
func (s *stream) start() {
	owner := s.client.server.owner.Load()
	if owner == nil {
		_, _ = s.end()
		return
	}
	jobs := []func(context.Context) error{s.toBackend}
	if s.reads {
		jobs = append(jobs, s.toClient)
	}
	for _, job := range jobs {
		if owner.Go("stream", s.guard(job)) != nil {
			_, _ = s.end()
		}
	}
}

// guard makes a panic of the backend the stream's error.
func (s *stream) guard(job func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		defer func() {
			if p := recover(); p != nil {
				s.client.server.Panic("a stream of "+s.client.session.String(), p, debug.Stack())
				s.fail(virerr.New(virerr.FromStreams, virerr.InternalError, "stream failed: %v", p))
			}
		}()
		return job(ctx)
	}
}

// aside runs what may block, away from the reader.
func (c *client) aside(f func()) {
	owner := c.server.owner.Load()
	if owner == nil || owner.Go("stream end", func(context.Context) error { f(); return nil }) != nil {
		f()
	}
}

// streamFrame takes a stream message of the client; those of no stream are
// dropped. An error ends the client.
func (c *client) streamFrame(h wire.Header, payload []byte) error {
	c.mu.Lock()
	s := c.streams[keyOf(h)]
	c.mu.Unlock()
	switch {
	case s == nil:
	case h.Type == wire.StreamHole:
		hole, err := s.hole(payload)
		if err != nil {
			return err
		}
		c.in.paused = s.feed(portion{hole: hole})
	case h.Status == wire.Continue:
		c.in.paused = s.feed(portion{data: append([]byte(nil), payload...)})
	case h.Status == wire.OK:
		s.mu.Lock()
		s.finish = true
		s.mu.Unlock()
		s.poke()
	case h.Status == wire.Error:
		c.aside(s.abort)
	default:
		c.aside(func() {
			s.fail(virerr.New(virerr.FromStreams, virerr.RPC, "stream aborted with unexpected status %d", h.Status))
		})
	}
	return nil
}

var errHole = errors.New("unexpected stream hole")

// hole reads a hole. Clients that send one have asked for a stream with holes.
func (s *stream) hole(payload []byte) (int64, error) {
	if _, ok := s.backend.(dispatch.SparseBackend); !ok {
		return 0, errHole
	}
	var v wire.Hole
	d := xdr.NewDecoder(payload)
	v.DecodeXDR(d)
	return v.Length, d.Err()
}

func (s *stream) poke() {
	select {
	case s.fed <- struct{}{}:
	default:
	}
}

// feed queues something for the backend, and says whether it lags too far behind.
func (s *stream) feed(p portion) (flooded bool) {
	s.mu.Lock()
	if !s.finish && !s.ended {
		s.queue = append(s.queue, p)
		s.size += len(p.data) + portionSize
	}
	flooded = s.size >= streamQueued
	s.mu.Unlock()
	s.poke()
	return flooded
}

// toBackend hands on what the client sends until it ends.
func (s *stream) toBackend(context.Context) error {
	for range s.fed {
		for {
			if s.client.server.freezing.Load() {
				return nil
			}
			p, more, over := s.shift()
			if over {
				return nil
			}
			if !more {
				break
			}
			if !s.write(p) {
				return nil
			}
		}
		if s.finished() {
			s.confirm()
			return nil
		}
	}
	return nil
}

// write gives a portion to the backend; what that did not take by the time of a
// freeze stays in the queue.
func (s *stream) write(p portion) bool {
	var n int
	var err error
	if p.data == nil {
		err = s.backend.(dispatch.SparseBackend).Hole(p.hole)
	} else {
		n, err = s.backend.Write(p.data)
	}
	switch {
	case err == nil:
		return true
	case s.interrupted(err):
		s.mu.Lock()
		p.data = p.data[n:]
		s.queue = slices.Insert(s.queue, 0, p)
		s.size += len(p.data) + portionSize
		s.mu.Unlock()
	default:
		s.fail(virerr.From(virerr.FromStreams, err))
	}
	return false
}

// interrupted says whether an error comes of a freeze.
func (s *stream) interrupted(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) && s.client.server.freezing.Load()
}

// shift gives the next portion for the backend.
func (s *stream) shift() (p portion, more, over bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.queue) == 0 {
		return p, false, s.ended
	}
	p = s.queue[0]
	s.queue = s.queue[1:]
	s.size -= len(p.data) + portionSize
	if s.eased != nil && s.size < streamQueued {
		close(s.eased)
		s.eased = nil
	}
	return p, true, false
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
		room, err := s.skip(ctx, buffer)
		n := 0
		if err == nil {
			n, err = s.backend.Read(room)
		}
		if n > 0 && !s.send(ctx, wire.Stream, buffer[:n]) {
			return nil
		}
		switch {
		case s.client.server.freezing.Load() && (err == nil || s.interrupted(err)):
			return nil
		case errors.Is(err, io.EOF):
			s.send(ctx, wire.Stream, nil)
			return nil
		case err != nil:
			s.fail(virerr.From(virerr.FromStreams, err))
			return nil
		}
	}
}

// skip sends the holes that come next, and gives as much of the buffer as there
// is data before the following one.
func (s *stream) skip(ctx context.Context, buffer []byte) ([]byte, error) {
	sparse, ok := s.backend.(dispatch.SparseBackend)
	if !ok {
		return buffer, nil
	}
	for {
		data, length, err := sparse.Section()
		switch {
		case err != nil:
			return nil, err
		case data:
			return buffer[:min(int64(len(buffer)), length)], nil
		case length == 0:
			return nil, io.EOF
		}
		if !s.send(ctx, wire.StreamHole, (&wire.Hole{Length: length}).AppendXDR(nil)) {
			return nil, io.ErrClosedPipe
		}
		if err := sparse.Skip(length); err != nil {
			return nil, err
		}
	}
}

// send queues a message to the client once there is room; false when the stream is over.
func (s *stream) send(ctx context.Context, t wire.Type, b []byte) bool {
	for ch := s.client.out.stuffed(); ch != nil; ch = s.client.out.stuffed() {
		select {
		case <-ch:
			continue
		case <-ctx.Done():
			if !s.client.server.freezing.Load() {
				return false
			}
		}
		break // what was read goes along with the client
	}
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return false
	}
	h := s.status(wire.Continue)
	h.Type = t
	return s.client.out.raw(wire.AppendRaw(nil, h, b), unreadClose, nil)
}

func (s *stream) status(st wire.Status) wire.Header {
	h := s.header
	h.Status = st
	return h
}

// confirm ends the stream as the client asked, when the backend has taken all.
func (s *stream) confirm() {
	first, err := s.end()
	switch {
	case !first:
	case err != nil:
		s.tell(err)
	default:
		_ = s.client.out.put(s.status(wire.OK), nil, nil, nil)
	}
}

// abort ends the stream at once, as the client asked.
func (s *stream) abort() {
	if first, _ := s.end(); first {
		_ = s.client.out.put(s.status(wire.OK), nil, nil, nil)
	}
}

// fail tells the client why the stream ends.
func (s *stream) fail(err error) {
	if first, _ := s.end(); first {
		s.tell(err)
	}
}

func (s *stream) tell(err error) {
	_ = s.client.out.put(s.status(wire.Error), virerr.From(virerr.FromStreams, err), nil, nil)
}

// end closes the backend, once.
func (s *stream) end() (first bool, err error) {
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
		err = s.backend.Close()
		s.client.mu.Lock()
		delete(s.client.streams, keyOf(s.header))
		s.client.mu.Unlock()
	}
	s.poke()
	return first, err
}

func (c *client) allStreams() []*stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*stream, 0, len(c.streams))
	for _, s := range c.streams {
		all = append(all, s)
	}
	return all
}

// endStreams ends all; none is added later.
func (c *client) endStreams() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	all := c.allStreams()
	if len(all) == 0 {
		return
	}
	c.aside(func() {
		for _, s := range all {
			_, _ = s.end()
		}
	})
}

// flooded gives a channel to wait on while a backend lags too far behind, else nil.
func (c *client) flooded() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		if ch := s.lags(); ch != nil {
			return ch
		}
	}
	return nil
}

func (s *stream) lags() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.size < streamQueued || s.ended {
		return nil
	}
	if s.eased == nil {
		s.eased = make(chan struct{})
	}
	return s.eased
}
