package caps

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/command"
	"virtree.dev/protocol/virerr"
)

func TestLaunch(t *testing.T) {
	binary, err := exec.LookPath("qemu-system-x86_64")
	if err != nil {
		t.Skip(err)
	}
	begin := time.Now()
	c, err := Launcher{Runner: command.Host{}, Folder: t.TempDir()}.Launch(context.Background(), binary)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("QEMU %d: %d flags, %d machine types, accelerated: %v, in %v", c.Version, len(c.FlagNames()),
		len(c.accel(c.Best()).Machines), c.Accelerated(), time.Since(begin))
	if c.Arch != "x86_64" || !c.Has("tcg", "virtio-scsi-pci") || c.Preferred("qemu") == "" || len(c.Accels["qemu"].CPUs) == 0 {
		t.Errorf("arch %q, flags %v, preferred machine %q", c.Arch, c.FlagNames(), c.Preferred("qemu"))
	}
}

func TestLaunchWhatIsNoQEMU(t *testing.T) {
	r := &command.Recorder{Answer: func(c command.Command) (command.Result, error) {
		r := command.Result{Stderr: []byte("what is -S?\n"), Status: 1}
		return r, &command.StatusError{Command: c, Result: r}
	}}
	_, err := Launcher{Runner: r, Folder: t.TempDir()}.Launch(context.Background(), "/bin/qemu")
	want := "internal error: Failed to start QEMU binary /bin/qemu for probing: what is -S?\n"
	var e *virerr.Error
	if !errors.As(err, &e) || e.Message != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestSweep wants that a binary which a killed daemon was asking is ended, and nothing else is.
func TestSweep(t *testing.T) {
	l := Launcher{Folder: t.TempDir()}
	left := filepath.Join(l.Folder, "qmp-1")
	asked := exec.Command("/bin/sh", "-c", "while :; do sleep 1; done", left+"/qmp.pid")
	other := exec.Command("sleep", "100")
	for _, c := range []*exec.Cmd{asked, other} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	defer func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}()
	for folder, pid := range map[string]int{"qmp-1": asked.Process.Pid, "qmp-2": other.Process.Pid} {
		dir := filepath.Join(l.Folder, folder)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "qmp.pid"), []byte(strconv.Itoa(pid)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.Sweep()
	if err := asked.Wait(); err == nil {
		t.Error("what was being asked ended by itself")
	}
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("a process that only has the number: %v", err)
	}
	if entries, _ := os.ReadDir(l.Folder); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
}
