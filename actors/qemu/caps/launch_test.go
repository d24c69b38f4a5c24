package caps

import (
	"context"
	"errors"
	"os/exec"
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
