package dispatch

import (
	"fmt"
	"runtime/debug"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// Mode says where a handler runs.
type Mode uint8

// The modes.
const (
	Inline Mode = iota // on the connection's reader: it must not block
	Worker             // on a worker: it may
)

// Void is the argument or the result of a procedure that has none.
type Void struct{}

// AppendXDR implements xdr.Value.
func (*Void) AppendXDR(b []byte) []byte { return b }

// DecodeXDR implements xdr.Value.
func (*Void) DecodeXDR(*xdr.Decoder) {}

// Handler is an entry of a Table.
type Handler struct {
	Mode    Mode
	run     func(c *Call, payload []byte) (xdr.Value, error)
	brief   func(payload []byte) bool
	always  bool // before a connection is open too
	bounds  *bounds
	demands []demand

	table      *Table // nil for what nobody handles
	rules      []rule // what a client must be allowed
	named      []int  // the field that names the object
	asksItself bool
}

func newHandler(prog uint32, p *program.Procedure, m Mode) *Handler {
	h := &Handler{Mode: m, bounds: boundsOf(prog, p), demands: demandsOf(prog, p), rules: rulesOf(p)}
	h.named = namedIn(p, h.rules)
	return h
}

// Table has the handlers of a driver for one program.
type Table struct {
	Program  *program.Program
	handlers []*Handler
	find     Finder
}

// NewTable makes an empty table for a program.
func NewTable(p *program.Program) *Table {
	return &Table{Program: p, handlers: make([]*Handler, len(p.Procedures))}
}

// Handler gives the handler of a procedure, nil if there is none. A nil table has none.
func (t *Table) Handler(proc int32) *Handler {
	if t == nil || proc < 0 || int(proc) >= len(t.handlers) {
		return nil
	}
	return t.handlers[proc]
}

// value is a pointer to a T that is an xdr.Value.
type value[T any] interface {
	*T
	xdr.Value
}

// Handle puts a handler into a table. A is the argument type, R the result;
// Void stands for none. It panics for a procedure that the program lacks or
// that has a handler already: both are mistakes of the author.
func Handle[A, R any, PA value[A], PR value[R]](t *Table, proc int32, m Mode, h func(c *Call, args *A) (*R, error)) {
	if t.Program.Procedure(proc) == nil || t.handlers[proc] != nil {
		panic(fmt.Sprintf("procedure %d of %s", proc, t.Program.Name))
	}
	entry := newHandler(t.Program.ID, t.Program.Procedure(proc), m)
	entry.table = t
	t.handlers[proc] = entry
	entry.run = func(c *Call, payload []byte) (xdr.Value, error) {
		args := new(A)
		d := xdr.NewDecoder(payload)
		PA(args).DecodeXDR(d)
		if d.Err() != nil {
			return nil, virerr.New(virerr.FromRPC, virerr.RPC, "Unable to decode message payload")
		}
		if err := c.admit(args, entry); err != nil {
			return nil, err
		}
		ret, err := h(c, args)
		if err != nil || ret == nil {
			return nil, err
		}
		return PR(ret), nil
	}
}

// Always lets a procedure be called before a connection is open: the handler
// itself knows what it can answer then.
func (t *Table) Always(proc int32) { t.handlers[proc].always = true }

// Brief lets a Worker run on the connection's reader where when says that this
// call does not block for long. It keeps its place among the calls of its client.
func (t *Table) Brief(proc int32, when func(payload []byte) bool) { t.handlers[proc].brief = when }

// Brief says whether a call of a Worker may run on the connection's reader.
func (h *Handler) Brief(payload []byte) bool { return h.brief != nil && h.brief(payload) }

// Run runs the handler of a call. The error is always a *virerr.Error.
func (h *Handler) Run(c *Call, payload []byte) (v xdr.Value, err error) {
	defer func() {
		if p := recover(); p != nil {
			c.Session.log.Panic(c.Proc.Name, p, debug.Stack())
			v, err = nil, virerr.New(virerr.FromRPC, virerr.InternalError, "%s failed: %v", c.Proc.Name, p)
		}
		if err != nil {
			e := virerr.From(errorDomain(c.Proc), err)
			c.Session.log.Failed(c.Proc, e)
			err = e
		}
	}()
	return h.run(c, payload)
}
