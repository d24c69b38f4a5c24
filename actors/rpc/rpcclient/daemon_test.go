package rpcclient_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/internal/command"
)

// launcher makes the socket in place of the daemon that would.
type launcher struct {
	t      *testing.T
	socket string
	mu     sync.Mutex
	ran    []command.Command
	listen bool
}

func (l *launcher) Run(_ context.Context, c command.Command) (command.Result, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ran = append(l.ran, c); !l.listen {
		return command.Result{}, nil
	}
	s, err := net.Listen("unix", l.socket)
	if err != nil {
		l.t.Error(err)
		return command.Result{}, nil
	}
	l.t.Cleanup(func() { s.Close() })
	return command.Result{}, nil
}

func program(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil { //nolint:gosec // a program
		t.Fatal(err)
	}
	return path
}

func TestADaemonIsStartedOnce(t *testing.T) {
	dir := t.TempDir()
	l := &launcher{t: t, socket: filepath.Join(dir, "run", "d-sock"), listen: true}
	d := &rpcclient.Daemon{
		Name: "d", Socket: l.socket, Lock: filepath.Join(dir, "run", "d.lock"), Runner: l,
		Program: func() string { return program(t, dir, "d") },
		Getenv:  env{"HOME": "/h", "XDG_RUNTIME_DIR": "/r", "SECRET": "s"}.get,
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			c, err := d.Dial(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		})
	}
	all.Wait()
	if len(l.ran) != 1 {
		t.Fatalf("started %d times", len(l.ran))
	}
	c := l.ran[0]
	if args := c.Args[len(c.Args)-2:]; args[0] != filepath.Join(dir, "d") || args[1] != "--timeout=120" {
		t.Error(args)
	}
	if env := strings.Join(c.Env, " "); env != "LC_ALL=C HOME=/h XDG_RUNTIME_DIR=/r" {
		t.Error(env)
	}
	if _, err := os.Stat(d.Lock); err == nil {
		t.Error("the lock file is left")
	}
}

func (m env) get(name string) string { return m[name] }

type env map[string]string

func TestADaemonThatCannotBeHad(t *testing.T) {
	dir := t.TempDir()
	base := rpcclient.Daemon{Name: "d", Socket: filepath.Join(dir, "d-sock"), Lock: filepath.Join(dir, "d.lock"), Without: "or do without"}
	refused := "Failed to connect socket to '" + base.Socket + "': No such file or directory: "
	for want, program := range map[string]func() string{
		"start d.socket, or d itself; or do without":                 nil,
		"there is no program 'd' to start; or do without":            func() string { return "" },
		"there is no program '/nowhere/d' to start; or do without":   func() string { return "/nowhere/d" },
		"there is no program '" + dir + "' to start; or do without":  func() string { return dir },
		"'/bin/true' was started and does not listen; or do without": func() string { return "/bin/true" },
		"there is no program '/etc/passwd' to start; or do without":  func() string { return "/etc/passwd" },
	} {
		l := &launcher{t: t, socket: base.Socket}
		d := &rpcclient.Daemon{Name: base.Name, Socket: base.Socket, Lock: base.Lock, Without: base.Without, Program: program, Runner: l}
		if _, err := d.Dial(t.Context()); err == nil || err.Error() != refused+want {
			t.Errorf("%v\nwant %s", err, refused+want)
		}
	}
}

func TestFind(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	path := program(t, dir, "vtfind")
	t.Setenv("PATH", dir)
	if got := rpcclient.Find("vtfind"); got != path {
		t.Errorf("in PATH: %s", got)
	}
	if got := rpcclient.Find("vtnever"); got != "" {
		t.Errorf("nowhere: %s", got)
	}
	for value, want := range map[string]string{
		other:                            filepath.Join(other, "vtfind"), // a folder, as libvirt has it, whatever is in it
		path:                             path,
		filepath.Join(other, "not", "x"): filepath.Join(other, "not", "x", "vtfind"),
	} {
		t.Setenv("VTFIND_PATH", value)
		if got := rpcclient.Find("vtfind"); got != want {
			t.Errorf("VTFIND_PATH=%s: %s", value, got)
		}
	}
}
