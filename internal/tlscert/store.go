package tlscert

import (
	"crypto/tls"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Store has the credentials that count now.
type Store struct {
	files   Files
	policy  Policy
	current atomic.Pointer[Credentials]

	mu    sync.Mutex
	stamp [4]time.Time // of the files when they were last read
}

// Open reads the certificates for the first time.
func Open(f Files, p Policy) (s *Store, notes []string, err error) {
	s = &Store{files: f, policy: p}
	notes, err = s.Update()
	if err != nil {
		return nil, nil, err
	}
	return s, notes, nil
}

// Update reads the certificates again. Sessions go on with what they began with;
// after an error all goes on with the former.
func (s *Store) Update() (notes []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.update()
}

func (s *Store) update() (notes []string, err error) {
	s.stamp = s.files.stamp()
	c, notes, err := Load(s.files, s.policy)
	if err != nil {
		return nil, err
	}
	s.current.Store(c)
	return notes, nil
}

// Refresh updates where a file has changed since it was last looked at.
func (s *Store) Refresh() (updated bool, notes []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files.stamp() == s.stamp {
		return false, nil, nil
	}
	notes, err = s.update()
	return true, notes, err
}

func (f *Files) stamp() (stamp [4]time.Time) {
	for i, path := range []string{f.CA, f.Cert, f.Key, f.CRL} {
		if info, err := os.Stat(path); err == nil {
			stamp[i] = info.ModTime()
		}
	}
	return stamp
}

// Credentials are those that count now.
func (s *Store) Credentials() *Credentials { return s.current.Load() }

// Config is for one handshake.
func (c *Credentials) Config() *tls.Config { return c.config }
