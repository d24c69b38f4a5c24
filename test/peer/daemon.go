package peer

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody runs session daemons when the test is root.
const nobody = 65534

// Options say what is started.
type Options struct {
	Name   string // "virtlogd"; "": libvirtd
	Binary string
	Args   []string
	System bool   // system mode, as root, in a mount and network namespace of its own
	Conf   string // the text of libvirtd.conf, or of the other daemon's
	QEMU   string // the text of qemu.conf
	Env    []string
}

// Daemon is a libvirtd that runs.
type Daemon struct {
	Base    string // the folder that has all of its own
	options Options
	cmd     *exec.Cmd
}

// Start starts a daemon and waits until it can be connected; it ends with the
// test. It skips where system mode is wanted and cannot be had.
func Start(t testing.TB, o Options) *Daemon {
	t.Helper()
	// Socket paths are short: t.TempDir would be too long for some names.
	base, err := os.MkdirTemp("", "vtpeer")
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{Base: base, options: o}
	t.Cleanup(func() { os.RemoveAll(base) })
	if o.System {
		needNamespaces(t)
	}
	d.folders(t)
	d.Run(t)
	t.Cleanup(func() { d.cleanup(t) })
	return d
}

func needNamespaces(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root for a daemon in system mode")
	}
	if err := exec.Command("unshare", "-m", "-n", "true").Run(); err != nil {
		t.Skipf("needs to make namespaces: %v", err)
	}
}

