package lockd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

// keyPrefix begins the keys of locks in the store.
const keyPrefix = "lock-"

func keyOf(n uint64) string { return keyPrefix + strconv.FormatUint(n, 10) }

// keptState is the state of a lock in the store.
type keptState struct {
	Space string `json:"space,omitempty"`
	frozenResource
}

// keeps says whether the store does anything.
func (l *locks) keeps() bool {
	_, none := l.store.(keep.None)
	return !none
}

func (l *locks) state(r *resource) []byte {
	// Nothing in it can fail to be written.
	b, _ := json.Marshal(keptState{r.space.dir, r.freeze()})
	return b
}

// keep stores a lock that was taken.
func (l *locks) keep(r *resource) error {
	if !l.keeps() {
		return nil
	}
	l.mu.Lock()
	state := l.state(r)
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
	if err := l.store.Update(r.key, l.state(r)); err != nil {
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
			l.strays = append(l.strays, k.File)
			l.log.Error(fmt.Sprintf("kept lock %s: %v; it stays locked", k.Key, err))
		}
	}
}

func (l *locks) restoreOne(k *keep.Kept) error {
	var state keptState
	if err := json.Unmarshal(k.State, &state); err != nil {
		return err
	}
	lease, err := sys.AdoptLease(k.File)
	if err != nil {
		return err
	}
	r, err := state.thaw(l.spaceFor(state.Space), lease)
	if err != nil {
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
	return l.put(r)
}
