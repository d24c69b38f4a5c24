package keep

import (
	"os"
	"syscall"
)

// Store keeps files under keys.
type Store interface {
	// Keep stores a file; when it returns, the death of this process loses neither
	// the file nor its state. A key in use is replaced.
	Keep(key string, state []byte, file syscall.Conn) error
	// Update gives a kept file a new state.
	Update(key string, state []byte) error
	// Forget lets go of a file, at some time.
	Forget(key string)
	// Take gives what a former process left under keys of a prefix.
	Take(prefix string) []Kept
}

// Kept is a file that a former process left.
type Kept struct {
	Key   string
	State []byte
	File  *os.File
}

// None keeps nothing.
type None struct{}

// Keep does nothing.
func (None) Keep(string, []byte, syscall.Conn) error { return nil }

// Update does nothing.
func (None) Update(string, []byte) error { return nil }

// Forget does nothing.
func (None) Forget(string) {}

// Take gives nothing.
func (None) Take(string) []Kept { return nil }
