package caps

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"virtree.dev/internal/statefile"
	"virtree.dev/protocol/virerr"
)

// Stamp tells whether capabilities still hold. It is compared as a whole.
type Stamp struct {
	CTime, MTime, Size int64 // of the binary, in nanoseconds and bytes
	KVM                bool  // whether /dev/kvm could be opened
	Host               HostStamp
}

// Store keeps what binaries can do, in memory and in a folder. Everybody may ask at any time: a binary
// that is in memory and did not change costs two stats; one that has to be asked holds up only
// those who want the same one.
type Store struct {
	folder string
	probe  func(ctx context.Context, binary string) (*Caps, error)
	root   hostRoot
	user   *syscall.Credential // whom machines run as; nil: ourselves
	host   func() HostStamp
	kvm    atomic.Pointer[kvmState]

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one binary. Who holds turn may ask it and replace what is known.
type entry struct {
	turn  chan struct{}
	known atomic.Pointer[known]
}

type known struct {
	caps  *Caps
	stamp Stamp
}

type kvmState struct {
	ctime  int64
	usable bool
}

// NewStore makes a store over a folder, which is made when needed; empty keeps nothing on the disk.
func NewStore(folder string, l Launcher) *Store {
	s := &Store{folder: folder, probe: l.Launch, root: "/", user: l.User, entries: map[string]*entry{}}
	s.host = sync.OnceValue(s.root.stamp)
	return s
}

// Get gives what a binary can do. An error of the file system matches fs.ErrNotExist for a binary that is not there.
func (s *Store) Get(ctx context.Context, binary string) (*Caps, error) {
	e := s.entry(binary)
	now := s.stamp(binary)
	if k := e.known.Load(); k != nil && k.stamp == now {
		return k.caps, nil
	}
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	now = s.stamp(binary)
	if k := e.known.Load(); k != nil && k.stamp == now {
		return k.caps, nil
	}
	if err := checkBinary(binary); err != nil {
		return nil, err
	}
	c, err := s.find(ctx, binary, now)
	if err == nil {
		e.known.Store(&known{c, now})
	}
	return c, err
}

// Known gives what is in memory of a binary, without asking it; nil when there is nothing.
func (s *Store) Known(binary string) *Caps {
	s.mu.Lock()
	e := s.entries[binary]
	s.mu.Unlock()
	if e == nil {
		return nil
	}
	if k := e.known.Load(); k != nil {
		return k.caps
	}
	return nil
}

// checkBinary refuses in libvirt's words what cannot be run; the errors also match those of the file system.
func checkBinary(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return badBinary(err, "Cannot check QEMU binary %s", path)
	}
	switch {
	case info.IsDir():
		err = syscall.EISDIR
	case !info.Mode().IsRegular() || info.Mode()&0o111 == 0:
		err = syscall.EACCES
	default:
		return nil
	}
	return badBinary(err, "QEMU binary %s is not executable", path)
}

func badBinary(err error, format, path string) error {
	return errors.Join(virerr.System(virerr.FromQEMU, err, format, path), err)
}

// Forget drops what is known of a binary, so that the next Get asks it.
func (s *Store) Forget(binary string) {
	s.entry(binary).known.Store(nil)
	if s.folder != "" {
		_ = os.Remove(s.file(binary))
	}
}

func (s *Store) entry(binary string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[binary]
	if e == nil {
		e = &entry{turn: make(chan struct{}, 1)}
		s.entries[binary] = e
	}
	return e
}

func (s *Store) stamp(binary string) Stamp {
	st := Stamp{KVM: s.kvmUsable(), Host: s.host()}
	st.CTime, st.MTime, st.Size = changed(binary)
	return st
}

// kvmUsable opens the device only when it is another than before.
func (s *Store) kvmUsable() bool {
	ctime, _, _ := changed(filepath.Join(string(s.root), "/dev/kvm"))
	if k := s.kvm.Load(); k != nil && k.ctime == ctime {
		return k.usable
	}
	k := &kvmState{ctime: ctime, usable: ctime != 0 && s.root.kvmUsable(s.user)}
	s.kvm.Store(k)
	return k.usable
}

// find reads the file, else asks the binary.
func (s *Store) find(ctx context.Context, binary string, now Stamp) (*Caps, error) {
	if s.folder != "" {
		if b, err := os.ReadFile(s.file(binary)); err == nil {
			if c, stamp, err := decode(b); err == nil && stamp == now && c.Binary == binary {
				return c, nil
			}
		}
	}
	c, err := s.probe(ctx, binary)
	if err != nil {
		return nil, err
	}
	c.Binary, c.CTime = binary, now.CTime/1e9
	return c, s.save(c, now)
}

func (s *Store) file(binary string) string {
	sum := sha256.Sum256([]byte(binary))
	return filepath.Join(s.folder, hex.EncodeToString(sum[:])+".json")
}

// save does not insist: without a file the binary is asked again at the next start.
func (s *Store) save(c *Caps, stamp Stamp) error {
	if s.folder == "" {
		return nil
	}
	b, err := c.encode(stamp)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder, 0o750); err != nil {
		return ignore(err)
	}
	return ignore(statefile.Write(s.file(c.Binary), b, 0o600))
}

// ignore lets errors of a folder pass that is read-only, full or not ours.
func ignore(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return nil
	}
	return err
}
