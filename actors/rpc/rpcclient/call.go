package rpcclient

import (
	"context"
	"os"

	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// Call makes a call and gives the descriptors of the reply, which are the
// caller's to close. The files go along with the call and stay the caller's.
// args and ret may be nil.
func (c *Client) Call(ctx context.Context, p *program.Program, proc int32, args, ret xdr.Value, files ...*os.File) ([]*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended != nil {
		return nil, c.ended
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h := wire.Header{Program: p.ID, Version: p.Version, Procedure: proc, Serial: c.serial}
	frame, err := request(h, args, len(files))
	if err != nil {
		return nil, err
	}
	c.serial++
	defer c.watch(ctx)()
	if err := c.send(frame, files); err != nil {
		return nil, c.end(ctx, err)
	}
	return c.answer(ctx, h, ret)
}

// request makes the frame of a call.
func request(h wire.Header, args xdr.Value, files int) ([]byte, error) {
	if files == 0 {
		return wire.Append(nil, h, args)
	}
	if files > wire.MaxFDs {
		return nil, virerr.New(virerr.FromRPC, virerr.RPC, "Too many FDs to send %d, expected %d maximum", files, wire.MaxFDs)
	}
	h.Type = wire.CallWithFDs
	return wire.Append(nil, h, counted{uint32(files), args})
}

// counted is what comes with descriptors: their number before the value.
type counted struct {
	files uint32
	value xdr.Value
}

// AppendXDR implements xdr.Value.
func (v counted) AppendXDR(b []byte) []byte {
	b = xdr.AppendUint32(b, v.files)
	if v.value != nil {
		b = v.value.AppendXDR(b)
	}
	return b
}

// DecodeXDR implements xdr.Value; nothing decodes one.
func (counted) DecodeXDR(*xdr.Decoder) {}

// answer waits for the reply to a call.
func (c *Client) answer(ctx context.Context, call wire.Header, ret xdr.Value) ([]*os.File, error) {
	for {
		h, payload, files, err := c.next()
		if err != nil {
			return nil, c.end(ctx, err)
		}
		if h.Type != wire.Reply && h.Type != wire.ReplyWithFDs {
			closeAll(files)
			if err := c.take(h, payload); err != nil {
				return nil, c.end(ctx, err)
			}
			continue
		}
		if files, err = result(call, h, payload, files, ret); isFault(err) {
			return nil, c.end(ctx, err)
		}
		return files, err
	}
}

// take does with a message what is to be done while a call waits.
func (c *Client) take(h wire.Header, payload []byte) error {
	switch {
	case h.Program == keepalive.ID:
		if h.Procedure == keepalive.ProcPing {
			return c.send(pong, nil)
		}
	case c.OnMessage != nil:
		c.OnMessage(h, payload)
	}
	return nil
}

var pong = wire.AppendRaw(nil, wire.Header{
	Program: keepalive.ID, Version: keepalive.Version, Procedure: keepalive.ProcPong, Type: wire.Message,
}, nil)

// fault is a reply that is none: nobody knows what else is wrong with that peer.
type fault struct{ told *virerr.Error }

func (f fault) Error() string { return f.told.Message }
func (f fault) Unwrap() error { return f.told }

func newFault(format string, args ...any) error {
	return fault{virerr.New(virerr.FromRPC, virerr.RPC, format, args...)}
}

func isFault(err error) bool {
	_, ok := err.(fault) //nolint:errorlint // made here, never wrapped
	return ok
}

// result reads a reply: the peer's error, or what it returned.
func result(call, h wire.Header, payload []byte, files []*os.File, ret xdr.Value) ([]*os.File, error) {
	err := matches(call, h)
	if err == nil {
		d := xdr.NewDecoder(payload)
		switch {
		case h.Status == wire.Error:
			told := new(virerr.Error)
			if told.DecodeXDR(d); d.Err() == nil {
				err = told
			}
		case ret != nil:
			ret.DecodeXDR(d)
		}
		if d.End() != nil {
			err = newFault("Unable to decode message payload")
		}
	}
	if err != nil {
		closeAll(files)
		return nil, err
	}
	return files, nil
}

// matches wants a reply to be that of the call.
func matches(call, h wire.Header) error {
	switch {
	case h.Serial != call.Serial:
		return newFault("no call waiting for reply with prog %d vers %d serial %d", h.Program, h.Version, h.Serial)
	case h.Program != call.Program || h.Version != call.Version || h.Procedure != call.Procedure:
		return newFault("reply to procedure %d of program %d, not to %d of %d", h.Procedure, h.Program, call.Procedure, call.Program)
	case h.Status != wire.OK && h.Status != wire.Error:
		return newFault("got unexpected RPC call prog %d vers %d proc %d type %d", h.Program, h.Version, h.Procedure, h.Type)
	}
	return nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
