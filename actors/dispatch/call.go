package dispatch

import (
	"context"
	"io"
	"os"
	"reflect"
	"strings"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/supervisor/act"
)

// Call is one request in hand. Its context ends with the client.
type Call struct {
	context.Context
	Session *Session
	Program uint32
	Proc    *program.Procedure
	Serial  uint32
	FDs     []*os.File // that came with the call; closed after it unless taken

	Slot   *act.Slot // of a Worker
	Opener func(io.ReadWriteCloser) error
	out    []*os.File

	asked *Handler // whose rules of access count
	args  any
}

// Wait runs f, which blocks on another process: meanwhile the worker's slot is free for others.
func (c *Call) Wait(f func() error) error {
	if c.Slot != nil {
		c.Slot.Release()
		defer c.Slot.Reacquire()
	}
	return f()
}

// StreamBackend is the daemon's end of a stream: what is read goes to the
// client, what comes from the client is written. Close is called once, when
// either side ends the stream or the client goes; after the client's regular
// end, its error is the client's answer.
type StreamBackend = io.ReadWriteCloser

// SparseBackend is the backend of a stream whose client asked for holes.
type SparseBackend interface {
	StreamBackend
	// Hole takes a hole from the client in the place of bytes.
	Hole(length int64) error
	// Section tells what comes next for the client: so many bytes of data, or
	// of a hole. A hole of no length is the end.
	Section() (data bool, length int64, err error)
	// Skip moves behind a hole that the client was told of.
	Skip(length int64) error
}

// Stream opens the stream of this call, once its reply is sent.
func (c *Call) Stream(b StreamBackend) error {
	if c.Opener == nil {
		return virerr.New(virerr.FromRPC, virerr.InternalError, "%s has no stream", c.Proc.Name)
	}
	return c.Opener(b)
}

// ReplyFDs sends files with the reply; they are closed then.
func (c *Call) ReplyFDs(f ...*os.File) { c.out = append(c.out, f...) }

// TakeReplyFDs gives the files for the reply.
func (c *Call) TakeReplyFDs() []*os.File {
	f := c.out
	c.out = nil
	return f
}

// TakeFDs makes the files of the call the handler's own.
func (c *Call) TakeFDs() []*os.File {
	f := c.FDs
	c.FDs = nil
	return f
}

// CloseFDs closes what nobody took.
func (c *Call) CloseFDs() {
	for _, f := range append(c.TakeFDs(), c.TakeReplyFDs()...) {
		f.Close()
	}
}

// admit checks what libvirt's library checks before it asks a driver.
func (c *Call) admit(args any, h *Handler) error {
	p := c.Proc
	if p.Owner != program.Server && !h.always && !c.Session.Opened() {
		return NotOpen(p.Owner)
	}
	if err := h.bounds.check(args); err != nil {
		return err
	}
	if c.Session.ReadOnly() && forbidden(p, args) {
		return virerr.New(errorDomain(p), virerr.OperationDenied, denial(p), p.API)
	}
	if err := h.insist(p, args); err != nil {
		return err
	}
	return h.authorize(c, args)
}

// NotOpen is the error of a call that comes before CONNECT_OPEN.
func NotOpen(o program.Owner) error {
	what := ""
	if o == program.Hypervisor {
		what = "hypervisor "
	}
	return virerr.New(virerr.FromRPC, virerr.InternalError, "%sconnection not open", what)
}

// denial is the text for a call that is forbidden; documents have a flag that
// puts secrets into them.
func denial(p *program.Procedure) string {
	if p.ReadOnly == program.Conditional && strings.HasSuffix(p.API, "XMLDesc") {
		return "%s with secure flag"
	}
	return "read only access prevents %s"
}

// forbidden says whether a read-only connection may not make this call.
func forbidden(p *program.Procedure, args any) bool {
	switch p.ReadOnly {
	case program.Deny:
		return true
	case program.Conditional:
		return flagged(args, p.DenyFlags)
	}
	return false
}

// flagged says whether arguments have one of these flags. The few conditional
// procedures are not on a hot path, so that reflection may look for the field;
// where a source of addresses stands beside the flags, the rule means that one.
func flagged(args any, deny uint64) bool {
	v := reflect.ValueOf(args).Elem()
	if source := v.FieldByName("Source"); source.IsValid() {
		return source.Uint() == deny
	}
	return v.FieldByName("Flags").Uint()&deny != 0
}
