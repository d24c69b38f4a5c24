package lockd

import (
	"context"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

// Options are what the lock service is made of.
type Options struct {
	System *gen.System
	Log    *zap.Logger
	Store  keep.Store  // what a former daemon held when it was killed
	Box    *freeze.Box // from the program that this one replaces; may be nil
	Former *Former     // libvirt's daemon that this one replaces; may be nil
}

// Service is the lock service.
type Service struct {
	system *gen.System
	locks  *locks
}

// New makes the lock service, with every lock that a former program held.
func New(o Options) (*Service, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	l := newLocks(host, o.Store, o.Log)
	l.roused = func() { _ = gen.Send(o.System.Named(guardName), look{}) }
	if o.Former != nil {
		// A lock less is better than none at all.
		if err := l.takeOver(o.Former); err != nil {
			o.Log.Error(fmt.Sprintf("taking over from the former virtlockd: %v", err))
		}
	}
	if f := o.Box.Take(guardName); f != nil {
		if err := l.unpack(f); err != nil {
			o.Log.Error(fmt.Sprintf("taking over from the former program: %v", err))
		}
	}
	l.restore()
	return &Service{system: o.System, locks: l}, nil
}

// Children are the service's processes.
func (s *Service) Children() []gen.Child {
	return []gen.Child{{Name: guardName, Register: true, New: func() gen.Behavior { return &guard{locks: s.locks} }}}
}

// Tables are the lock program.
func (s *Service) Tables() []*dispatch.Table { return []*dispatch.Table{s.table()} }

// Sessions carries the owners that clients registered.
func (s *Service) Sessions() rpc.Sessions { return s }

// Freeze puts all locks into a box. No call runs.
func (s *Service) Freeze(ctx context.Context, box *freeze.Box) (resume func(), err error) {
	frozen, resume, err := gen.Freeze(ctx, s.system.Named(guardName))
	if err != nil {
		return nil, err
	}
	if err := box.Put(guardName, frozen); err != nil {
		resume()
		return nil, err
	}
	return resume, nil
}

// Prepare takes the files of released locks away while calls still run: nobody has to
// wait for that in Freeze.
func (s *Service) Prepare() { s.locks.clear(time.Now()) }

// Busy says whether anything is locked.
func (s *Service) Busy() bool { return s.locks.count() > 0 }

// Reload has nothing to do: there are no settings but the daemon's.
func (s *Service) Reload() {}

// Close frees all locks, as libvirt's daemon does when it is stopped, but for
// those that are kept: these are for the next daemon.
func (s *Service) Close() {
	l := s.locks
	l.clear(time.Now())
	if l.keeps() {
		return
	}
	var list []*resource
	l.mu.Lock()
	l.all(func(r *resource) {
		// On a server that does not answer it would take for ever; the lock
		// itself ends with this process.
		if r.space.local.Load() && !r.busy {
			list = append(list, r)
		}
	})
	l.mu.Unlock()
	for _, r := range list {
		l.drop(r)
	}
}
