package death

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
)

// patience bounds every wait for something that must happen.
const patience = 30 * time.Second

// host has folders of its own in which daemons are supervised.
type host struct {
	*testing.T
	base string
}

func newHost(t *testing.T) *host {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "vtdeath") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t, base}
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, dir := range []string{"run", "config", "cache", "logs", "locks", "config/libvirt"} {
		h.must(os.Mkdir(h.path(dir), 0o700))
	}
	// Files are begun anew amid the kills, and none is thrown away.
	h.must(os.WriteFile(h.path("config/libvirt/virtlogd.conf"), []byte("max_size = 16777216\nmax_backups = 32\n"), 0o600))
	return h
}

func (h *host) path(name string) string { return filepath.Join(h.base, name) }

func (h *host) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// supervised is a daemon that is started again whenever it ends.
type supervised struct {
	host    *host
	name    string
	program string // from where it is started
	mu      sync.Mutex
	cmd     *exec.Cmd
	over    bool
	done    chan struct{}
	starts  int
}

func (h *host) supervise(name string, args ...string) *supervised {
	h.Helper()
	s := &supervised{host: h, name: name, program: h.path(name), done: make(chan struct{})}
	s.install(filepath.Join(os.Getenv(binaries), name))
	h.must(s.start(args))
	go func() {
		defer close(s.done)
		for {
			_ = s.cmd.Wait() // nobody else changes it
			s.mu.Lock()
			over := s.over
			s.mu.Unlock()
			if over {
				return
			}
			if err := s.start(args); err != nil {
				h.Error(err)
				return
			}
		}
	}()
	h.Cleanup(s.end)
	return s
}

func (s *supervised) start(args []string) error {
	out, err := os.OpenFile(s.host.path(s.name+".output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(s.program, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + s.host.base, "XDG_RUNTIME_DIR=" + s.host.path("run"),
		"XDG_CONFIG_HOME=" + s.host.path("config"), "XDG_CACHE_HOME=" + s.host.path("cache"),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = cmd
	s.starts++
	return cmd.Start()
}

// install puts a program to where the daemon is started from.
func (s *supervised) install(program string) {
	s.host.Helper()
	data, err := os.ReadFile(program)
	s.host.must(err)
	s.host.must(os.WriteFile(s.program+".new", data, 0o755))
	s.host.must(os.Rename(s.program+".new", s.program))
}

// signal sends the daemon of this moment a signal.
func (s *supervised) signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.cmd.Process.Signal(sig) // it may have ended by itself
}

// end ends the daemon in an orderly way, and waits.
func (s *supervised) end() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.signal(syscall.SIGTERM)
	select {
	case <-s.done:
	case <-time.After(patience):
		s.host.Errorf("%s is still there after SIGTERM", s.name)
		s.signal(syscall.SIGKILL)
		<-s.done
	}
	if s.host.Failed() {
		lines := strings.Split(strings.TrimSpace(s.output()), "\n")
		s.host.Logf("%s was started %d times and said:\n%s", s.name, s.starts, strings.Join(lines[max(0, len(lines)-30):], "\n"))
	}
}

func (s *supervised) output() string {
	text, _ := os.ReadFile(s.host.path(s.name + ".output"))
	return string(text)
}

func (s *supervised) socket() string {
	prefix := s.name
	if prefix == "libvirtd" {
		prefix = "libvirt"
	}
	return s.host.path("run/libvirt/" + prefix + "-sock")
}

// dial connects as soon as there is a socket.
func (s *supervised) dial() *rpcclient.Client {
	for end := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		c, err := rpcclient.Dial(context.Background(), s.socket())
		if err == nil {
			return c
		}
		if time.Now().After(end) {
			s.host.Errorf("%s: %v", s.name, err)
			return nil
		}
	}
}

func (h *host) eventually(what string, check func() error) {
	h.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			h.Fatalf("%s: %v", what, err)
		}
	}
}

var errNot = fmt.Errorf("not yet")
