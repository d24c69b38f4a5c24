package sys_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/internal/sys"
)

// The numa_maps of a process name its policy.
func TestMemoryPolicyIsInherited(t *testing.T) {
	if _, err := os.Stat("/proc/self/numa_maps"); err != nil {
		t.Skip("the kernel knows no NUMA")
	}
	maps := func() string {
		t.Helper()
		out, err := exec.Command("cat", "/proc/self/numa_maps").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	err := sys.MemoryPolicy{Mode: sys.MemoryBind, Nodes: []int{0}}.During(func() error {
		if !strings.Contains(maps(), "bind:0") {
			t.Error("a process started under the policy does not have it")
		}
		return nil
	})
	if errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EPERM) {
		t.Skip("memory policies are forbidden here")
	}
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(maps(), "bind:0") {
		t.Error("the policy outlives what it was for")
	}
}
