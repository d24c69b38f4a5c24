package diff

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"virtree.dev/test/guest"
	"virtree.dev/test/peer"
)

// nobody runs both daemons when the test is root, so that both are session daemons.
const nobody = 65534

// side is one daemon in session mode with folders of its own.
type side struct {
	name  string
	base  string
	cmd   *exec.Cmd
	log   string
	ports int // the first of those for displays
}

// portsEach is how many ports for displays a side has: the sides run at once, and
// others may on the same host.
const portsEach = 50

// sides counts those of this process, which has at most sidesMost at once.
var sides atomic.Int32

const sidesMost = 8

func startSide(t *testing.T, name string, argv ...string) *side {
	t.Helper()
	base, err := os.MkdirTemp("/tmp", "vtdiff-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	s := &side{name: name, base: base, log: filepath.Join(base, "daemon.log")}
	s.ports = 20000 + (os.Getpid()*sidesMost+int(sides.Add(1)))%(40000/portsEach)*portsEach
	for _, d := range []string{"run", "config", "cache", "home", "data", "files"} {
		if err := os.Mkdir(filepath.Join(base, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	settings := fmt.Sprintf("remote_display_port_min = %d\nremote_display_port_max = %d\n", s.ports, s.ports+portsEach-1)
	if err := os.Mkdir(filepath.Join(base, "config/libvirt"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(base, "config/libvirt/qemu.conf"), []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	s.writeGuest(t)
	s.own(t)
	out, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	s.cmd = s.command(argv[0], argv[1:]...)
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop(t) })
	s.await(t)
	return s
}

// guestSize is that of the guest's disk: the BIOS boots from no disk of less than a cylinder.
const guestSize = 1 << 20

// writeGuest puts a disk into the script's folder from which a guest boots that does what keys say.
func (s *side) writeGuest(t *testing.T) {
	t.Helper()
	sector, err := guest.Keyboard()
	if err != nil {
		t.Fatal(err)
	}
	image := make([]byte, guestSize)
	copy(image, sector)
	if err := os.WriteFile(filepath.Join(s.base, "files", "guest.img"), image, 0o644); err != nil {
		t.Fatal(err)
	}
}

// own gives the folders to the user that runs the daemon.
func (s *side) own(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.Walk(s.base, func(p string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(p, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (s *side) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = filepath.Join(s.base, "files")
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC",
		"HOME=" + filepath.Join(s.base, "home"),
		"XDG_RUNTIME_DIR=" + filepath.Join(s.base, "run"),
		"XDG_CONFIG_HOME=" + filepath.Join(s.base, "config"),
		"XDG_CACHE_HOME=" + filepath.Join(s.base, "cache"),
		"XDG_DATA_HOME=" + filepath.Join(s.base, "data"),
	}
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}

func (s *side) socket() string { return filepath.Join(s.base, "run/libvirt/libvirt-sock") }

func (s *side) await(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for time.Now().Before(deadline) {
		c, err := net.Dial("unix", s.socket())
		if err == nil {
			c.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	text, _ := os.ReadFile(s.log)
	t.Fatalf("%s: no socket after 30 s:\n%s", s.name, text)
}

func (s *side) stop(t *testing.T) {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan error, 1)
	go func() { done <- s.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s: still there 20 s after SIGTERM", s.name)
		_ = s.cmd.Process.Kill()
		<-done
	}
	text, _ := os.ReadFile(s.log)
	if i := strings.Index(string(text), "panic: "); i >= 0 {
		t.Errorf("%s panicked:\n%s", s.name, text[i:min(len(text), i+2000)])
	}
	if t.Failed() {
		t.Logf("%s said:\n%s", s.name, tail(string(text), 40))
	}
	s.killMachines()
	peer.EndOthers(filepath.Join(s.base, "run/libvirt"))
	os.RemoveAll(s.base)
}

// killMachines ends the QEMUs that the daemon left behind, found by their pid files.
func (s *side) killMachines() {
	files, _ := filepath.Glob(filepath.Join(s.base, "run/libvirt/qemu/run/*.pid"))
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

// answer is what a client printed and how it ended.
type answer struct {
	text string
	code int
}

// noAnswer is the code of a client that did not come to an end by itself.
const noAnswer = -1

func (s *side) virsh(t *testing.T, args ...string) answer {
	t.Helper()
	c := s.command("virsh", append([]string{"-q", "-c", "qemu:///session"}, args...)...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	err := runFor(c, 60*time.Second)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return answer{err.Error(), noAnswer}
	}
	return answer{out.String(), c.ProcessState.ExitCode()}
}

func runFor(c *exec.Cmd, d time.Duration) error {
	if err := c.Start(); err != nil {
		return err
	}
	timer := time.AfterFunc(d, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	return c.Wait()
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return strings.Join(all, "\n")
}
