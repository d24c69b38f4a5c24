package gen

import (
	"context"
	"time"
)

// Process is the handle that callbacks get; its context ends with the process.
type Process struct {
	context.Context
	proc *proc
	meta *metaProc // of a meta process: proc is the parent
}

type processKey struct{}

// Value lets a context made from a Process find it.
func (p *Process) Value(key any) any {
	if _, ok := key.(processKey); ok {
		return p
	}
	return p.Context.Value(key)
}

// callerOf finds the process that a call is made from.
func callerOf(ctx context.Context) *proc {
	if p, ok := ctx.(*Process); ok && p.meta == nil {
		return p.proc
	}
	if p, ok := ctx.Value(processKey{}).(*Process); ok && p.meta == nil {
		return p.proc
	}
	return nil
}

// Self gives the process, or the parent of a meta process.
func (p *Process) Self() Ref { return Ref{sys: p.proc.sys, pid: p.proc.pid} }

// Parent gives the parent, the zero Ref for a root. A meta process has its owner.
func (p *Process) Parent() Ref {
	if p.meta != nil {
		return p.Self()
	}
	if p.proc.parent == nil {
		return Ref{}
	}
	return Ref{sys: p.proc.sys, pid: p.proc.parent.pid}
}

// System gives the system that owns the process.
func (p *Process) System() *System { return p.proc.sys }

// Named gives a reference by registered name.
func (p *Process) Named(name string) Ref { return p.proc.sys.Named(name) }

// Name is the name it was started under.
func (p *Process) Name() string { return p.proc.child.Name }

// Path is the names from the root, with slashes.
func (p *Process) Path() string { return p.proc.path }

// Spawn starts a linked child and waits for its Init.
func (p *Process) Spawn(c Child) (Ref, error) {
	if p.meta != nil {
		return Ref{}, ErrMeta
	}
	return p.proc.sys.spawn(p.proc, c)
}

// StopChild ends a child and what is below it, and waits at most its grace.
// No ChildExit follows. ErrNoProc if it is not there, ErrZombie if it did not stop.
func (p *Process) StopChild(r Ref, reason error) error {
	c, err := r.proc()
	if err != nil {
		return err
	}
	if c.parent != p.proc || p.meta != nil {
		return ErrNoProc
	}
	p.proc.sys.waitForEnd(p.proc, c)
	err = c.stop(reason)
	p.proc.sys.waitFor(p.proc, nil, From{})
	p.proc.forget(c)
	return err
}

// Exit asks another process to end with a reason; its parent decides what follows.
func (p *Process) Exit(to Ref, reason error) error { return Exit(to, reason) }

// Exit asks a process to end with a reason; its parent decides what follows.
func Exit(to Ref, reason error) error {
	target, err := to.proc()
	if err != nil {
		return err
	}
	return target.box.put(laneUrgent, exitMsg{orShutdown(reason)})
}

// SendAfter sends a message to p itself after a while. It is dropped when p has
// ended by then. The function given back cancels it.
func (p *Process) SendAfter(d time.Duration, m any) (cancel func()) {
	t := time.AfterFunc(d, func() { _ = p.proc.box.put(laneSystem, m) })
	return func() { t.Stop() }
}

// NoteRestart tells the observer that a supervisor started a child again, and why.
func (p *Process) NoteRestart(child Ref, restarts int, reason error) {
	if c, err := child.proc(); err == nil {
		c.mu.Lock()
		c.restarts, c.lastExit = restarts, reason
		c.mu.Unlock()
	}
}
