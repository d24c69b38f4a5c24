package gen

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
)

// ErrNotFreezable is given for a process whose behavior is no Freezer.
var ErrNotFreezable = errors.New("process cannot be frozen")

// Freezer is a Behavior that lives through a re-exec.
type Freezer interface {
	// Freeze gives the state. The meta processes are stopped and the mailbox is
	// drained; after an error the process goes on by Thaw with what it gave.
	Freeze(p *Process) (Frozen, error)
	// Thaw comes in place of Init in the next program, and when a freeze came to nothing.
	Thaw(p *Process, f Frozen) error
}

// Frozen is the state of a process between two programs.
type Frozen struct {
	Version int
	State   json.RawMessage
	// Files are passed on by number: *os.File in the next program, and whatever
	// has a descriptor in this one.
	Files map[string]syscall.Conn
}

type freezeMsg struct {
	reply  chan freezeReply
	resume chan struct{}
	thawed chan struct{} // closed when it goes on
}

type freezeReply struct {
	frozen Frozen
	err    error
}

// Freeze stops a process at the border of a message and gives its state. It
// handles nothing more until resume, which lets it go on where nothing came of it
// and waits until it does.
func Freeze(ctx context.Context, to Ref) (f Frozen, resume func(), err error) {
	target, err := to.proc()
	if err != nil {
		return f, nil, err
	}
	if _, ok := target.behavior.(Freezer); !ok {
		return f, nil, fmt.Errorf("%s: %w", target.path, ErrNotFreezable)
	}
	m := freezeMsg{reply: make(chan freezeReply, 1), resume: make(chan struct{}), thawed: make(chan struct{})}
	if err := target.box.put(laneSystem, m); err != nil {
		return f, nil, err
	}
	resume = func() {
		close(m.resume)
		select {
		case <-m.thawed:
		case <-target.done:
		}
	}
	select {
	case r := <-m.reply:
		if r.err != nil {
			resume()
			return f, nil, r.err
		}
		return r.frozen, resume, nil
	case <-target.done:
		return f, nil, &DownError{target.path, target.reason}
	case <-ctx.Done():
		close(m.resume) // when it gets there
		return f, nil, context.Cause(ctx)
	}
}

// freeze holds the process still until it may go on or must end.
func (p *proc) freeze(m freezeMsg) error {
	defer close(m.thawed)
	p.stopMetas(Shutdown)
	if err := p.drain(); err != nil {
		return err
	}
	f := p.behavior.(Freezer)
	frozen, err := f.Freeze(p.handle)
	m.reply <- freezeReply{frozen, err}
	p.state.Store(uint32(Frosted))
	defer p.state.CompareAndSwap(uint32(Frosted), uint32(Idle))
	for {
		select {
		case <-m.resume:
			return f.Thaw(p.handle, frozen)
		case <-p.box.wake:
			if p.box.urgent() {
				p.box.rouse()
				return f.Thaw(p.handle, frozen) // to be ended as what it was
			}
		}
	}
}

// drain handles what waits.
func (p *proc) drain() error {
	for {
		m, ok := p.box.take()
		if !ok {
			return nil
		}
		if e, exit := m.(exitMsg); exit {
			_ = p.box.put(laneUrgent, e)
			return nil
		}
		if err := p.handleOne(m); err != nil {
			return err
		}
	}
}
