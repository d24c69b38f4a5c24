package gen

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Request ties a request to its reply type: embed Returns[R].
type Request[R any] interface{ reply(R) }

// Returns makes a struct a Request[R].
type Returns[R any] struct{}

func (Returns[R]) reply(R) {}

type answer struct {
	value any
	err   error
}

// From keeps a call open.
type From struct {
	PID   PID // of the caller, 0 if it is no process
	reply chan answer
	used  *atomic.Bool
}

// Reply ends the call; from any goroutine, once: later replies are dropped.
func (f From) Reply(v any, err error) {
	if f.used == nil || f.used.Swap(true) {
		return
	}
	f.reply <- answer{v, err}
}

// Call asks a process and waits for the reply, the callee's death (ErrDown
// wraps the reason) or the end of ctx. A process passes itself as ctx, so that
// a cycle is refused (ErrCycle). ErrFull when the callee's mailbox is full.
func Call[R any](ctx context.Context, to Ref, req Request[R]) (R, error) {
	var zero R
	v, err := call(ctx, to, req)
	if err != nil {
		return zero, err
	}
	r, ok := v.(R)
	if !ok && v != nil {
		return zero, fmt.Errorf("%s answered %T with %T", to, req, v)
	}
	return r, nil
}

func call(ctx context.Context, to Ref, req any) (any, error) {
	target, err := to.proc()
	if err != nil {
		return nil, &DownError{to.String(), err}
	}
	from := From{reply: make(chan answer, 1), used: new(atomic.Bool)}
	if caller := callerOf(ctx); caller != nil {
		from.PID = caller.pid
		if !target.sys.waitFor(caller, target, from) {
			return nil, fmt.Errorf("%s calls %s: %w", caller.path, target.path, ErrCycle)
		}
		defer target.sys.waitFor(caller, nil, From{})
	}
	if err := target.box.put(laneMain, callMsg{from, req}); err != nil {
		if errors.Is(err, ErrDown) {
			return nil, target.downError()
		}
		return nil, fmt.Errorf("call %s: %w", target.path, err)
	}
	select {
	case a := <-from.reply:
		return a.value, a.err
	case <-target.done:
		return lastWord(from, target)
	case <-ctx.Done():
		from.used.Store(true)
		return nil, context.Cause(ctx)
	}
}

// lastWord prefers a reply that was given just before the end.
func lastWord(from From, target *proc) (any, error) {
	select {
	case a := <-from.reply:
		return a.value, a.err
	default:
		return nil, target.downError()
	}
}

// downError says why a process answers no more: it has ended, or is about to.
func (p *proc) downError() error {
	if p.ended() {
		return &DownError{p.path, p.reason}
	}
	return &DownError{p.path, ErrStopping}
}

// waitFor notes that one process waits for another (nil: for nobody), and for
// what answer. It says false, and notes nothing, where the other waits for the
// first already.
func (s *System) waitFor(caller, target *proc, from From) bool {
	if caller == nil {
		return true
	}
	s.waits.Lock()
	defer s.waits.Unlock()
	for p := target; p != nil; p = p.waitsFor {
		if p == caller {
			return false
		}
	}
	caller.waitsFor, caller.waitsOn = target, from
	return true
}

// waitForEnd is waitFor of a process that waits for the end of one below it. A
// call that is on its way up meanwhile fails, rather than both waiting out the grace.
func (s *System) waitForEnd(stopper, stopped *proc) {
	s.waits.Lock()
	defer s.waits.Unlock()
	for p := stopped; p != nil; p = p.waitsFor {
		if p.waitsFor == stopper {
			p.waitsOn.Reply(nil, &DownError{stopper.path, ErrStopping})
			p.waitsFor = nil
			break
		}
	}
	stopper.waitsFor = stopped
}

// Send queues a message and never blocks: ErrFull, ErrNoProc, ErrDown.
func Send(to Ref, m any) error {
	target, err := to.proc()
	if err != nil {
		return err
	}
	return target.box.put(laneMain, m)
}

// SendUrgent queues a message before all others, whatever the main lane holds.
func SendUrgent(to Ref, m any) error {
	target, err := to.proc()
	if err != nil {
		return err
	}
	return target.box.put(laneUrgent, m)
}

// SendWait waits for room in the main lane. Only meta processes may: then the
// kernel's buffers push back on whoever sends.
func SendWait(ctx context.Context, to Ref, m any) error {
	for {
		target, err := to.proc()
		if err != nil {
			return err
		}
		if err = target.box.put(laneMain, m); err != ErrFull { //nolint:errorlint // never wrapped
			return err
		}
		select {
		case <-target.box.waitRoom():
		case <-target.done:
			return ErrDown
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}
