package lockd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	debian   = "/usr/sbin/virtlockd"
	nobody   = 65534
	patience = 30 * time.Second
)

// needDebian skips where Debian's virtlockd is not installed.
func needDebian(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(debian); err != nil {
		t.Skip("needs Debian's virtlockd (libvirt-daemon-system)")
	}
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vtlockd")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir, "virtree.dev/apps/virtlockd").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})

// ours is the path of our virtlockd.
func ours(t testing.TB) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "virtlockd")
}

func TestMain(m *testing.M) {
	if paths := os.Getenv(thiefVariable); paths != "" {
		os.Exit(steal(strings.Split(paths, ":")))
	}
	code := m.Run()
	if dir, _ := built(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// daemon is a virtlockd in folders of its own, in session mode or, in a mount
// namespace of its own, in system mode. Its program can be exchanged.
type daemon struct {
	t      testing.TB
	base   string
	system bool
	cmd    *exec.Cmd
}

func start(t testing.TB, program string) *daemon {
	t.Helper()
	d := prepare(t, program)
	d.run()
	return d
}

func prepare(t testing.TB, program string) *daemon {
	t.Helper()
	base, err := os.MkdirTemp("", "vtlk") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, base: base}
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, dir := range []string{"run", "config", "cache", "files"} {
		if err := os.Mkdir(d.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(d.path("virtlockd.conf"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	d.install(program)
	if os.Geteuid() == 0 {
		for _, name := range []string{"", "run", "config", "cache", "files"} {
			if err := os.Chown(d.path(name), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(d.end)
	return d
}

// path is one in the daemon's own folder.
func (d *daemon) path(name string) string { return filepath.Join(d.base, name) }

// space is the folder of a lockspace.
func (d *daemon) space() string { return d.path("files/space") }

// image makes a file that is its own lease.
func (d *daemon) image(name string) string {
	d.t.Helper()
	path := d.path("files/" + name)
	if err := os.WriteFile(path, []byte("image"), 0o666); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// install puts a program to where the daemon is started from.
func (d *daemon) install(program string) {
	d.t.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.path("virtlockd.new"), data, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(d.path("virtlockd.new"), d.path("virtlockd")); err != nil {
		d.t.Fatal(err)
	}
}

// run starts the daemon and waits until it listens.
func (d *daemon) run() {
	d.t.Helper()
	out, err := os.OpenFile(d.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	argv := []string{d.path("virtlockd"), "-f", d.path("virtlockd.conf"), "-p", d.path("run/virtlockd.pid")}
	if d.system {
		script := "set -e; mount --make-rprivate /; mkdir -p /run/libvirt; mount --bind " + d.path("run") + ` /run/libvirt; exec "$@"`
		argv = append([]string{"unshare", "-m", "sh", "-c", script, "sh"}, argv...)
	}
	d.cmd = exec.Command(argv[0], argv[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = out, out
	d.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + d.base, "XDG_RUNTIME_DIR=" + d.path("run"),
		"XDG_CONFIG_HOME=" + d.path("config"), "XDG_CACHE_HOME=" + d.path("cache"),
	}
	d.cmd.SysProcAttr = d.user()
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, "it listens", func() bool {
		c, err := net.Dial("unix", d.socket())
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}

// user is who runs the daemon and its clients.
func (d *daemon) user() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 && !d.system {
		a.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	return a
}

func (d *daemon) socket() string {
	if d.system {
		return d.path("run/virtlockd-sock")
	}
	return d.path("run/libvirt/virtlockd-sock")
}

func (d *daemon) signal(s os.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) end() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		_ = d.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		d.t.Error("it is still there after SIGTERM")
		_ = d.cmd.Process.Kill()
		<-done
	}
	if d.t.Failed() {
		lines := strings.Split(strings.TrimSpace(d.output()), "\n")
		d.t.Logf("it said:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}

func (d *daemon) output() string {
	text, _ := os.ReadFile(d.path("output"))
	return string(text)
}

// exe is what runs.
func (d *daemon) exe() string {
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", d.cmd.Process.Pid))
	return exe
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// asUser runs f on a thread that is the user's under whom session daemons run,
// who lets nobody else in.
func (d *daemon) asUser(f func()) {
	d.t.Helper()
	if os.Geteuid() != 0 || d.system {
		f()
		return
	}
	done := make(chan error, 1)
	go func() {
		// Not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), nobody, ^uintptr(0)); errno != 0 {
			done <- errno
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		d.t.Fatal(err)
	}
}
