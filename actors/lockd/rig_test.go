package lockd

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/supervisor/keep"
)

// store is a keep.Store in memory, whose files outlive who keeps them.
type store struct {
	mu    sync.Mutex
	kept  map[string]keep.Kept
	fails bool
}

func newStore() *store { return &store{kept: map[string]keep.Kept{}} }

func duplicate(c syscall.Conn) *os.File {
	raw, err := c.SyscallConn()
	if err != nil {
		panic(err)
	}
	var f *os.File
	_ = raw.Control(func(fd uintptr) {
		n, err := syscall.Dup(int(fd))
		if err != nil {
			panic(err)
		}
		f = os.NewFile(uintptr(n), "kept")
	})
	return f
}

func (s *store) Keep(key string, state []byte, file syscall.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails {
		return fmt.Errorf("no room")
	}
	s.kept[key] = keep.Kept{Key: key, State: state, File: duplicate(file)}
	return nil
}

func (s *store) Update(key string, state []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.kept[key]
	if !ok {
		return fmt.Errorf("no such key: %s", key)
	}
	k.State = state
	s.kept[key] = k
	return nil
}

// Forget is lazy: the duplicate stays open.
func (s *store) Forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.kept, key)
}

func (s *store) Take(prefix string) (list []keep.Kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, k := range s.kept {
		if strings.HasPrefix(key, prefix) {
			list = append(list, keep.Kept{Key: key, State: k.State, File: duplicate(k.File)})
		}
	}
	return list
}

func (s *store) keys() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(maps.Clone(s.kept))
}

// rig is a lockspace in a folder of the test.
type rig struct {
	*testing.T
	*locks
	space *space
}

func newRig(t *testing.T, s keep.Store) *rig {
	t.Helper()
	l := newLocks("here", s, zap.NewNop())
	return &rig{t, l, l.add(t.TempDir())}
}

// machine is a client that speaks for a machine.
func machine(n int) *client {
	return &client{pid: 1, registered: true, owner: owner{PID: 100000 + n, ID: uint32(n), Name: fmt.Sprintf("vm%d", n)}}
}

func (r *rig) acquire(c *client, name string, flags uint32) error {
	return r.locks.acquire(context.Background(), c, r.space, name, flags)
}

func (r *rig) release(c *client, name string) error {
	return r.locks.release(context.Background(), r.space, name, c.owner.PID)
}

func (r *rig) path(name string) string { return filepath.Join(r.space.dir, name) }

func (r *rig) there(name string) bool {
	_, err := os.Stat(r.path(name))
	return err == nil
}

// must ends the test with an error.
func (r *rig) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// refused checks a code and the beginning of a message.
func (r *rig) refused(err error, code virerr.Code, begins string) {
	r.Helper()
	e := virerr.From(virerr.FromNone, err)
	if err == nil || e.Code != code || e.From != virerr.FromLockspace || !strings.HasPrefix(e.Message, begins) {
		r.Errorf("got %v, want %q", err, begins)
	}
}

func (r *rig) busy(err error, name string) {
	r.Helper()
	r.refused(err, virerr.ResourceBusy, "resource busy: Lockspace resource '"+name+"' is locked")
}

// free says whether somebody else could have the lock of a file.
func (r *rig) free(path string) bool {
	r.Helper()
	l, err := sys.OpenLease(path, false)
	r.must(err)
	defer l.Close()
	return l.Lock(false) == nil
}

func (r *rig) eventually(what string, ok func() bool) {
	r.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			return
		}
	}
	r.Fatalf("not within 30 s: %s", what)
}
