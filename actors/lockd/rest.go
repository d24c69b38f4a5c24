package lockd

import (
	"time"

	"virtree.dev/internal/sys"
)

// A lease that comes and goes all the time costs most for the file that is made
// and taken away each time: ext4 looks at every file that was deleted of late.
// After a few rounds its file stays for a moment, unlocked, and goes when nobody
// comes back. That is for file systems of this
// host alone: there it is known at once whether another daemon took the file away.
const (
	restPause  = time.Second // who comes back within this time comes and goes
	restRounds = 5           // before a file stays
	restTime   = time.Second // for which it stays
)

// rest is what is left of a resource that was released.
type rest struct {
	lease  *sys.Lease // nil: the file is gone
	file   sys.FileID
	at     time.Time
	rounds int
}

// mayRest says whether a resource's file may stay for a moment.
func (r *resource) mayRest() bool {
	return r.flags == autocreate && !r.noted && r.space.local.Load()
}

// lay notes that a resource is released now, and says whether its file stays. l.mu is held.
func (l *locks) lay(r *resource) bool {
	now := time.Now()
	k := r.space.rests[r.name]
	if k == nil {
		k = &rest{}
		r.space.rests[r.name] = k
		l.rouse()
	}
	k.rounds++
	if now.Sub(k.at) > restPause {
		k.rounds = 1
	}
	k.at = now
	if k.rounds < restRounds {
		return false
	}
	k.lease, k.file = r.lease, r.file
	return true
}

// wakeUp takes the file that a resource may have left. l.mu is held.
func (l *locks) wakeUp(s *space, name string) (*sys.Lease, sys.FileID) {
	k := s.rests[name]
	if k == nil || k.lease == nil {
		return nil, sys.FileID{}
	}
	lease := k.lease
	k.lease = nil
	return lease, k.file
}

// again locks a file that was left; false where it is not the resource's any more.
func (r *resource) again(lease *sys.Lease, file sys.FileID) (bool, error) {
	r.lease, r.file = lease, file
	switch err := lease.Lock(false); {
	case sys.Held(err):
		return true, errHeld
	case err != nil || !lease.Linked():
		lease.Close()
		return false, nil //nolint:nilerr // it is opened anew
	}
	return true, nil
}

// clear takes away the files of those who did not come back since a time. It
// says whether any are left.
func (l *locks) clear(since time.Time) (left bool) {
	l.mu.Lock()
	gone := map[*resource]*rest{}
	for _, s := range l.spaces {
		for name, k := range s.rests {
			if k.at.After(since) || k.lease != nil && s.resources[name] != nil {
				left = true
				continue
			}
			delete(s.rests, name)
			if k.lease != nil {
				// Who comes now waits: it must not find the file locked by us.
				r := &resource{space: s, name: name, busy: true}
				s.resources[name] = r
				gone[r] = k
			}
		}
	}
	l.mu.Unlock()
	for r, k := range gone {
		k.remove(r.space.path(r.name))
		l.give(r)
	}
	return left
}

// remove takes a file away unless somebody has it by now.
func (k *rest) remove(path string) {
	defer k.lease.Close()
	if k.lease.Lock(false) != nil {
		return
	}
	if there, err := sys.StatFile(path); err == nil && there.ID == k.file {
		_ = sys.Unlink(path)
	}
	_ = k.lease.Unlock()
}
