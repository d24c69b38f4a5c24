package rpc

import (
	"encoding/binary"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"virtree.dev/actors/events"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// output is the queue of a client: bytes, with places where files go along.
type output struct {
	client *client

	mu      sync.Mutex
	data    []byte
	sent    int        // of data
	files   []outgoing // by place
	corked  bool
	writing bool // somebody writes
	blocked bool // the socket is full: a reader is to go on
	halted  bool // nobody begins to write
	closed  bool
	last    bool          // nothing follows what is queued
	seal    *sealed       // protects what is behind sealAt, and does not yet
	sealAt  int           // of data
	drained chan struct{} // closed when the queue has room again
	heavy   atomic.Bool   // more is queued than unreadStop
}

// outgoing is a file that goes with the byte at a place of the data.
type outgoing struct {
	at   int
	file *os.File
}

// put appends a frame and writes what it can. Where there is a seal, it protects
// everything that follows.
func (o *output) put(h wire.Header, v xdr.Value, files []*os.File, seal *sealed) error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		closeAll(files)
		return nil
	}
	if err := o.append(h, v); err != nil {
		o.mu.Unlock()
		closeAll(files)
		return err
	}
	for _, f := range files {
		o.files = append(o.files, outgoing{len(o.data), f})
		o.data = append(o.data, 0)
	}
	if seal != nil {
		o.seal, o.sealAt = seal, len(o.data)
		o.client.secure.Store(&secured{conn: seal, wire: seal.wire})
	}
	o.release()
	return nil
}

// append encodes a frame. What panics in a value's encoder is that call's error
// alone: the queue stays as it was. o.mu is held.
func (o *output) append(h wire.Header, v xdr.Value) (err error) {
	whole := o.data
	defer func() {
		if p := recover(); p != nil {
			o.client.server.Panic("encoding a reply", p, debug.Stack())
			o.data, err = whole, virerr.New(virerr.FromRPC, virerr.RPC, "Unable to encode message payload")
		}
	}()
	o.data, err = wire.Append(o.data, h, v)
	return err
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// release lets go of the mutex and writes, unless somebody else does or will.
func (o *output) release() {
	if len(o.data)-o.sent >= unreadStop {
		o.heavy.Store(true)
	}
	if o.corked || o.writing || o.closed || o.halted {
		o.mu.Unlock()
		return
	}
	o.writing = true
	o.mu.Unlock()
	o.write()
}

// raw appends bytes that are a frame already; false when too much is queued.
func (o *output) raw(frame []byte, limit int, edit func(frame []byte)) bool {
	o.mu.Lock()
	if o.closed || len(o.data)-o.sent > limit {
		o.mu.Unlock()
		return false
	}
	start := len(o.data)
	o.data = append(o.data, frame...)
	if edit != nil {
		edit(o.data[start:])
	}
	o.release()
	return true
}

// cork gathers frames until uncork.
func (o *output) cork() {
	o.mu.Lock()
	o.corked = true
	o.mu.Unlock()
}

func (o *output) uncork() {
	o.mu.Lock()
	o.corked = false
	if len(o.data) == o.sent {
		o.mu.Unlock()
		return
	}
	o.release()
}

// finish ends the client when everything is written.
func (o *output) finish() {
	o.mu.Lock()
	o.last = true
	o.release()
}

// flush writes what is queued, as far as the socket takes it now.
func (o *output) flush() {
	o.mu.Lock()
	o.corked = false
	o.release()
}

// write empties the queue as far as the socket takes it; a reader goes on with
// the rest when there is room.
func (o *output) write() {
	for {
		err := o.client.sent()
		if err == nil {
			chunk, file, done := o.next()
			if done {
				return
			}
			var n int
			if file != nil {
				n, err = o.client.socket.Send(chunk, file)
			} else {
				n, err = o.client.send(chunk)
			}
			if o.advance(n) {
				o.client.unpark()
			}
		}
		switch {
		case sys.Again(err):
			o.block()
			return
		case err != nil:
			o.close()
			o.client.hangUp()
			return
		}
	}
}

// block leaves the rest to a reader.
func (o *output) block() {
	o.mu.Lock()
	o.blocked = true
	o.mu.Unlock()
	o.client.watch(sys.Writable, 0)
}

// resume goes on where write was blocked. Only a reader calls it.
func (o *output) resume() {
	o.mu.Lock()
	blocked := o.blocked
	o.blocked = false
	o.mu.Unlock()
	if blocked {
		o.write()
	}
}

// next gives what is to be sent: bytes up to the next file, or a file with its byte.
func (o *output) next() (chunk []byte, file *os.File, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		o.rest()
		return nil, nil, true
	}
	chunk = o.data[o.sent:]
	if o.seal != nil {
		if o.sent == o.sealAt {
			o.seal.sealing.Store(true)
			o.seal = nil
		} else {
			chunk = chunk[:o.sealAt-o.sent]
		}
	}
	if o.sent == len(o.data) {
		o.rest()
		return nil, nil, true
	}
	if len(o.files) > 0 {
		if o.files[0].at == o.sent {
			return chunk[:1], o.files[0].file, false
		}
		chunk = chunk[:o.files[0].at-o.sent]
	}
	return chunk, nil, false
}

// rest puts an empty queue to rest. o.mu is held.
func (o *output) rest() {
	o.writing = false
	if cap(o.data) > bufferSize {
		o.data = nil
	}
	o.data, o.sent = o.data[:0], 0
	if !o.closed && cap(o.data) <= 512 {
		o.data = nil // idle clients hold no buffer
	}
	o.ease()
	if o.last {
		o.client.hangUp()
	}
}

// advance notes what was sent, and says whether the queue has room again. The
// data moves only while nobody holds a chunk.
func (o *output) advance(n int) (eased bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n > 0 && len(o.files) > 0 && o.files[0].at == o.sent {
		o.files[0].file.Close()
		o.files = o.files[1:]
	}
	o.sent += n
	if o.sent > len(o.data)/2 && o.sent > bufferSize {
		rest := append([]byte(nil), o.data[o.sent:]...)
		for i := range o.files {
			o.files[i].at -= o.sent
		}
		o.sealAt -= o.sent
		o.data, o.sent = rest, 0
	}
	return len(o.data)-o.sent < unreadStop && o.ease()
}

// ease wakes who waits for the queue to drain; false if it was not heavy. o.mu is held.
func (o *output) ease() bool {
	if o.drained != nil {
		close(o.drained)
		o.drained = nil
	}
	return o.heavy.Swap(false)
}

// stuffed gives a channel to wait on while too much is queued, else nil.
func (o *output) stuffed() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.data)-o.sent < unreadStop {
		return nil
	}
	if o.drained == nil {
		o.drained = make(chan struct{})
	}
	return o.drained
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed, o.writing = true, false
	for _, f := range o.files {
		f.file.Close()
	}
	o.data, o.files, o.sent = nil, nil, 0
	o.ease()
}

// Deliver implements events.Sink.
func (c *client) Deliver(frame []byte, callback int32) {
	var edit func([]byte)
	if callback != events.NoCallback {
		edit = func(f []byte) { binary.BigEndian.PutUint32(f[events.CallbackAt:], uint32(callback)) }
	}
	if !c.out.raw(frame, unreadClose, edit) {
		c.server.log.Warn("client does not read its events: " + c.session.String())
		c.hangUp()
	}
}
