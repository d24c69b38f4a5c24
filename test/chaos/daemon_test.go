package chaos

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/failpoint"
	"virtree.dev/supervisor/observe"
	"virtree.dev/test/peer"
)

// nobody runs the daemons when the test is root, so that they are session daemons.
const nobody = 65534

// patience bounds every wait for something that must happen; how long it takes is no part of a test.
const patience = 30 * time.Second

var binary struct {
	sync.Once
	path string
	err  error
}

// TestMain takes the built daemon away.
func TestMain(m *testing.M) {
	code := m.Run()
	if binary.path != "" {
		os.RemoveAll(filepath.Dir(binary.path))
	}
	os.Exit(code)
}

// libvirtd builds our daemon, once.
func libvirtd(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("VIRTREE_LIBVIRTD"); bin != "" {
		return bin
	}
	binary.Do(func() {
		dir, err := os.MkdirTemp("/tmp", "vtchaos-bin-")
		if err != nil {
			binary.err = err
			return
		}
		binary.path = filepath.Join(dir, "libvirtd")
		if binary.err = os.Chmod(dir, 0o755); binary.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", binary.path, "virtree.dev/apps/libvirtd").CombinedOutput()
		if err != nil {
			binary.err = fmt.Errorf("go build: %w\n%s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// needs skips the test where a program is missing.
func needs(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s (Debian: qemu-system-x86, libvirt-clients, libvirt-daemon-system)", p)
		}
	}
}

const emulator = "qemu-system-x86_64"

// place is where daemons run: one at a time, in the same folders.
type place struct {
	t    *testing.T
	base string
	cmd  *exec.Cmd
	done chan struct{} // closed when the daemon has ended
	runs int
}

// newPlace makes the folders; what runs there ends with the test.
func newPlace(t *testing.T) *place {
	t.Helper()
	needs(t, emulator)
	base, err := os.MkdirTemp("/tmp", "vtchaos-")
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, base: base}
	for _, d := range []string{"run", "config", "config/libvirt", "cache", "home", "data", "files"} {
		if err := os.Mkdir(p.path(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// Other packages' tests take displays of their own at the same time.
	p.write("config/libvirt/qemu.conf", "remote_display_port_min = 6200\nremote_display_port_max = 6299\n")
	p.own(base)
	p.shareCapabilities()
	t.Cleanup(p.cleanUp)
	return p
}

// within lets a part of the test use the place; parts run one after the other.
func (p *place) within(t *testing.T) {
	whole := p.t
	p.t = t
	t.Cleanup(func() { p.t = whole })
}

func (p *place) path(name string) string   { return filepath.Join(p.base, name) }
func (p *place) config(name string) string { return p.path("config/libvirt/qemu/" + name) }
func (p *place) state(name string) string  { return p.path("run/libvirt/qemu/run/" + name) }

// own gives a file, or a folder with all below it, to the user that runs the daemon.
func (p *place) own(path string) {
	p.t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.Walk(path, func(name string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, nobody, nobody)
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) write(name, text string) string {
	p.t.Helper()
	path := name
	if !filepath.IsAbs(name) {
		path = p.path(name)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.own(path)
	return path
}

func (p *place) read(path string) string {
	p.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// arm makes points of the running daemon do something; an empty text disarms all.
func (p *place) arm(points string) {
	p.t.Helper()
	// The daemon reads it at every point: it must never see half of it.
	p.write("points.new", points)
	if err := os.Rename(p.path("points.new"), p.path("points")); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Dir = p.path("files")
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC",
		"HOME=" + p.path("home"),
		"XDG_RUNTIME_DIR=" + p.path("run"),
		"XDG_CONFIG_HOME=" + p.path("config"),
		"XDG_CACHE_HOME=" + p.path("cache"),
		"XDG_DATA_HOME=" + p.path("data"),
		failpoint.Variable + "=@" + p.path("points"),
	}
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	return c
}

// start starts our daemon and waits until it listens.
func (p *place) start() {
	p.t.Helper()
	p.launch(libvirtd(p.t))
	p.await()
	eventually(p.t, "the machines of a boot are started", func() error {
		text, err := os.ReadFile(p.state("autostarted"))
		if err == nil && len(text) > 0 {
			err = fmt.Errorf("left: %q", text)
		}
		return err
	})
}

// launch starts a daemon.
func (p *place) launch(argv ...string) {
	p.t.Helper()
	p.runs++
	out, err := os.Create(p.logPath())
	if err != nil {
		p.t.Fatal(err)
	}
	defer out.Close()
	p.cmd = p.command(argv[0], argv[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, done := p.cmd, make(chan struct{})
	p.done = done
	go func() { _ = cmd.Wait(); close(done) }()
}

func (p *place) logPath() string { return p.path(fmt.Sprintf("daemon-%d.log", p.runs)) }

// log is what the daemon said in its present life.
func (p *place) log() string { return p.read(p.logPath()) }

func (p *place) socket() string { return p.path("run/libvirt/libvirt-sock") }

// await waits until the daemon listens.
func (p *place) await() {
	p.t.Helper()
	eventually(p.t, "the daemon listens", func() error {
		if p.dead() {
			p.t.Fatalf("the daemon ended at its start:\n%s", p.log())
		}
		c, err := net.Dial("unix", p.socket())
		if err == nil {
			c.Close()
		}
		return err
	})
}

// dead says whether the daemon has ended.
func (p *place) dead() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// ended waits for the daemon's end.
func (p *place) ended() {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("the daemon is still there:\n%s", p.log())
	}
}

// signal sends the daemon a signal and waits for its end.
func (p *place) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
	p.ended()
}

func (p *place) kill()    { p.t.Helper(); p.signal(syscall.SIGKILL) }
func (p *place) stop()    { p.t.Helper(); p.signal(syscall.SIGTERM) }
func (p *place) restart() { p.t.Helper(); p.kill(); p.start() }

func (p *place) cleanUp() {
	if p.t.Failed() {
		p.tell()
	}
	if p.cmd != nil {
		p.signal(syscall.SIGKILL)
	}
	for _, q := range p.machines() {
		_ = syscall.Kill(q.pid, syscall.SIGKILL)
	}
	peer.EndOthers(p.path("run/libvirt"))
	p.keepCapabilities()
	os.RemoveAll(p.base)
}

// tell shows what a failed test leaves: processes, log, tree.
func (p *place) tell() {
	for _, q := range p.machines() {
		p.t.Logf("machine %s: %s", q.uuid, readOr(fmt.Sprintf("/proc/%d/stat", q.pid)))
	}
	if text, err := os.ReadFile(p.logPath()); err == nil {
		p.t.Logf("the daemon said:\n%s", tail(string(text), 40))
	}
	var tree strings.Builder
	if err := observe.Copy(&tree, p.path("run/libvirt/libvirtd-observe-sock"), observe.Request{Pages: true}); err == nil {
		p.t.Logf("its tree:\n%s", tree.String())
	}
}

// probed keeps what a daemon learned of QEMU: looking takes its time, and every place looks at the same.
var probed struct {
	sync.Mutex
	files map[string]string
}

const capabilities = "cache/libvirt/qemu/cache/capabilities"

func (p *place) keepCapabilities() {
	probed.Lock()
	defer probed.Unlock()
	if probed.files != nil {
		return
	}
	found, _ := filepath.Glob(filepath.Join(p.path(capabilities), "*.json"))
	for _, f := range found {
		if text, err := os.ReadFile(f); err == nil {
			if probed.files == nil {
				probed.files = map[string]string{}
			}
			probed.files[filepath.Base(f)] = string(text)
		}
	}
}

func (p *place) shareCapabilities() {
	probed.Lock()
	defer probed.Unlock()
	for name, text := range probed.files {
		if err := os.MkdirAll(p.path(capabilities), 0o755); err != nil {
			p.t.Fatal(err)
		}
		p.own(p.path("cache"))
		p.write(filepath.Join(capabilities, name), text)
	}
}

// eventually waits until check has no error any more.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
