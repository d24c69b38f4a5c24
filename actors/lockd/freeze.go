package lockd

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

const frozenVersion = 1

// frozenLocks are all locks, in the form of libvirt's restart file.
type frozenLocks struct {
	Default frozenSpace   `json:"defaultLockspace"`
	Spaces  []frozenSpace `json:"lockspaces"`
	LastKey uint64        `json:"lastKey,omitempty"` // ours
}

type frozenSpace struct {
	Directory string           `json:"directory,omitempty"`
	Resources []frozenResource `json:"resources"`
}

type frozenResource struct {
	Name     string  `json:"name"`
	Path     string  `json:"path"`
	FD       int     `json:"fd"` // ours: the number of the file in the part
	LockHeld bool    `json:"lockHeld"`
	Flags    uint32  `json:"flags"`
	Owners   []int64 `json:"owners"`
	// These are ours.
	Holders []owner `json:"holders,omitempty"` // in the place of Owners
	Key     string  `json:"key,omitempty"`
	Noted   bool    `json:"noted,omitempty"`
}

func (r *resource) freeze() frozenResource {
	f := frozenResource{
		Name: r.name, Path: r.space.path(r.name), LockHeld: true, Flags: r.flags, Owners: []int64{},
		Holders: r.owners, Key: r.key, Noted: r.noted,
	}
	for i := range r.owners {
		f.Owners = append(f.Owners, int64(r.owners[i].PID))
	}
	return f
}

// thaw makes a resource that is not in the table yet.
func (f *frozenResource) thaw(s *space, lease *sys.Lease) (*resource, error) {
	r := &resource{space: s, name: f.Name, flags: f.Flags, lease: lease, key: f.Key, noted: f.Noted, owners: f.Holders}
	if f.Flags&^(shared|autocreate) != 0 {
		return nil, fmt.Errorf("flags 0x%x of resource '%s' are not known", f.Flags, f.Name)
	}
	if r.owners == nil {
		for _, pid := range f.Owners {
			r.owners = append(r.owners, owner{PID: int(int32(pid))})
		}
	}
	if len(r.owners) == 0 {
		return nil, fmt.Errorf("nobody holds resource '%s'", f.Name)
	}
	if info, err := lease.Stat(); err == nil {
		r.file = info.ID
	}
	return r, nil
}

// spaceFor gives a lockspace of a former program. Whether it is local is looked
// up later, for that may take long.
func (l *locks) spaceFor(dir string) *space {
	if dir == "" {
		return l.direct
	}
	if l.spaces[dir] == nil {
		l.spaces[dir] = newSpace(dir)
	}
	return l.spaces[dir]
}

// put enters a resource of a former program.
func (l *locks) put(r *resource) error {
	if r.space.resources[r.name] != nil {
		return fmt.Errorf("resource '%s' is there twice", r.name)
	}
	r.space.resources[r.name] = r
	for i := range r.owners {
		l.held[r.owners[i].PID]++
	}
	return nil
}

// pack gives everything for the next program.
func (l *locks) pack() (gen.Frozen, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	state := frozenLocks{LastKey: l.lastKey, Spaces: []frozenSpace{}}
	files := map[string]syscall.Conn{}
	var err error
	state.Default = l.direct.pack(files, &err)
	for _, s := range l.spaces {
		state.Spaces = append(state.Spaces, s.pack(files, &err))
	}
	if err != nil {
		return gen.Frozen{}, err
	}
	raw, err := json.Marshal(state)
	return gen.Frozen{Version: frozenVersion, State: raw, Files: files}, err
}

func (s *space) pack(files map[string]syscall.Conn, failed *error) frozenSpace {
	f := frozenSpace{Directory: s.dir, Resources: []frozenResource{}}
	for _, r := range s.resources {
		if r.busy {
			*failed = fmt.Errorf("resource '%s' is being locked or released", r.name)
			continue
		}
		resource := r.freeze()
		resource.FD = len(files)
		files[strconv.Itoa(resource.FD)] = r.lease
		f.Resources = append(f.Resources, resource)
	}
	return f
}

// unpack takes over from a former program of ours.
func (l *locks) unpack(f *gen.Frozen) error {
	if f.Version != frozenVersion {
		return fmt.Errorf("locks frozen by version %d, this program knows %d", f.Version, frozenVersion)
	}
	var state frozenLocks
	if err := json.Unmarshal(f.State, &state); err != nil {
		return err
	}
	l.lastKey = state.LastKey
	return state.each(l, func(s *space, r *frozenResource) error {
		file, err := freeze.File(f, strconv.Itoa(r.FD))
		if err != nil {
			return err
		}
		lease, err := sys.AdoptLease(file)
		if err != nil {
			return err
		}
		resource, err := r.thaw(s, lease)
		if err == nil {
			err = l.put(resource)
		}
		if err != nil {
			l.strays = append(l.strays, file)
		}
		return err
	})
}

// each makes the lockspaces and gives their resources. What one fails with
// keeps none of the others.
func (f *frozenLocks) each(l *locks, thaw func(*space, *frozenResource) error) error {
	var failed []error
	for _, part := range append([]frozenSpace{f.Default}, f.Spaces...) {
		s := l.spaceFor(part.Directory)
		for i := range part.Resources {
			if err := thaw(s, &part.Resources[i]); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

// Freeze implements gen.Freezer: nobody waits for an owner any more.
func (g *guard) Freeze(*gen.Process) (gen.Frozen, error) {
	g.packed = true
	return g.locks.pack()
}

// Thaw implements gen.Freezer. The next program has its locks before it has a guard.
func (g *guard) Thaw(p *gen.Process, _ gen.Frozen) error {
	g.packed = false
	return g.Init(p)
}
