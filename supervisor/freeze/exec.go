package freeze

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"virtree.dev/internal/sys"
)

// Program is what takes over.
type Program struct {
	Path string
	Args []string
	Env  []string
	// Signals are those that this program heeds, and Inbox is where it hears them. What
	// was not taken out of it the next program hears.
	Signals []syscall.Signal
	Inbox   chan os.Signal
}

// Exec does not return unless it fails; then all is as before.
func (b *Box) Exec(next Program) error {
	data, fds, err := b.pack()
	if err != nil {
		return err
	}
	memory, err := sys.Memory("frozen state", data)
	if err != nil {
		return fmt.Errorf("cannot hold the state of this program: %w", err)
	}
	defer memory.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	unheard, resume, err := next.silence()
	if err != nil {
		return err
	}
	defer resume()
	// Nothing may be forked while descriptors would leak into it.
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	number := int(memory.Fd())
	for _, fd := range append(fds, number) {
		sys.KeepOnExec(fd)
	}
	env := append(without(next.Env, Variable), Variable+"="+strconv.Itoa(number))
	env = append(without(env, unheardVariable), unheardVariable+"="+join(unheard))
	err = syscall.Exec(next.Path, next.Args, env)
	for _, fd := range fds {
		sys.CloseOnExec(fd)
	}
	return fmt.Errorf("cannot execute %s: %w", next.Path, err)
}

// pack makes the memory file's content and gives the descriptors in it.
func (b *Box) pack() (data []byte, fds []int, err error) {
	d := document{Version: version, Parts: map[string]part{}}
	for name, f := range b.parts {
		p := part{Version: f.Version, State: f.State, Files: map[string]int{}}
		for key, c := range f.Files {
			fd, err := number(c)
			if err != nil {
				return nil, nil, fmt.Errorf("%s of %s: %w", key, name, err)
			}
			p.Files[key] = fd
			fds = append(fds, fd)
		}
		d.Parts[name] = p
	}
	if err := d.check(); err != nil {
		return nil, nil, err
	}
	data, err = json.Marshal(d)
	return data, fds, err
}

// number gives a descriptor without taking it out of non-blocking mode, as os.File.Fd would.
func number(c syscall.Conn) (int, error) {
	if c == nil {
		return 0, errNoDescriptor
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, err
	}
	n := -1
	if err := raw.Control(func(fd uintptr) { n = int(fd) }); err != nil {
		return 0, err
	}
	return n, nil
}

func without(env []string, name string) []string {
	kept := make([]string, 0, len(env)+1)
	for _, v := range env {
		if !strings.HasPrefix(v, name+"=") {
			kept = append(kept, v)
		}
	}
	return kept
}

// Path is where this program was started from: what is there when the time comes
// is what takes over.
func Path() (string, error) { return os.Executable() }
