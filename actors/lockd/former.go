package lockd

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"virtree.dev/internal/sys"
)

// Former is libvirt's virtlockd, which this program took the place of.
type Former struct {
	// Members are those of its restart file that are not the server's.
	Members map[string]json.RawMessage
	// File makes a descriptor that they name the caller's.
	File func(fd int, name string) (*os.File, error)
}

// takeOver makes the locks of libvirt's daemon ours. They lived through execve as
// POSIX locks of this process, which are lost with the first descriptor of the
// file that is closed: that they become OFD locks comes before all else.
func (l *locks) takeOver(f *Former) error {
	var state frozenLocks
	for key, to := range map[string]any{"defaultLockspace": &state.Default, "lockspaces": &state.Spaces} {
		raw, there := f.Members[key]
		if !there {
			return fmt.Errorf("Missing %s data from JSON file", key)
		}
		if err := json.Unmarshal(raw, to); err != nil {
			return fmt.Errorf("Malformed %s data from JSON file: %w", key, err)
		}
	}
	now := time.Now().Truncate(time.Second)
	return state.each(l, func(s *space, r *frozenResource) error {
		r.Holders, r.Key, r.Noted = nil, "", false // libvirt's daemon has no such thing
		file, err := f.File(r.FD, r.Path)
		if err != nil {
			return fmt.Errorf("lock on '%s': %w", r.Path, err)
		}
		lease, err := sys.AdoptLease(file)
		if err != nil {
			return fmt.Errorf("lock on '%s': %w", r.Path, err)
		}
		// Even where it fails, whoever counts on it must find it in the table.
		failed := lease.TakeOver(r.Flags&shared != 0)
		resource, err := r.thaw(s, lease)
		if err != nil {
			l.strays = append(l.strays, file)
			return err
		}
		l.lastKey++
		resource.key = keyOf(l.lastKey)
		for i := range resource.owners {
			resource.owners[i].Since = now
		}
		if err := l.put(resource); err != nil {
			l.strays = append(l.strays, file)
			return err
		}
		if failed == nil {
			failed = l.keep(resource)
		}
		if failed != nil {
			return fmt.Errorf("lock on '%s': %w", r.Path, failed)
		}
		return nil
	})
}
