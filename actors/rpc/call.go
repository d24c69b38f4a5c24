package rpc

import (
	"context"
	"os"
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/act"
)

// call is a request that came in.
type call struct {
	wire.Header
	payload []byte
	fds     int // how many come along
	files   []*os.File
}

func (k *call) closeFDs() {
	for _, f := range k.files {
		f.Close()
	}
	k.files = nil
}

// parkedCall waits for the client's other requests.
type parkedCall struct {
	call
	proc    *program.Procedure
	handler *dispatch.Handler
}

// call finds who handles a request: at once, on a worker, or later.
func (c *client) call(k *call) {
	proc, handler, err := c.server.dispatcher.Find(c.session, k.Header)
	if err != nil {
		k.closeFDs()
		c.replyError(k.Header, err)
		return
	}
	asks := handler.Asks(c.session)
	if handler.Mode == dispatch.Inline && !asks {
		c.run(context.Background(), k, proc, handler, nil)
		return
	}
	if !asks && c.here(k, proc, handler) {
		return
	}
	p := parkedCall{*k, proc, handler}
	p.payload = append([]byte(nil), k.payload...)
	limit := c.server.Limits().MaxClientRequests
	c.mu.Lock()
	if decides(proc, c.session) && c.alone == nil {
		c.alone = make(chan struct{})
	}
	c.in.paused = c.alone != nil
	if len(c.parked) > 0 || c.requests >= limit || c.server.beginsNothing() {
		c.parked = append(c.parked, p)
		c.bytes += len(p.payload)
		c.in.paused = c.in.paused || len(c.parked) >= parkedCalls || c.bytes >= parkedBytes
		c.mu.Unlock()
		return
	}
	c.requests++
	c.mu.Unlock()
	c.submit(p)
}

// here runs a brief call at once where no other call of the client is in hand.
func (c *client) here(k *call, proc *program.Procedure, handler *dispatch.Handler) bool {
	if !handler.Brief(k.payload) {
		return false
	}
	c.mu.Lock()
	free := len(c.parked) == 0 && c.requests == 0
	if free {
		c.requests++
	}
	c.mu.Unlock()
	if !free {
		return false
	}
	ran := c.server.pool.Here(func() bool {
		if c.server.beginsNothing() {
			return false
		}
		c.run(c.context(), k, proc, handler, nil)
		return true
	})
	c.done()
	return ran
}

// submit hands a call to a worker. It has been counted as a request.
func (c *client) submit(p parkedCall) {
	err := c.server.pool.Submit(act.Job{High: p.proc.Priority == program.High, Run: func(s *act.Slot) {
		if c.server.holding.Load() {
			c.takeBack(p)
			return
		}
		defer c.done()
		c.run(c.context(), &p.call, p.proc, p.handler, s)
	}})
	if err != nil {
		p.closeFDs() // the server is on its way out, and the client with it
	}
}

// done makes room for another of the client's calls.
func (c *client) done() {
	c.mu.Lock()
	c.requests--
	if c.alone != nil && c.requests == 0 && len(c.parked) == 0 {
		close(c.alone)
		c.alone = nil
	}
	c.mu.Unlock()
	c.unpark()
}

// takeBack parks a call that has not begun before all others.
func (c *client) takeBack(p parkedCall) {
	c.mu.Lock()
	c.requests--
	c.parked = slices.Insert(c.parked, c.back, p)
	c.back++
	c.bytes += len(p.payload)
	c.mu.Unlock()
	c.unpark() // the hold may have ended meanwhile, and looked for parked calls already
}

// decides says whether a call may change who the client is, or what protects it:
// whatever comes behind must not be read before.
func decides(proc *program.Procedure, s *dispatch.Session) bool {
	return proc.ReadOnly == program.Preauth && s.Demanded() == dispatch.AuthSASL
}

// deciding gives a channel to wait on while such a call is in hand, else nil.
func (c *client) deciding() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.alone == nil {
		return nil
	}
	return c.alone
}

// unpark submits parked calls as far as the limit allows, and the replies that
// the client has not read.
func (c *client) unpark() {
	limit := c.server.Limits().MaxClientRequests
	for {
		c.mu.Lock()
		if len(c.parked) == 0 || c.requests >= limit || c.out.heavy.Load() || c.server.beginsNothing() {
			c.mu.Unlock()
			return
		}
		p := c.parked[0]
		c.parked = c.parked[1:]
		c.back = max(c.back-1, 0)
		c.bytes -= len(p.payload)
		c.requests++
		if c.eased != nil {
			close(c.eased)
			c.eased = nil
		}
		c.mu.Unlock()
		c.submit(p)
	}
}

// crowded gives a channel to wait on while too much is parked, else nil.
func (c *client) crowded() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.parked) < parkedCalls && c.bytes < parkedBytes {
		return nil
	}
	if c.eased == nil {
		c.eased = make(chan struct{})
	}
	return c.eased
}

// run calls the handler and answers.
func (c *client) run(ctx context.Context, k *call, proc *program.Procedure, handler *dispatch.Handler, slot *act.Slot) {
	d := &dispatch.Call{
		Context: ctx, Session: c.session, Program: k.Program, Proc: proc,
		Serial: k.Serial, FDs: k.files, Slot: slot,
	}
	var opened *stream
	if proc.ReadStream || proc.WriteStream {
		d.Opener = func(b dispatch.StreamBackend) error {
			opened = newStream(c, k.Header, proc, b)
			return nil
		}
	}
	v, err := handler.Run(d, k.payload)
	defer d.CloseFDs()
	if err != nil {
		if opened != nil {
			_ = opened.backend.Close()
		}
		c.replyError(k.Header, err)
		return
	}
	if opened != nil && !c.addStream(opened) {
		_ = opened.backend.Close()
		c.replyError(k.Header, virerr.New(virerr.FromRPC, virerr.RPC, "a stream with serial %d is open", k.Serial))
		return
	}
	files := d.TakeReplyFDs()
	if len(files) > 0 && c.came != UNIX {
		closeAll(files)
		c.replyError(k.Header, virerr.New(virerr.FromRPC, virerr.InternalError, "Sending file descriptors is not supported on this socket"))
		return
	}
	c.reply(k.Header, v, files)
	if opened != nil {
		opened.start()
	}
	if c.last.Load() {
		c.out.finish()
	}
}

func replyHeader(h wire.Header, s wire.Status) wire.Header {
	h.Type, h.Status = wire.Reply, s
	return h
}

// reply queues the result of a call.
func (c *client) reply(h wire.Header, v xdr.Value, files []*os.File) {
	h = replyHeader(h, wire.OK)
	if len(files) > 0 {
		h.Type = wire.ReplyWithFDs
		v = &withFDs{uint32(len(files)), v}
	}
	if err := c.out.put(h, v, files, c.protection()); err != nil {
		c.replyError(h, err)
	}
}

// withFDs is a result behind the number of its files.
type withFDs struct {
	n uint32
	v xdr.Value
}

// AppendXDR implements xdr.Value.
func (w *withFDs) AppendXDR(b []byte) []byte {
	b = xdr.AppendUint32(b, w.n)
	if w.v != nil {
		b = w.v.AppendXDR(b)
	}
	return b
}

// DecodeXDR implements xdr.Value.
func (w *withFDs) DecodeXDR(d *xdr.Decoder) { w.n = d.Uint32() }

// replyError answers a call with an error.
func (c *client) replyError(h wire.Header, err error) {
	_ = c.out.put(replyHeader(h, wire.Error), virerr.From(virerr.FromRPC, err), nil, nil)
}
