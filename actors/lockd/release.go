package lockd

import (
	"context"

	"virtree.dev/protocol/virerr"
)

// release frees a resource of an owner's process.
func (l *locks) release(ctx context.Context, s *space, name string, pid int) error {
	l.mu.Lock()
	r, err := l.settled(ctx, s, name)
	if err != nil {
		l.mu.Unlock()
		return err
	}
	if r == nil {
		l.mu.Unlock()
		return virerr.New(virerr.FromLockspace, virerr.ResourceBusy, "Lockspace resource '%s' is not locked", name)
	}
	i := r.entry(pid)
	if i < 0 {
		l.mu.Unlock()
		return virerr.New(virerr.FromLockspace, virerr.InternalError, "owner %d does not hold the resource lock", pid)
	}
	l.leave(r, i)
	if len(r.owners) > 0 {
		defer l.mu.Unlock()
		l.updateOrTell(r)
		return nil
	}
	r.busy = true
	l.mu.Unlock()
	l.drop(r)
	l.give(r)
	return nil
}

// entry finds an entry of an owner's process, -1 if there is none.
func (r *resource) entry(pid int) int {
	for i := range r.owners {
		if r.owners[i].PID == pid {
			return i
		}
	}
	return -1
}

// spacesOf gives the lockspaces in which a process holds something.
func (l *locks) spacesOf(pid int) []*space {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held[pid] == 0 {
		return nil
	}
	seen := map[*space]bool{}
	var list []*space
	l.all(func(r *resource) {
		if !seen[r.space] && r.entry(pid) >= 0 {
			seen[r.space] = true
			list = append(list, r.space)
		}
	})
	return list
}

// releaseAll frees what a process holds in a lockspace.
func (l *locks) releaseAll(ctx context.Context, s *space, pid int) error {
	for {
		l.mu.Lock()
		var names []string
		for name, r := range s.resources {
			if r.entry(pid) >= 0 {
				names = append(names, name)
			}
		}
		l.mu.Unlock()
		if len(names) == 0 {
			return nil
		}
		for _, name := range names {
			// Somebody else may have freed it: the next look tells.
			_ = l.release(ctx, s, name, pid)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
		}
	}
}
