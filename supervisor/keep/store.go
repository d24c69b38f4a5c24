package keep

import (
	"os"
	"syscall"
)

// Store keeps files beyond the death of this process.
type Store interface {
	// Keep holds a file and its state; on return a kill -9 loses neither. A key in
	// use is replaced.
	Keep(key string, state []byte, file syscall.Conn) error
	// Update changes the state of a kept file.
	Update(key string, state []byte) error
	// Forget ends the keeping of a file, sooner or later. A key that is not kept is fine.
	Forget(key string)
	// Take gives what a former process left under keys with this prefix, once each.
	// It stays kept; the caller owns the files.
	Take(prefix string) []Kept
}

// Kept is what a former process left.
type Kept struct {
	Key   string
	State []byte
	File  *os.File
}

// None is a Store that keeps nothing.
type None struct{}

// Keep does nothing.
func (None) Keep(string, []byte, syscall.Conn) error { return nil }

// Update does nothing.
func (None) Update(string, []byte) error { return nil }

// Forget does nothing.
func (None) Forget(string) {}

// Take has nothing.
func (None) Take(string) []Kept { return nil }

// Holder is what outlives this process: it holds a few files by name.
type Holder interface {
	Hold(name string, file syscall.Conn) error
	Drop(name string)
}
