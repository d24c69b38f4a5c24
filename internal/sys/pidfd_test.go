package sys

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestPidfd(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	f, err := PidfdOpen(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := PidfdSignal(f, 0); err != nil {
		t.Fatalf("a live process: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- PidfdWait(f) }()
	select {
	case err := <-ended:
		t.Fatalf("the wait ended before the process: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	if err := PidfdSignal(f, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("wait: %v", err)
	}
	Reap(cmd.Process.Pid)
	if err := PidfdSignal(f, 0); err == nil {
		t.Error("a reaped process took a signal")
	}
}

func TestPidfdWaitEndsWithClose(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	f, err := PidfdOpen(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- PidfdWait(f) }()
	time.Sleep(10 * time.Millisecond)
	f.Close()
	if err := <-ended; err == nil {
		t.Error("the wait ended without an error")
	}
}
