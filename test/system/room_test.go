package system

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

func TestMain(m *testing.M) { peer.Main(m) }

// patience bounds what must happen; how long it takes is no part of a test.
const patience = time.Minute

// settings are the qemu.conf of a room: machines are of a user that no host knows.
const settings = `stdio_handler = "file"
user = "+64711"
group = "+64712"
`

// furnish empties the folders that daemons use. What is written to /etc stays in the room.
const furnish = `set -e
for f in /run /var/lib /var/cache /var/log /mnt; do mount -t tmpfs -o mode=755 tmpfs $f; done
mkdir /run/etc /run/etc/new /run/etc/work
mount -t overlay -o lowerdir=/etc,upperdir=/run/etc/new,workdir=/run/etc/work overlay /etc
mkdir -p /etc/libvirt
mount -t tmpfs -o mode=755 tmpfs /etc/libvirt
`

// room is where daemons and machines are.
type room struct {
	t      *testing.T
	holder *exec.Cmd // keeps the namespaces
	daemon *exec.Cmd
}

func newRoom(t *testing.T) *room {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root for a daemon in system mode")
	}
	if err := exec.Command("unshare", "-m", "-n", "true").Run(); err != nil {
		t.Skipf("needs to make namespaces: %v", err)
	}
	for _, p := range []string{"virsh", "qemu-system-x86_64", "nsenter"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s (Debian: libvirt-clients, qemu-system-x86, util-linux)", p)
		}
	}
	r := &room{t: t, holder: exec.Command("unshare", "-m", "-n", "sh", "-c", furnish+"echo ready; exec sleep 3600")}
	out, err := r.holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.holder.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.leave)
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Skipf("needs to mount file systems in a namespace: %v", err)
	}
	r.write("/etc/libvirt/qemu.conf", settings)
	return r
}

// leave ends the machines, the daemon and the room.
func (r *room) leave() {
	if r.daemon != nil {
		r.kill()
	}
	files, _ := filepath.Glob(r.path("/run/libvirt/qemu/*.pid"))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && pid > 1 && !strings.HasSuffix(f, "/driver.pid") {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = r.holder.Process.Kill()
	_ = r.holder.Wait()
}

// path is where a file of the room is for us.
func (r *room) path(name string) string {
	return filepath.Join("/proc", strconv.Itoa(r.holder.Process.Pid), "root", name)
}

func (r *room) write(name, text string) {
	r.t.Helper()
	if err := os.MkdirAll(filepath.Dir(r.path(name)), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) command(name string, args ...string) *exec.Cmd {
	pid := strconv.Itoa(r.holder.Process.Pid)
	c := exec.Command("nsenter", append([]string{"-t", pid, "-m", "-n", name}, args...)...)
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=/mnt"}
	return c
}

// start starts a daemon and waits until it can be connected.
func (r *room) start(binary string) {
	r.t.Helper()
	r.daemon = r.command(binary, "--timeout", "0")
	log, err := os.OpenFile(r.path("/mnt/daemon.log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		r.t.Fatal(err)
	}
	defer log.Close()
	r.daemon.Stdout, r.daemon.Stderr = log, log
	if err := r.daemon.Start(); err != nil {
		r.t.Fatal(err)
	}
	for until := time.Now().Add(patience); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if r.command("virsh", "-c", "qemu:///system", "uri").Run() == nil {
			return
		}
	}
	text, _ := os.ReadFile(r.path("/mnt/daemon.log"))
	r.t.Fatalf("%s: no socket within a minute:\n%s", binary, text)
}

// kill ends the daemon without a chance to tidy up.
func (r *room) kill() {
	_ = r.daemon.Process.Kill()
	_ = r.daemon.Wait()
	r.daemon = nil
}

// virsh gives what virsh says, errors included.
func (r *room) virsh(args ...string) string {
	r.t.Helper()
	out, err := r.command("virsh", append([]string{"-q", "-c", "qemu:///system"}, args...)...).CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// must wants virsh to succeed.
func (r *room) must(args ...string) {
	r.t.Helper()
	if out := r.virsh(args...); strings.Contains(out, "error:") {
		r.t.Fatalf("virsh %s: %s", strings.Join(args, " "), out)
	}
}

// machine gives a process of a machine.
func (r *room) machine(name string) (pid int) {
	r.t.Helper()
	text, err := os.ReadFile(r.path("/run/libvirt/qemu/" + name + ".pid"))
	if err == nil {
		pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return pid
}

// owner tells whose a file is.
func (r *room) owner(name string) string {
	r.t.Helper()
	var st syscall.Stat_t
	if err := syscall.Stat(r.path(name), &st); err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d:%d", st.Uid, st.Gid)
}

// owners wants files to be whose they should be.
func (r *room) owners(want map[string]string) {
	r.t.Helper()
	for name, owner := range want {
		if got := r.owner(name); got != owner {
			r.t.Errorf("%s is of %s, want %s", name, got, owner)
		}
	}
}
