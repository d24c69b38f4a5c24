package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody runs the daemon when the test is root, so that it is in session mode.
const nobody = 65534

// bench is a built libvirtd with folders of its own.
type bench struct {
	t      *testing.T
	dir    string
	binary string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	// Socket paths are short: t.TempDir would be too long for some names.
	dir, err := os.MkdirTemp("", "vtd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	b := &bench{t: t, dir: dir, binary: filepath.Join(dir, "libvirtd")}
	if out, err := exec.Command("go", "build", "-buildvcs=false", "-o", b.binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, d := range []string{"home", "run", "config", "cache"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		err := filepath.WalkDir(dir, func(p string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Chown(p, nobody, nobody))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.binary, args...)
	cmd.Dir = b.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir + "/home", "XDG_RUNTIME_DIR=" + b.dir + "/run",
		"XDG_CONFIG_HOME=" + b.dir + "/config", "XDG_CACHE_HOME=" + b.dir + "/cache",
	}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return cmd
}

func (b *bench) socket() string  { return filepath.Join(b.dir, "run/libvirt/libvirt-sock") }
func (b *bench) pidPath() string { return filepath.Join(b.dir, "run/libvirt/libvirtd.pid") }

// configure writes a configuration file and gives its path.
func (b *bench) configure(text string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, "test.conf")
	if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// eventually waits for something to become true.
func (b *bench) eventually(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if ok() {
			return
		}
	}
	b.t.Fatalf("not within 20 s: %s", what)
}

func (b *bench) canConnect() bool {
	c, err := net.Dial("unix", b.socket())
	if err == nil {
		c.Close()
	}
	return err == nil
}

// start runs the daemon in the foreground until the test ends it.
func (b *bench) start(args ...string) (*exec.Cmd, *bytes.Buffer) {
	b.t.Helper()
	cmd := b.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	b.eventually("the socket answers", b.canConnect)
	return cmd, &out
}

func exitCode(err error) int {
	var e *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.ExitCode()
	}
	return -1
}

func TestExitCodesAndMessages(t *testing.T) {
	b := newBench(t)
	locked := filepath.Join(b.dir, "nowhere", "x.pid")
	tests := []struct {
		args []string
		conf string
		code int
		want string
	}{
		{args: []string{"--version"}, code: 0, want: "(libvirt) 11.3.0"},
		{args: []string{"--help"}, code: 0, want: "Usage:"},
		{args: []string{"--bogus"}, code: 1, want: "unrecognized option '--bogus'"},
		{args: []string{"extra"}, code: 1, want: "unexpected, non-option, command line arguments"},
		{args: []string{"-t", "x"}, code: 1, want: "Invalid value for timeout"},
		{args: []string{"-f", "/nonexistent"}, code: 1, want: "Can't load config file: Failed to open file '/nonexistent': no such file or directory: /nonexistent"},
		{conf: "max_clients = \"x\"", code: 1, want: "test.conf:1: expected an unsigned integer for 'max_clients' parameter"},
		{conf: "x y", code: 1, want: "configuration file syntax error: "},
		{conf: "log_filters = \"x\"", code: 1, want: "libvirt:  error : invalid argument: Malformed format for filter 'x'"},
		{conf: "log_level = 9", code: 1, want: "Failed to set logging priority, argument '9' is invalid"},
		{conf: "host_uuid = \"zzz\"", code: 1, want: "invalid host UUID: zzz"},
		{conf: "host_uuid_source = \"foo\"", code: 1, want: "invalid UUID source: foo"},
		{conf: "access_drivers = [ \"foo\" ]", code: 1, want: "Cannot find security driver 'foo'"},
		{conf: "unix_sock_rw_perms = \"999\"", code: 6, want: "Failed to parse mode '999'"},
		{conf: "unix_sock_group = \"nosuchg\"", code: 6, want: "Failed to parse group 'nosuchg'"},
		{args: []string{"-p", locked}, code: 1, want: "Failed to open pid file"},
	}
	for _, tt := range tests {
		args := tt.args
		if tt.conf != "" {
			args = append(args, "-f", b.configure(tt.conf))
		}
		out, err := b.command(args...).CombinedOutput()
		if code := exitCode(err); code != tt.code || !strings.Contains(string(out), tt.want) {
			t.Errorf("%v %s: exit code %d, want %d, and %q in:\n%s", tt.args, tt.conf, code, tt.code, tt.want, out)
		}
	}
}

func TestForegroundLife(t *testing.T) {
	b := newBench(t)
	cmd, out := b.start("-f", b.configure("what = 1"))
	pid, err := os.ReadFile(b.pidPath())
	if err != nil || string(pid) != strconv.Itoa(cmd.Process.Pid) {
		t.Errorf("pid file %q, %v", pid, err)
	}
	second, err := b.command().CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(second), "Failed to acquire pid file") {
		t.Errorf("a second daemon: %v\n%s", err, second)
	}
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if !b.canConnect() {
		t.Error("gone after SIGHUP")
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, out)
	}
	if !strings.Contains(out.String(), "unknown parameter 'what' is ignored") {
		t.Errorf("no warning of the unknown key:\n%s", out)
	}
	for _, left := range []string{b.pidPath(), b.socket()} {
		if _, err := os.Stat(left); !os.IsNotExist(err) {
			t.Errorf("%s is left behind", left)
		}
	}
}

func TestBackgroundIsReadyWhenTheParentEnds(t *testing.T) {
	b := newBench(t)
	if out, err := b.command("-d").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(b.pidPath())
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	if !b.canConnect() {
		t.Error("the parent ended before clients could connect")
	}
	out, err := b.command("-d").CombinedOutput()
	if exitCode(err) != 1 || !strings.Contains(string(out), "error: Unable to obtain pidfile. Check /var/log/messages or run without --daemon for more info.") {
		t.Errorf("a second one: %v\n%s", err, out)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	b.eventually("the daemon ends", func() bool { return syscall.Kill(pid, 0) != nil })
}

func TestTimeoutWaitsForClients(t *testing.T) {
	b := newBench(t)
	cmd, out := b.start("--timeout", "1")
	c, err := net.Dial("unix", b.socket())
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(2500 * time.Millisecond)
	if !b.canConnect() {
		t.Fatalf("ended with a client connected:\n%s", out)
	}
	c.Close()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	case <-time.After(10 * time.Second):
		t.Error("did not end without clients")
	}
}
