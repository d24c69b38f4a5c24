package lockd

import (
	"encoding/json"
	"errors"
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

// formerSpace is a lockspace of libvirt's daemon.
type formerSpace struct {
	Directory string           `json:"directory"`
	Resources []formerResource `json:"resources"`
}

type formerResource struct {
	Name   string  `json:"name"`
	Path   string  `json:"path"`
	FD     int     `json:"fd"`
	Flags  uint32  `json:"flags"`
	Owners []int64 `json:"owners"` // pids
}

// takeOver makes the locks of libvirt's daemon ours. They lived through execve as
// POSIX locks of this process, which are lost with the first descriptor of the
// file that is closed: that they become OFD locks comes before all else. What
// one fails with keeps none of the others.
func (l *locks) takeOver(f *Former) error {
	var direct formerSpace
	var spaces []formerSpace
	for key, to := range map[string]any{"defaultLockspace": &direct, "lockspaces": &spaces} {
		raw, there := f.Members[key]
		if !there {
			return fmt.Errorf("Missing %s data from JSON file", key)
		}
		if err := json.Unmarshal(raw, to); err != nil {
			return fmt.Errorf("Malformed %s data from JSON file: %w", key, err)
		}
	}
	var failed []error
	for _, part := range append([]formerSpace{direct}, spaces...) {
		s := l.spaceFor(part.Directory)
		for i := range part.Resources {
			k := &part.Resources[i]
			if err := l.takeOne(f, s, k); err != nil {
				failed = append(failed, fmt.Errorf("lock on '%s': %w", k.Path, err))
			}
		}
	}
	return errors.Join(failed...)
}

// takeOne takes over a lock. Even where that fails, whoever counts on it finds
// it in the table.
func (l *locks) takeOne(f *Former, s *space, k *formerResource) error {
	file, err := f.File(k.FD, k.Path)
	if err != nil {
		return err
	}
	lease, err := sys.AdoptLease(file)
	if err != nil {
		return err
	}
	failed := lease.TakeOver(k.Flags&shared != 0)
	l.lastKey++
	r := &resource{space: s, name: k.Name, flags: k.Flags, key: keyOf(l.lastKey)}
	now := time.Now()
	for _, pid := range k.Owners {
		r.owners = append(r.owners, owner{PID: int(int32(pid)), Since: now})
	}
	if err := r.check(); err != nil {
		l.strays = append(l.strays, file)
		return err
	}
	if info, err := lease.Stat(); err == nil {
		r.file = info.ID
	}
	if err := l.put(r, file); err != nil {
		return err
	}
	if failed != nil {
		return failed
	}
	return l.keep(r)
}
