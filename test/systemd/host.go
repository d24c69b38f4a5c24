package systemd

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// bootTime bounds the start of systemd, which takes a second.
const bootTime = time.Minute

// runTime bounds one command.
const runTime = time.Minute

// Host is a booted systemd with our daemons.
type Host struct {
	Log    string // what the boot script said
	outer  *exec.Cmd
	ended  chan struct{} // closed when outer has
	init   int           // systemd's pid as the host sees it
	cgroup string
}

// masked are units of a whole machine, and those that a host may have beside.
const masked = `apt-daily.timer
console-getty.service
docker.service
docker.socket
e2scrub_reap.service
getty.target
libvirt-guests.service
lvm2-monitor.service
postgresql.service
systemd-logind.service
systemd-modules-load.service
systemd-networkd.service
systemd-resolved.service
systemd-sysctl.service
systemd-timesyncd.service
systemd-udev-trigger.service
systemd-udevd-control.socket
systemd-udevd-kernel.socket
systemd-udevd.service
`

// Boot starts a systemd that ends with the test, with what make install puts in place;
// files are laid over the root, by their paths there. It skips where that cannot be.
func Boot(t testing.TB, files map[string]string) *Host {
	t.Helper()
	return boot(t, files, install)
}

// BootPlain is Boot with nothing of ours but the files.
func BootPlain(t testing.TB, files map[string]string) *Host {
	t.Helper()
	return boot(t, files, lay)
}

func boot(t testing.TB, files map[string]string, prepare func(t testing.TB, dir string, files map[string]string)) *Host {
	t.Helper()
	cgroup := cgroupOf(t)
	folder, err := os.MkdirTemp("", "vtsystemd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	prepare(t, filepath.Join(folder, "files"), files)
	if err := os.WriteFile(filepath.Join(folder, "mask"), []byte(masked), 0o644); err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs(filepath.Join(root(t), "test/systemd/boot.sh"))
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Log: filepath.Join(folder, "log"), cgroup: filepath.Join(cgroup, filepath.Base(folder))}
	log, err := os.Create(h.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	h.outer = exec.Command("bash", script, folder, h.cgroup)
	h.outer.Stdout, h.outer.Stderr = log, log
	if err := h.outer.Start(); err != nil {
		t.Fatal(err)
	}
	h.ended = make(chan struct{})
	go func() { _ = h.outer.Wait(); close(h.ended) }()
	t.Cleanup(func() { h.end(t) })
	h.await(t)
	return h
}

// cgroupOf finds where groups can be made for a systemd.
func cgroupOf(t testing.TB) string {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root to boot a systemd")
	}
	if _, err := os.Stat("/lib/systemd/systemd"); err != nil {
		t.Skip("needs /lib/systemd/systemd (Debian: systemd)")
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		f := strings.Fields(line)
		if len(f) < 4 || f[2] != "cgroup2" || !strings.HasPrefix(f[3], "rw") {
			continue
		}
		probe := filepath.Join(f[1], "vtprobe"+strconv.Itoa(os.Getpid()))
		if err := os.Mkdir(probe, 0o755); err != nil {
			t.Skipf("needs to make cgroups: %v", err)
		}
		_ = os.Remove(probe)
		return f[1]
	}
	t.Skip("needs cgroup version 2, mounted for writing")
	return ""
}

// root is the folder of the module.
func root(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// install lays out what make install would, and the test's own files.
func install(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	bin := filepath.Dir(peer.Build(t))
	cmd := exec.Command("make", "-C", root(t), "--no-print-directory", "install-files", "DESTDIR="+dir, "BIN="+bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make install-files: %v\n%s", err, out)
	}
	lay(t, dir, files)
}

// lay writes the test's own files.
func lay(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, text := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until systemd has started what it is to start.
func (h *Host) await(t testing.TB) {
	t.Helper()
	for end := time.Now().Add(bootTime); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		select {
		case <-h.ended:
			end = time.Now()
		default:
		}
		if h.findInit(); h.init == 0 {
			continue
		}
		out, _ := h.Try("systemctl", "is-system-running")
		if state := strings.TrimSpace(out); state == "running" || state == "degraded" {
			return
		}
	}
	console, _ := os.ReadFile(h.Log)
	t.Fatalf("systemd did not start:\n%s", console)
}

// findInit looks for the child of unshare, once that is systemd.
func (h *Host) findInit() {
	pid := h.outer.Process.Pid
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		return
	}
	if name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child)); strings.TrimSpace(string(name)) == "systemd" {
		h.init = child
	}
}

// Try runs a command in there and gives what it said.
func (h *Host) Try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runTime)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "nsenter", append([]string{
		"-t", strconv.Itoa(h.init), "-m", "-p", "-u", "-i", "-n", "-C",
		"env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb",
	}, args...)...)
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// Run runs a command that must not fail.
func (h *Host) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := h.Try(args...)
	if err != nil {
		journal, _ := h.Try("journalctl", "--no-pager", "-n", "40")
		t.Fatalf("%s: %v\n%s\njournal:\n%s", strings.Join(args, " "), err, out, journal)
	}
	return out
}

// MainPID is the pid of a service's daemon as it sees itself.
func (h *Host) MainPID(t testing.TB, unit string) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(h.Run(t, "systemctl", "show", "-P", "MainPID", unit)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// end kills all that is in there and takes its groups away.
func (h *Host) end(t testing.TB) {
	t.Helper()
	_ = h.outer.Process.Kill()
	<-h.ended
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		_ = exec.Command("find", h.cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";").Run()
		if _, err := os.Stat(h.cgroup); err != nil {
			return
		}
	}
	t.Errorf("%s is still there", h.cgroup)
}
