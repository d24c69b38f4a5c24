package lockd

import (
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/keep"
)

// keyPrefix begins the keys of locks in the store.
const keyPrefix = "lock-"

func keyOf(n uint64) string { return keyPrefix + strconv.FormatUint(n, 10) }

// keeps says whether the store does anything.
func (l *locks) keeps() bool {
	_, none := l.store.(keep.None)
	return !none
}

// state is what the store keeps with the file of a lock.
func (r *resource) state() []byte { return r.append(xdr.AppendString(nil, r.space.dir), 0) }

// keep stores a lock that was taken.
func (l *locks) keep(r *resource) error {
	if !l.keeps() {
		return nil
	}
	l.mu.Lock()
	state := r.state()
	l.mu.Unlock()
	if err := l.store.Keep(r.key, state, r.lease); err != nil {
		return fmt.Errorf("the lock on '%s' cannot be kept: %w", r.name, err)
	}
	return nil
}

// updateOrTell is update where there is no client to be told. l.mu is held.
func (l *locks) updateOrTell(r *resource) {
	if err := l.update(r); err != nil {
		l.log.Error(err.Error())
	}
}

// update stores who holds a lock now. l.mu is held.
func (l *locks) update(r *resource) error {
	if !l.keeps() {
		return nil
	}
	if err := l.store.Update(r.key, r.state()); err != nil {
		return fmt.Errorf("the lock on '%s' cannot be kept: %w", r.name, err)
	}
	return nil
}

// restore takes what a former daemon held when it died. What there is already
// came by another way.
func (l *locks) restore() {
	known := map[string]bool{}
	l.all(func(r *resource) { known[r.key] = true })
	for _, k := range l.store.Take(keyPrefix) {
		if n, err := strconv.ParseUint(strings.TrimPrefix(k.Key, keyPrefix), 10, 64); err == nil {
			l.lastKey = max(l.lastKey, n)
		}
		if known[k.Key] {
			k.File.Close()
			continue
		}
		if err := l.restoreOne(&k); err != nil {
			l.log.Error(fmt.Sprintf("kept lock %s: %v; it stays locked", k.Key, err))
		}
	}
}

func (l *locks) restoreOne(k *keep.Kept) error {
	d := xdr.NewDecoder(k.State)
	dir := d.String(lockprog.StringMax)
	var r *resource
	err := d.Err()
	if err == nil {
		r, _, err = decodeResource(k.State[len(k.State)-d.Left():], l.spaceFor(dir))
	}
	if err != nil {
		l.strays = append(l.strays, k.File)
		return err
	}
	r.key = k.Key
	for i := range r.owners {
		// The connection died with the daemon. A process that is not known here
		// cannot be waited for: its lock is held until somebody releases it.
		if o := &r.owners[i]; o.Bond == bound && o.Start != 0 {
			o.Bond = orphan
		}
	}
	return l.put(r, k.File)
}
