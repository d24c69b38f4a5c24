package lockd

import (
	"context"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
)

// acquire locks a resource for a client's owner.
func (l *locks) acquire(ctx context.Context, c *client, s *space, name string, flags uint32) error {
	l.mu.Lock()
	r, err := l.settled(ctx, s, name)
	if err != nil {
		l.mu.Unlock()
		return err
	}
	who := c.owner
	who.Since = time.Now().Truncate(time.Second)
	if r != nil {
		defer l.mu.Unlock()
		return l.join(r, who, flags)
	}
	l.lastKey++
	r = &resource{space: s, name: name, flags: flags, key: keyOf(l.lastKey), busy: true, owners: []owner{who}}
	s.resources[name] = r
	lease, file := l.wakeUp(s, name)
	l.mu.Unlock()

	if err := r.take(ctx, lease, file); err != nil {
		l.give(r)
		return l.refused(r, err)
	}
	err = l.keep(r)
	l.mu.Lock()
	orphaned := c.ended && c.own()
	if err == nil && !orphaned {
		defer l.mu.Unlock()
		l.held[who.PID]++
		l.note(r)
		r.settle()
		return nil
	}
	l.mu.Unlock()
	// What could not be kept would be lost when nobody expects it; and whoever
	// has gone meanwhile would hold it for ever.
	l.drop(r)
	l.give(r)
	return err
}

// give forgets a resource that is not held.
func (l *locks) give(r *resource) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(r.space.resources, r.name)
	r.settle()
}

// join adds an owner to a resource that is held. l.mu is held.
func (l *locks) join(r *resource, who owner, flags uint32) error {
	for i := range r.owners {
		// The answer to the acquire may have been lost with a former daemon.
		if o := &r.owners[i]; o.Bond == orphan && o.is(&who) && (r.flags^flags)&shared == 0 {
			o.Bond = bound
			return l.update(r)
		}
	}
	if r.flags&flags&shared == 0 {
		return locked(r.name, l.holders(r))
	}
	l.enter(r, who)
	if err := l.update(r); err != nil {
		l.leave(r, len(r.owners)-1)
		return err
	}
	return nil
}

// take opens the file, or that which was left, and locks its byte, and gives an open lease in r even
// where somebody else has the lock.
func (r *resource) take(ctx context.Context, left *sys.Lease, file sys.FileID) error {
	path, create := r.space.path(r.name), r.flags&autocreate != 0
	if left != nil {
		if r.flags != autocreate {
			left.Close()
		} else if ours, err := r.again(left, file); ours {
			return err
		}
	}
	for {
		lease, err := sys.OpenLease(path, create)
		if err != nil {
			return openError(path, create, err)
		}
		r.lease = lease
		if r.space.local.Load() {
			lease.Local()
		}
		again, err := r.lock(path, create)
		if err != nil || !again {
			return err
		}
		lease.Close()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// lock locks the open file. Again: it was taken away before it was locked, so
// that its name is free or another file's.
func (r *resource) lock(path string, create bool) (again bool, err error) {
	info, err := r.lease.Stat()
	if err != nil {
		r.lease.Close()
		return false, systemError(err, "Unable to check status of pid file '%s'", path)
	}
	r.file = info.ID
	switch err := r.lease.Lock(r.flags&shared != 0); {
	case sys.Held(err):
		return false, errHeld
	case err != nil:
		r.lease.Close()
		return false, systemError(err, "Unable to acquire lock on '%s'", path)
	case !create:
		return false, nil
	}
	there, err := sys.StatFile(path)
	if err != nil || there.ID != info.ID {
		return true, nil //nolint:nilerr // it is gone
	}
	r.blank(info)
	return false, nil
}

// drop frees a resource's lock and takes away the file that was made for it.
// The store forgets it first: who dies in between must not find it held.
func (l *locks) drop(r *resource) {
	l.store.Forget(r.key)
	if r.mayRest() {
		l.mu.Lock()
		stays := l.lay(r)
		l.mu.Unlock()
		if stays {
			_ = r.lease.Unlock()
			return
		}
	}
	path := r.space.path(r.name)
	if r.flags&autocreate != 0 && r.alone() {
		if err := sys.Unlink(path); err != nil {
			l.log.Warn("Failed to unlink resource " + path + ": " + sys.Errno(err).Error())
		}
	}
	_ = r.lease.Unlock() // a duplicate in the store would go on holding it
	r.lease.Close()
}

// alone says whether nobody else holds the file: a shared lock must become
// exclusive before its file may go.
func (r *resource) alone() bool { return r.flags&shared == 0 || r.lease.Lock(false) == nil }

// refused makes the error for a client whose acquire failed.
func (l *locks) refused(r *resource, err error) error {
	if err != errHeld { //nolint:errorlint // made by lock
		return err
	}
	defer r.lease.Close()
	return locked(r.name, l.stranger(r))
}

// create makes the file of a resource, remove takes it away. Neither may be held.
func (l *locks) create(ctx context.Context, s *space, name string) error {
	return l.unheld(ctx, s, name, func(path string) error {
		if err := sys.Touch(path); err != nil {
			return virerr.System(virerr.FromNone, err, "cannot create file '%s'", path)
		}
		return nil
	})
}

func (l *locks) remove(ctx context.Context, s *space, name string) error {
	return l.unheld(ctx, s, name, func(path string) error {
		if err := sys.Unlink(path); err != nil {
			return systemError(err, "Unable to delete lockspace resource %s", path)
		}
		return nil
	})
}

// unheld works on the file of a resource that nobody holds, and lets nobody
// take it meanwhile.
func (l *locks) unheld(ctx context.Context, s *space, name string, f func(path string) error) error {
	l.mu.Lock()
	r, err := l.settled(ctx, s, name)
	switch {
	case err != nil:
	case r != nil:
		err = locked(name, l.holders(r))
	default:
		r = &resource{space: s, name: name, busy: true}
		s.resources[name] = r
		l.mu.Unlock()
		defer l.give(r)
		return f(s.path(name))
	}
	l.mu.Unlock()
	return err
}