func (d *Daemon) folders(t testing.TB) {
	t.Helper()
	for _, f := range []string{"run", "config", "cache", "home", "data", "files", "sockets"} {
		if err := os.Mkdir(filepath.Join(d.Base, f), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf := d.options.Conf
	if d.movesSockets() {
		conf += fmt.Sprintf("\nunix_sock_dir = %q\n", filepath.Join(d.Base, "sockets"))
	}
	if err := os.WriteFile(d.conf(), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	d.writeQEMU(t)
	if os.Geteuid() != 0 || d.options.System {
		return
	}
	err := filepath.WalkDir(d.Base, func(p string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(p, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// writeQEMU writes qemu.conf to where a session daemon reads it; one of a system daemon is copied there.
func (d *Daemon) writeQEMU(t testing.TB) {
	t.Helper()
	path := d.Path("config/libvirt/qemu.conf")
	if err := os.Mkdir(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(d.options.QEMU), 0o644); err != nil {
		t.Fatal(err)
	}
}

// hidden are the folders of a system daemon that an empty one stands for.
var hidden = []string{"/run", "/etc/libvirt", "/var/lib/libvirt", "/var/cache/libvirt", "/var/log/libvirt"}

// Run starts the daemon again, after Stop or a kill.
func (d *Daemon) Run(t testing.TB) {
	t.Helper()
	argv := append([]string{d.options.Binary, "-f", d.conf()}, d.options.Args...)
	if d.options.System {
		script := "set -e\n"
		for _, h := range hidden {
			script += "[ ! -d " + h + " ] || mount -t tmpfs -o mode=755 tmpfs " + h + "\n"
		}
		script += "[ ! -d /etc/libvirt ] || cp " + d.Path("config/libvirt/qemu.conf") + " /etc/libvirt\n"
		argv = append([]string{"unshare", "-m", "-n", "sh", "-c", script + `exec "$@"`, "sh"}, argv...)
	}
	log, err := os.OpenFile(d.Path("daemon.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d.cmd = d.Command(argv[0], argv[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.await(t)
}

// Command runs something as the daemon's user, with its environment.
func (d *Daemon) Command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = d.Path("files")
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + d.Path("home"),
		"XDG_RUNTIME_DIR=" + d.Path("run"), "XDG_CONFIG_HOME=" + d.Path("config"),
		"XDG_CACHE_HOME=" + d.Path("cache"), "XDG_DATA_HOME=" + d.Path("data"),
	}
	c.Env = append(c.Env, d.options.Env...)
	if os.Geteuid() == 0 && !d.options.System {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}

// Name is the daemon's.
func (d *Daemon) Name() string {
	if d.options.Name == "" {
		return "libvirtd"
	}
	return d.options.Name
}

func (d *Daemon) conf() string { return d.Path(d.Name() + ".conf") }

// movesSockets says whether the daemon can be told where its sockets are to be.
func (d *Daemon) movesSockets() bool { return d.options.System && d.Name() == "libvirtd" }

// Path is a path in the daemon's folder.
func (d *Daemon) Path(name string) string { return filepath.Join(d.Base, name) }

// Socket is the socket that may change things.
func (d *Daemon) Socket() string { return d.socket("sock") }

// ReadOnlySocket is the other one, which only libvirtd has, in system mode.
func (d *Daemon) ReadOnlySocket() string { return d.socket("sock-ro") }

// AdminSocket is the one of the admin API.
func (d *Daemon) AdminSocket() string { return d.socket("admin-sock") }

func (d *Daemon) socket(kind string) string {
	name := d.Name() + "-" + kind
	if d.Name() == "libvirtd" {
		name = "libvirt-" + kind
	}
	switch {
	case d.movesSockets():
		return d.Path("sockets/" + name)
	case d.options.System: // in a mount namespace of its own
		return fmt.Sprintf("/proc/%d/root/run/libvirt/%s", d.PID(), name)
	}
	return d.Path("run/libvirt/" + name)
}

// PID is the daemon's.
func (d *Daemon) PID() int { return d.cmd.Process.Pid }

// Log is what the daemon said.
func (d *Daemon) Log() string {
	text, _ := os.ReadFile(d.Path("daemon.log"))
	return string(text)
}

// Alive says whether the daemon answers.
func (d *Daemon) Alive() bool { return listens(d.Socket()) }

func listens(socket string) bool {
	c, err := net.Dial("unix", socket)
	if err == nil {
		c.Close()
	}
	return err == nil
}

func (d *Daemon) await(t testing.TB) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if d.Alive() && (!d.movesSockets() || listens(d.ReadOnlySocket())) {
			return
		}
	}
	t.Fatalf("%s: no socket within a minute:\n%s", d.options.Binary, d.Log())
}

// Signal sends a signal to the daemon.
func (d *Daemon) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := d.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Replace asks for the nth replacement of the daemon's program and waits until it has begun.
func (d *Daemon) Replace(t testing.TB, nth int) {
	t.Helper()
	d.Signal(t, syscall.SIGUSR1)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if strings.Count(d.Log(), "replacing this program by") >= nth {
			return
		}
	}
	t.Fatalf("no replacement within a minute:\n%s", d.Log())
}

// Wait waits for a daemon that was killed.
func (d *Daemon) Wait() { _ = d.cmd.Wait() }

// Stop asks the daemon to end and waits for it.
func (d *Daemon) Stop(t testing.TB) {
	t.Helper()
	if d.cmd.ProcessState != nil {
		return
	}
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		_ = d.cmd.Wait() // a signal's exit code is no error
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Errorf("%s: still there a minute after SIGTERM", d.options.Binary)
		_ = d.cmd.Process.Kill()
		<-done
	}
}

func (d *Daemon) cleanup(t testing.TB) {
	d.Stop(t)
	d.killMachines()
	EndOthers(d.Path("run/libvirt"))
	if t.Failed() {
		lines := strings.Split(strings.TrimSpace(d.Log()), "\n")
		t.Logf("%s said:\n%s", d.options.Binary, strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}

// killMachines ends the machines that outlived their session daemon, which their pid files name.
func (d *Daemon) killMachines() {
	files, _ := filepath.Glob(d.Path("run/libvirt/qemu/run/*.pid"))
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || strings.HasSuffix(f, "/driver.pid") {
			continue
		}
		var pid int
		if _, err := fmt.Sscan(string(text), &pid); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// others are the daemons that a session daemon starts when it needs them.
var others = []string{"virtlogd", "virtlockd"}

// EndOthers ends the daemons beside libvirtd that run in a session's folder.
func EndOthers(run string) {
	for _, name := range others {
		text, err := os.ReadFile(filepath.Join(run, name+".pid"))
		if err != nil {
			continue
		}
		var pid int
		if _, err := fmt.Sscan(string(text), &pid); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGTERM)
		}
	}
}
