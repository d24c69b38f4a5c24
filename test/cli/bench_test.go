package cli

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// nobody runs the daemon when the test is root, so that it is in session mode.
const nobody = 65534

var build struct {
	sync.Once
	path string
	err  error
}

// binary is our libvirtd, built when the first test wants it.
func binary(t *testing.T) string {
	t.Helper()
	build.Do(func() {
		dir, err := os.MkdirTemp("", "vtc")
		if err != nil {
			build.err = err
			return
		}
		build.path = filepath.Join(dir, "libvirtd")
		if out, err := exec.Command("go", "build", "-o", build.path, "virtree.dev/apps/libvirtd").CombinedOutput(); err != nil {
			build.err = errors.New(string(out))
			return
		}
		build.err = os.Chmod(dir, 0o755) // for the user who runs it
	})
	if build.err != nil {
		t.Fatal(build.err)
	}
	return build.path
}

func TestMain(m *testing.M) {
	code := m.Run()
	if build.path != "" {
		os.RemoveAll(filepath.Dir(build.path))
	}
	os.Exit(code)
}

// bench is a libvirtd with folders of its own.
type bench struct {
	t      *testing.T
	dir    string
	binary string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := folders(t)
	b.binary = binary(t)
	return b
}

// folders makes what a session daemon finds in its environment.
func folders(t *testing.T) *bench {
	t.Helper()
	// Socket paths are short: t.TempDir would be too long for some names.
	dir, err := os.MkdirTemp("", "vtd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
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
	return &bench{t: t, dir: dir}
}

func (b *bench) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.binary, args...)
	cmd.Dir = b.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + b.dir + "/home", "XDG_RUNTIME_DIR=" + b.dir + "/run",
		"XDG_CONFIG_HOME=" + b.dir + "/config", "XDG_CACHE_HOME=" + b.dir + "/cache",
		"LIBVIRT_LOG_OUTPUTS=3:stderr", // on a machine with a journal too
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return cmd
}

// shell runs a script with a daemon in $D.
func (b *bench) shell(script, daemon string) *exec.Cmd {
	b.binary = "/bin/sh"
	cmd := b.command("-c", "umask 022\n"+script)
	cmd.Env = append(cmd.Env, "D="+daemon, "B="+b.dir)
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
