package rpcclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"virtree.dev/config/paths"
	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
)

// Daemon is a daemon of this host: where it listens, and how it is started where
// that is its clients' business, as it is in session mode.
type Daemon struct {
	Name    string // "virtlogd"
	Socket  string
	Lock    string                   // keeps clients from starting it twice
	Program func() string            // finds what is run; nil: it is never started
	Runner  command.Runner           // nil: the host's
	Getenv  func(name string) string // nil: the process's
	Without string                   // how one does without it, for who cannot reach it; or empty

	mu sync.Mutex // the lock file's lock is the process's
}

// Of describes the daemon of that name beside ours.
func Of(dirs paths.Dirs, name string) *Daemon {
	d := &Daemon{Name: name, Socket: dirs.Sockets(name, "").RW}
	if !dirs.Privileged {
		d.Lock = filepath.Join(dirs.Run, name+".lock")
		d.Program = func() string { return Find(name) }
	}
	return d
}

// How long a daemon that was started may take to listen, and how often it is tried.
var startPatience = 5 * time.Second // tests have less

const startPause = 10 * time.Millisecond

// Dial connects to the daemon, and starts it where it is not there and may be started.
func (d *Daemon) Dial(ctx context.Context) (*Client, error) {
	c, err := Dial(ctx, d.Socket)
	if !isAbsent(err) {
		return c, err
	}
	if d.Program == nil {
		return nil, d.absent(err, "start %s.socket, or %s itself", d.Name, d.Name)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	unlock, err := d.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return d.dialOrStart(ctx)
}

func isAbsent(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED)
}

// absent tells what to do about a daemon that is not there, behind libvirt's own words.
func (d *Daemon) absent(err error, format string, args ...any) error {
	var refused *virerr.Error
	if !errors.As(err, &refused) {
		return err
	}
	remedy := ": " + fmt.Sprintf(format, args...)
	if d.Without != "" {
		remedy += "; " + d.Without
	}
	told := *refused
	told.Message += remedy
	told.Str2 += remedy
	return &told
}

// lock takes the lock file; it waits for others who are about to start the daemon.
func (d *Daemon) lock(ctx context.Context) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(d.Lock), 0o700); err != nil {
		return nil, system(err, "Cannot create user runtime directory '%s'", filepath.Dir(d.Lock))
	}
	f, err := os.OpenFile(d.Lock, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, system(err, "Unable to create lock '%s'", d.Lock)
	}
	for {
		whole := syscall.Flock_t{Type: syscall.F_WRLCK, Len: 1}
		err := syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &whole)
		if err == nil {
			break
		}
		if err != syscall.EAGAIN && err != syscall.EACCES {
			f.Close()
			return nil, system(err, "Unable to lock '%s'", d.Lock)
		}
		if err := pause(ctx); err != nil {
			f.Close()
			return nil, err
		}
	}
	return func() {
		_ = os.Remove(d.Lock) // while it is locked, as libvirt does
		f.Close()
	}, nil
}

// dialOrStart connects; the first time that nobody listens, the daemon is started.
func (d *Daemon) dialOrStart(ctx context.Context) (*Client, error) {
	c, err := Dial(ctx, d.Socket) // another client may have started it meanwhile
	if !isAbsent(err) {
		return c, err
	}
	program := d.Program()
	if !isProgram(program) {
		return nil, d.absent(err, "there is no program '%s' to start", cmp.Or(program, d.Name))
	}
	if err := d.start(ctx, program); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(startPatience); time.Now().Before(deadline); {
		if c, err = Dial(ctx, d.Socket); !isAbsent(err) {
			return c, err
		}
		if err := pause(ctx); err != nil {
			return nil, err
		}
	}
	return nil, d.absent(err, "'%s' was started and does not listen", program)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(startPause):
		return nil
	}
}

func system(err error, format string, args ...any) error {
	return virerr.System(virerr.FromRPC, err, format, args...)
}
