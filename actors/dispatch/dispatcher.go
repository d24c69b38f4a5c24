package dispatch

import (
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/wire"
)

// Dispatcher knows the programs of a server and answers for what the server owns.
type Dispatcher struct {
	programs map[uint32]*served
}

// served is a program with the server's own handlers.
type served struct {
	*program.Program
	own     *Table
	missing []*Handler // what nobody handles, by procedure
}

// New makes a dispatcher; each table serves its program's procedures that the
// server itself owns.
func New(own ...*Table) *Dispatcher {
	d := &Dispatcher{programs: map[uint32]*served{}}
	for _, t := range own {
		d.programs[t.Program.ID] = &served{t.Program, t, missing(t.Program)}
	}
	return d
}

// Knows says whether the server has a program of this number and version.
func (d *Dispatcher) Knows(h wire.Header) bool {
	p := d.programs[h.Program]
	return p != nil && p.Version == h.Version
}

// Find looks up the procedure and the handler of a call. The error is for the
// caller; a known procedure that nobody handles gives libvirt's "unsupported".
func (d *Dispatcher) Find(s *Session, h wire.Header) (*program.Procedure, *Handler, error) {
	prog := d.programs[h.Program]
	if prog == nil || prog.Version != h.Version {
		return nil, nil, rpcError("Cannot find program %d version %d", int32(h.Program), int32(h.Version))
	}
	if h.Status != wire.OK {
		return nil, nil, rpcError("Unexpected message status %d", h.Status)
	}
	p := prog.Procedure(h.Procedure)
	if p == nil || p.Kind != program.Call {
		return nil, nil, rpcError("unknown procedure: %d", h.Procedure)
	}
	if !s.Authenticated() && p.ReadOnly != program.Preauth {
		return nil, nil, rpcError("authentication required")
	}
	if handler := prog.own.Handler(h.Procedure); handler != nil {
		return p, handler, nil
	}
	if handler := s.table(p.Owner, h.Program).Handler(h.Procedure); handler != nil {
		return p, handler, nil
	}
	return p, prog.missing[h.Procedure], nil
}
