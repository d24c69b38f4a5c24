package lockd

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/supervisor/keep"
)

// The flags of an acquire.
const (
	shared     = 1 << 0
	autocreate = 1 << 1
)

// locks are all lockspaces.
type locks struct {
	host   string
	store  keep.Store
	log    *zap.Logger
	roused func() // tells the guard that there is something to do

	mu      sync.Mutex
	direct  *space
	spaces  map[string]*space
	held    map[int]int // entries of each owner's process
	lastKey uint64
	due     []due       // not yet known to the guard
	fresh   []*resource // that may get a note
	rousing bool        // the guard has been told
	late    *os.File    // takes the owners that are lost once all is packed; nil: it is not
	strays  []*os.File  // whose state was not understood: they stay locked
}

// space is a lockspace.
type space struct {
	dir       string      // "" for the direct one
	local     atomic.Bool // on a file system of this host alone
	resources map[string]*resource
	rests     map[string]*rest
}

// resource is a file with a locked byte. While it is busy, only whoever made it
// so changes it.
type resource struct {
	space  *space
	name   string
	flags  uint32
	lease  *sys.Lease
	file   sys.FileID
	owners []owner
	key    string // in the store
	noted  bool
	busy   bool
	idle   chan struct{} // closed when it is no longer busy; nil: nobody waits
}

func newLocks(host string, store keep.Store, log *zap.Logger) *locks {
	return &locks{
		host: host, store: store, log: log, roused: func() {},
		direct: newSpace(""), spaces: map[string]*space{}, held: map[int]int{},
	}
}

func newSpace(dir string) *space {
	return &space{dir: dir, resources: map[string]*resource{}, rests: map[string]*rest{}}
}

// path is where a resource's file is.
func (s *space) path(name string) string {
	if s.dir == "" {
		return name
	}
	return s.dir + "/" + name
}

// find gives a lockspace, nil if there is none.
func (l *locks) find(dir string) *space {
	if dir == "" {
		return l.direct
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.spaces[dir]
}

// brief says whether a call on a lockspace waits for no other host. The
// payload begins with the lockspace.
func (l *locks) brief(payload []byte) bool {
	dir, ok := firstString(payload)
	if !ok || len(dir) == 0 {
		return false
	}
	l.mu.Lock()
	s := l.spaces[string(dir)]
	l.mu.Unlock()
	return s != nil && s.local.Load()
}

// firstString reads the string at the beginning of a payload.
func firstString(b []byte) ([]byte, bool) {
	if len(b) < 4 {
		return nil, false
	}
	n := int(b[0])<<24 | int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if n > lockprog.StringMax || len(b)-4 < n {
		return nil, false
	}
	return b[4 : 4+n], true
}

// add makes a lockspace of a folder, which is there; the one that there was
// meanwhile counts.
func (l *locks) add(dir string) *space {
	fresh := newSpace(dir)
	fresh.place()
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.spaces[dir]; s != nil {
		return s
	}
	l.spaces[dir] = fresh
	return fresh
}

// place looks whether a lockspace is local, which may block.
func (s *space) place() { s.local.Store(filepath.IsAbs(s.dir) && sys.LocalFileSystem(s.dir)) }

// settled gives a resource, nil if there is none, once nobody is at it. l.mu is
// held, but for the time of the wait.
func (l *locks) settled(ctx context.Context, s *space, name string) (*resource, error) {
	for {
		r := s.resources[name]
		if r == nil || !r.busy {
			return r, nil
		}
		if r.idle == nil {
			r.idle = make(chan struct{})
		}
		idle := r.idle
		l.mu.Unlock()
		select {
		case <-idle:
		case <-ctx.Done():
		}
		l.mu.Lock()
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
	}
}

// settle ends what made a resource busy. l.mu is held.
func (r *resource) settle() {
	r.busy = false
	if r.idle != nil {
		close(r.idle)
		r.idle = nil
	}
}

// enter adds an owner, leave takes entry i away. l.mu is held.
func (l *locks) enter(r *resource, o owner) {
	r.owners = append(r.owners, o)
	l.held[o.PID]++
}

func (l *locks) leave(r *resource, i int) {
	pid := r.owners[i].PID
	r.owners = append(r.owners[:i:i], r.owners[i+1:]...)
	if l.held[pid]--; l.held[pid] <= 0 {
		delete(l.held, pid)
	}
}

// all calls f for each resource. l.mu is held.
func (l *locks) all(f func(*resource)) {
	for _, r := range l.direct.resources {
		f(r)
	}
	for _, s := range l.spaces {
		for _, r := range s.resources {
			f(r)
		}
	}
}

// count is how many resources are held.
func (l *locks) count() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all(func(*resource) { n++ })
	return n
}
