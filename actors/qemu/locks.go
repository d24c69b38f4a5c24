package qemu

import (
	"context"
	"errors"
	"fmt"

	"virtree.dev/actors/domain"
	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// ownerOf is who virtlockd holds a machine's leases for.
func ownerOf(def *xml.Domain, pid int) lockmanager.Owner {
	return lockmanager.Owner{UUID: def.UUID, Name: def.Name, ID: def.ID, PID: pid}
}

// checkLeases refuses a machine that could have no leases, before anything of it is there.
func (s *starter) checkLeases() error { return priorToExec(s.drv.locks.Check(s.ctx, s.def)) }

// parts are libvirt's names of those who may fail with leases.
var parts = map[virerr.Domain]string{virerr.FromRPC: "XML-RPC", virerr.FromLocking: "Lock Driver", virerr.FromLockspace: "Lock Space"}

// priorToExec is an error of what libvirt does in the process that is to be QEMU: it reads
// it there from the process's output.
func priorToExec(err error) error {
	if err == nil {
		return nil
	}
	told := virerr.From(virerr.FromLocking, err)
	return virerr.New(virerr.FromNone, virerr.InternalError, "Process exited prior to exec: libvirt: %s error : %s", parts[told.From], told.Message)
}

// startCPUs lets a machine run, once it has its leases.
func (h handle) startCPUs(ctx context.Context, reason domain.Reason) error {
	if _, err := call(ctx, h, lease{Wanted: true}); err != nil {
		return err
	}
	_, err := h.monitor(ctx, "cont", nil, domain.RunComing{Reason: reason})
	if err != nil {
		_, _ = call(ctx, h, lease{}) // what the monitor said is the one to tell
	}
	return err
}

// stopCPUs pauses a machine; others may have its disks then.
func (h handle) stopCPUs(ctx context.Context, reason domain.Reason) error {
	_, err := h.monitor(ctx, "stop", nil, domain.PauseComing{Reason: reason})
	if err == nil {
		_, _ = call(ctx, h, lease{}) // that they cannot be given back is no error of the pause
	}
	return err
}

// leases are those of a machine, as its process sees them. What is asked of virtlockd is
// asked in order, one thing at a time.
type leases struct {
	held   bool
	unsure bool // virtlockd may have them for us, in spite of that
	queue  []leaseStep
	busy   bool // with the first of them
	ending bool // the last of them is in the queue
}

type leaseStep struct {
	wanted, sure bool
	last         bool // the machine has ended
	owner        lockmanager.Owner
	def          *xml.Domain
	started      uint64 // when the machine's process was
	then         func(error)
}

// leaseFor does for a worker what it waits for.
func (m *machine) leaseFor(p *gen.Process, from gen.From, req lease) (any, error) {
	if m.status == nil {
		return nil, errNotRunning()
	}
	m.leases.ask(m, p, req.Wanted, func(err error) { from.Reply(struct{}{}, err) })
	return nil, gen.ErrLater
}

// freeLeases gives the leases back when a machine has ceased to run by itself. One that ends
// keeps them until it is gone.
func (m *machine) freeLeases(p *gen.Process, was domain.State) {
	if was == domain.Running && (m.core.State == domain.Paused || m.core.State == domain.Crashed) && !m.gone {
		m.leases.ask(m, p, false, func(error) {})
	}
}

// ask gets the leases, or gives them back.
func (l *leases) ask(m *machine, p *gen.Process, wanted bool, then func(error)) {
	if m.drv.locks == nil {
		then(nil)
		return
	}
	l.add(m, p, leaseStep{wanted: wanted, then: then})
}

func (l *leases) add(m *machine, p *gen.Process, s leaseStep) {
	s.def = m.status.Domain
	s.owner, s.started = ownerOf(s.def, m.pid), m.started
	l.queue = append(l.queue, s)
	l.proceed(m, p)
}

// proceed begins the first thing that there is to do.
func (l *leases) proceed(m *machine, p *gen.Process) {
	for len(l.queue) > 0 && !l.busy {
		s := &l.queue[0]
		if s.wanted != l.held || s.sure || s.last && l.unsure {
			l.busy = true
			if err := p.Go("lease", m.leaseJob(p.Self(), *s, l.unsure)); err != nil {
				l.done(m, p, err)
			}
			return
		}
		then := s.then
		l.queue = l.queue[1:]
		then(nil)
	}
}

// leaseJob asks virtlockd. What it may have for us from before would be in our own way.
func (m *machine) leaseJob(to gen.Ref, s leaseStep, unsure bool) func(context.Context) error {
	locks, def := m.drv.locks, s.def
	return func(ctx context.Context) error {
		var err error
		switch {
		case s.last:
			err = locks.Free(ctx, s.owner, def, s.started)
		case !s.wanted:
			err = locks.Release(ctx, s.owner, def)
		default:
			if unsure {
				_ = locks.Release(ctx, s.owner, def)
			}
			err = locks.Acquire(ctx, s.owner, def)
		}
		return gen.SendWait(ctx, to, leased{Err: err})
	}
}

// done takes what virtlockd said.
func (l *leases) done(m *machine, p *gen.Process, err error) {
	if !l.busy {
		return
	}
	s := l.queue[0]
	l.queue, l.busy = l.queue[1:], false
	switch {
	case s.wanted && err == nil:
		l.held, l.unsure = true, false
		m.dropLockState()
	case !s.wanted:
		l.held = false
		// Leases that are not held are as good as given back.
		l.unsure = err != nil && !errors.Is(err, virerr.Kind(virerr.ResourceBusy))
		if err != nil && (!s.sure || l.unsure) {
			m.drv.log.Warn(fmt.Sprintf("Unable to release lease on %s: %v", s.owner.Name, err))
		}
	}
	s.then(err)
	l.proceed(m, p)
}

// found is when a machine of a former daemon has said whether it runs. That daemon may have
// died between a pause and the leases, or between these and going on.
func (l *leases) found(m *machine, p *gen.Process, running bool) {
	if m.drv.locks == nil || l.busy {
		return
	}
	if l.held = running; !running {
		l.add(m, p, leaseStep{sure: true, then: func(error) {}})
	}
}

// end is when the machine's process is gone; then comes when it has no leases any more.
func (l *leases) end(m *machine, p *gen.Process, then func()) {
	switch {
	case m.drv.locks == nil || m.status == nil:
		then()
	case !l.ending:
		l.ending = true
		l.add(m, p, leaseStep{last: true, then: func(error) { then() }})
	}
}

// forget is the end of the machine here: who still waits is told.
func (l *leases) forget() {
	l.held, l.unsure, l.ending = false, false, false
	var rest []leaseStep
	if l.busy {
		l.queue, rest = l.queue[:1:1], l.queue[1:]
	} else {
		l.queue, rest = nil, l.queue
	}
	for _, s := range rest {
		s.then(errNotRunning())
	}
}

// dropLockState forgets what another lock manager left in the status for when the machine goes on.
func (m *machine) dropLockState() {
	if m.status != nil && m.status.LockState != "" {
		m.changeStatus(func(s *domstatus.Status) { s.LockState = "" })
	}
}
