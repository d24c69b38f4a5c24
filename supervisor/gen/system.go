package gen

import (
	"sync"
	"sync/atomic"
)

// PID identifies a process of a System for as long as the System lives.
type PID uint64

// System owns a tree of processes, their names and their events.
type System struct {
	mu     sync.RWMutex
	procs  map[PID]*proc
	names  map[string]*proc
	roots  []*proc
	stuck  map[*proc]struct{} // zombies that have not ended yet
	topics map[Event]*topic

	waits  sync.Mutex // guards proc.waitsFor and waitsOn of all
	lastID atomic.Uint64
	report atomic.Pointer[func(Report)]
}

// NewSystem makes an empty system.
func NewSystem() *System {
	return &System{
		procs: map[PID]*proc{}, names: map[string]*proc{},
		stuck: map[*proc]struct{}{}, topics: map[Event]*topic{},
	}
}

// Start starts a process without a parent.
func (s *System) Start(c Child) (Ref, error) { return s.spawn(nil, c) }

// Stop ends a process that Start started, its children first, and waits for it.
func (s *System) Stop(r Ref, reason error) error {
	p, err := r.proc()
	if err != nil {
		return err
	}
	return p.stop(reason)
}

// Named gives a reference by registered name; it outlives restarts.
func (s *System) Named(name string) Ref { return Ref{sys: s, name: name} }

func (s *System) add(p *proc) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.child.Register {
		if s.names[p.child.Name] != nil {
			return ErrTaken
		}
		s.names[p.child.Name] = p
	}
	s.procs[p.pid] = p
	if p.parent == nil {
		s.roots = append(s.roots, p)
	}
	return nil
}

func (s *System) remove(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.procs, p.pid)
	if s.names[p.child.Name] == p {
		delete(s.names, p.child.Name)
	}
	for i, r := range s.roots {
		if r == p {
			s.roots = append(s.roots[:i:i], s.roots[i+1:]...)
			break
		}
	}
}

// leave keeps a process that did not stop on the list until it does.
func (s *System) leave(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stuck[p] = struct{}{}
}

// bury takes it off the list.
func (s *System) bury(p *proc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.stuck, p)
}

// Ref is an address: a process, or whoever has a name.
type Ref struct {
	sys  *System
	pid  PID
	name string
}

// PID gives the process number, 0 for a name that nobody has.
func (r Ref) PID() PID {
	if r.pid != 0 {
		return r.pid
	}
	if p, err := r.proc(); err == nil {
		return p.pid
	}
	return 0
}

// Valid says whether the reference points anywhere.
func (r Ref) Valid() bool { return r.sys != nil }

func (r Ref) String() string {
	if p, err := r.proc(); err == nil {
		return p.path
	}
	if r.name != "" {
		return r.name
	}
	return "process " + itoa(uint64(r.pid))
}

// proc finds the process now behind the reference.
func (r Ref) proc() (*proc, error) {
	if r.sys == nil {
		return nil, ErrNoProc
	}
	r.sys.mu.RLock()
	defer r.sys.mu.RUnlock()
	p := r.sys.procs[r.pid]
	if r.pid == 0 {
		p = r.sys.names[r.name]
	}
	if p == nil {
		return nil, ErrNoProc
	}
	return p, nil
}

// Alive says whether the process is there.
func (r Ref) Alive() bool {
	p, err := r.proc()
	return err == nil && !p.ended()
}
