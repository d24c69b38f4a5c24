package rpc

import (
	"encoding/binary"
	"os"
	"sync"

	"virtree.dev/actors/events"
	"virtree.dev/internal/sys"
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
	closed  bool
	drained chan struct{} // closed when the queue has room again
}

// outgoing is a file that goes with the byte at a place of the data.
type outgoing struct {
	at   int
	file *os.File
}

// put appends a frame and writes what it can.
func (o *output) put(h wire.Header, v xdr.Value, files []*os.File) error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		closeAll(files)
		return nil
	}
	data, err := wire.Append(o.data, h, v)
	if err != nil {
		o.mu.Unlock()
		closeAll(files)
		return err
	}
	o.data = data
	for _, f := range files {
		o.files = append(o.files, outgoing{len(o.data), f})
		o.data = append(o.data, 0)
	}
	o.release()
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// release lets go of the mutex and writes, unless somebody else does or will.
func (o *output) release() {
	if o.corked || o.writing || o.closed {
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

// flush writes what is queued, as far as the socket takes it now.
func (o *output) flush() {
	o.mu.Lock()
	o.corked = false
	o.release()
}

// write empties the queue as far as the socket takes it; the poller goes on with
// the rest when there is room.
func (o *output) write() {
	for {
		chunk, file, done := o.next()
		if done {
			return
		}
		n, err := o.client.socket.Send(chunk, file)
		o.advance(n)
		switch {
		case sys.Again(err):
			o.client.watch(sys.Writable, 0)
			return
		case err != nil:
			o.close()
			o.client.hangUp()
			return
		}
	}
}

// next gives what is to be sent: bytes up to the next file, or a file with its byte.
func (o *output) next() (chunk []byte, file *os.File, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sent == len(o.data) || o.closed {
		o.writing = false
		if cap(o.data) > bufferSize {
			o.data = nil
		}
		o.data, o.sent = o.data[:0], 0
		if !o.closed && cap(o.data) <= 512 {
			o.data = nil // idle clients hold no buffer
		}
		o.ease()
		return nil, nil, true
	}
	chunk = o.data[o.sent:]
	if len(o.files) > 0 {
		if o.files[0].at == o.sent {
			return chunk[:1], o.files[0].file, false
		}
		chunk = chunk[:o.files[0].at-o.sent]
	}
	return chunk, nil, false
}

// advance notes what was sent. The data moves only while nobody holds a chunk.
func (o *output) advance(n int) {
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
		o.data, o.sent = rest, 0
	}
	if len(o.data)-o.sent < unreadStop {
		o.ease()
	}
}

// ease wakes who waits for the queue to drain. o.mu is held.
func (o *output) ease() {
	if o.drained != nil {
		close(o.drained)
		o.drained = nil
	}
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
