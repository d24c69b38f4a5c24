package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Patience bounds every wait for something that must happen.
const Patience = 30 * time.Second

// Service is a virtlogd or virtlockd, Debian's or ours, in folders of its own. It is
// started from a path at which its program can be exchanged.
type Service struct {
	T      testing.TB
	Name   string
	Base   string        // the folder that has all of its own
	Args   []string      // behind that of its settings
	Before []string      // what starts it, as root, where it has a namespace of its own
	Socket func() string // where it listens, as seen from here
	Cmd    *exec.Cmd     // nil: it was never started
}

// NewService makes the folders of a session daemon, with conf as the text of its
// settings. Run starts it; it ends with the test.
func NewService(t testing.TB, name, program, conf string) *Service {
	t.Helper()
	base, err := os.MkdirTemp("", "vtsvc") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{T: t, Name: name, Base: base}
	s.Args = []string{"-p", s.Path("run/" + name + ".pid")}
	s.Socket = func() string { return s.Path("run/libvirt/" + name + "-sock") }
	t.Cleanup(func() { os.RemoveAll(base) })
	folders := []string{"run", "config", "cache", "logs", "files"}
	for _, dir := range folders {
		if err := os.Mkdir(s.Path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.conf(), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	s.Install(program)
	if os.Geteuid() == 0 {
		for _, name := range append(folders, "") {
			if err := os.Chown(s.Path(name), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Cleanup(s.End)
	return s
}

// Path is one in the daemon's own folder.
func (s *Service) Path(name string) string { return filepath.Join(s.Base, name) }

func (s *Service) conf() string { return s.Path(s.Name + ".conf") }

// Install puts a program to where the daemon is started from.
func (s *Service) Install(program string) {
	s.T.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		s.T.Fatal(err)
	}
	fresh := s.Path(s.Name + ".new")
	if err := os.WriteFile(fresh, data, 0o755); err != nil {
		s.T.Fatal(err)
	}
	if err := os.Rename(fresh, s.Path(s.Name)); err != nil {
		s.T.Fatal(err)
	}
}

// Run starts the daemon, or starts it again, and waits until it listens.
func (s *Service) Run() {
	s.T.Helper()
	out, err := os.OpenFile(s.Path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		s.T.Fatal(err)
	}
	defer out.Close()
	argv := slices.Concat(s.Before, []string{s.Path(s.Name), "-f", s.conf()}, s.Args)
	s.Cmd = exec.Command(argv[0], argv[1:]...)
	s.Cmd.Stdout, s.Cmd.Stderr = out, out
	s.Cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + s.Base, "XDG_RUNTIME_DIR=" + s.Path("run"),
		"XDG_CONFIG_HOME=" + s.Path("config"), "XDG_CACHE_HOME=" + s.Path("cache"),
	}
	s.Cmd.SysProcAttr = s.User()
	if err := s.Cmd.Start(); err != nil {
		s.T.Fatal(err)
	}
	Eventually(s.T, "it listens", func() bool { return listens(s.Socket()) })
}

// User is who runs the daemon, or what is Before it.
func (s *Service) User() *syscall.SysProcAttr {
	if os.Geteuid() != 0 || s.Before != nil {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
}

// Signal sends a signal to the daemon.
func (s *Service) Signal(sig os.Signal) {
	s.T.Helper()
	if err := s.Cmd.Process.Signal(sig); err != nil {
		s.T.Fatal(err)
	}
}

// End asks the daemon to end and waits for it.
func (s *Service) End() {
	if s.Cmd == nil {
		return
	}
	_ = s.Cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		_ = s.Cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(Patience):
		s.T.Error("it is still there after SIGTERM")
		_ = s.Cmd.Process.Kill()
		<-done
	}
	if s.T.Failed() {
		lines := strings.Split(strings.TrimSpace(s.Output()), "\n")
		s.T.Logf("it said:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}

// Output is what the daemon said since its first start.
func (s *Service) Output() string {
	text, _ := os.ReadFile(s.Path("output"))
	return string(text)
}

// Exe is the program that runs.
func (s *Service) Exe() string {
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", s.Cmd.Process.Pid))
	return exe
}

// Eventually waits until something is so.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", Patience, what)
		}
	}
}

// AsUser runs f on a thread that is the user's under whom session daemons run,
// who lets nobody else in.
func AsUser(t testing.TB, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error, 1)
	go func() {
		defer close(done) // a test that fails ends the goroutine
		// Not unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETRESUID, ^uintptr(0), nobody, ^uintptr(0)); errno != 0 {
			done <- errno
			return
		}
		f()
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
