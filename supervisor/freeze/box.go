package freeze

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"syscall"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/gen"
)

// Variable is where the next program finds the number of the memory file.
const Variable = "VIRTREE_FROZEN"

const version = 1

// stateLimit bounds what is read from a memory file, in bytes.
const stateLimit = 1 << 30

// Box has the parts of a daemon on their way to its next program.
type Box struct {
	parts map[string]gen.Frozen
}

// document is the content of the memory file.
type document struct {
	Version int             `json:"version"`
	Parts   map[string]part `json:"parts"`
}

type part struct {
	Version int             `json:"version"`
	State   json.RawMessage `json:"state,omitempty"`
	Files   map[string]int  `json:"files,omitempty"`
}

// NewBox makes an empty box.
func NewBox() *Box { return &Box{parts: map[string]gen.Frozen{}} }

// Put adds a part. A name is used once.
func (b *Box) Put(name string, f gen.Frozen) error {
	if _, there := b.parts[name]; there {
		return fmt.Errorf("two frozen parts are called %s", name)
	}
	b.parts[name] = f
	return nil
}

// PutState adds a part of a state that is marshalled, and files.
func (b *Box) PutState(name string, version int, state any, files map[string]syscall.Conn) error {
	raw, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("freeze %s: %w", name, err)
	}
	return b.Put(name, gen.Frozen{Version: version, State: raw, Files: files})
}

// Take gives a part and forgets it; nil where there is none, or no box.
func (b *Box) Take(name string) *gen.Frozen {
	if b == nil {
		return nil
	}
	f, ok := b.parts[name]
	if !ok {
		return nil
	}
	delete(b.parts, name)
	return &f
}

// Names lists what was not taken.
func (b *Box) Names() []string {
	if b == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(b.parts))
}

// Close closes what nobody took.
func (b *Box) Close() {
	if b == nil {
		return
	}
	for _, f := range b.parts {
		for _, c := range f.Files {
			if file, ok := c.(*os.File); ok {
				file.Close()
			}
		}
	}
	b.parts = map[string]gen.Frozen{}
}

// File gives a file of a part in the next program; an error where it is missing.
func File(f *gen.Frozen, name string) (*os.File, error) {
	file, ok := f.Files[name].(*os.File)
	if !ok {
		return nil, fmt.Errorf("no descriptor %q came along", name)
	}
	return file, nil
}

// Inherit gives the box that the former program left; nil where there was none.
func Inherit() (*Box, error) {
	text, ok := os.LookupEnv(Variable)
	if !ok {
		return nil, nil
	}
	os.Unsetenv(Variable)
	fd, err := strconv.Atoi(text)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s=%s is no descriptor", Variable, text)
	}
	data, err := sys.ReadMemory(fd, stateLimit)
	if err != nil {
		return nil, fmt.Errorf("the state of the former program cannot be read: %w", err)
	}
	return parse(data)
}

// parse reads a memory file and takes the descriptors that it names.
func parse(data []byte) (*Box, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("the state of the former program cannot be understood: %w", err)
	}
	if d.Version != version {
		return nil, fmt.Errorf("the state of the former program has version %d, this program knows %d", d.Version, version)
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	b := NewBox()
	for name, p := range d.Parts {
		f := gen.Frozen{Version: p.Version, State: p.State, Files: map[string]syscall.Conn{}}
		for key, fd := range p.Files {
			sys.CloseOnExec(fd)
			f.Files[key] = os.NewFile(uintptr(fd), key)
		}
		b.parts[name] = f
	}
	return b, nil
}

// check refuses numbers that no part can own, or two do.
func (d *document) check() error {
	seen := map[int]bool{}
	for name, p := range d.Parts {
		for key, fd := range p.Files {
			if fd < 3 || seen[fd] {
				return fmt.Errorf("the state of the former program gives descriptor %d as %s of %s", fd, key, name)
			}
			seen[fd] = true
		}
	}
	return nil
}

var errNoDescriptor = errors.New("has no descriptor")
