package sys

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestMain lets the test binary be the process that tries to take a lock: it
// says how often it has tried once its input ends, and whether it ever succeeded.
func TestMain(m *testing.M) {
	path := os.Getenv("LEASE_TEST_STEAL")
	if path == "" {
		os.Exit(m.Run())
	}
	os.Exit(steal(path))
}

func steal(path string) int {
	over := make(chan struct{})
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		close(over)
	}()
	for tries := 0; ; tries++ {
		l, err := OpenLease(path, false)
		if err != nil {
			fmt.Println(err)
			return 1
		}
		kind := func() error { _, err := l.control(unix.F_SETLK, unix.F_WRLCK); return err }
		if tries%2 == 0 {
			kind = func() error { return l.Lock(false) }
		}
		if err := kind(); err == nil {
			fmt.Println("stolen at try", tries)
			return 1
		}
		l.Close()
		select {
		case <-over:
			fmt.Println("tried", tries)
			return 0
		default:
		}
		if tries == 0 {
			fmt.Println("at it")
		}
	}
}

// thief is a process that tries to take the lock until end.
type thief struct {
	cmd *exec.Cmd
	in  interface{ Close() error }
	out *bufio.Reader
}

func startThief(t *testing.T, path string) *thief {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LEASE_TEST_STEAL="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	th := &thief{cmd, in, bufio.NewReader(out)}
	if line, _ := th.out.ReadString('\n'); line != "at it\n" {
		t.Fatalf("the thief says %q", line)
	}
	return th
}

// end says what came of it.
func (th *thief) end() string {
	th.in.Close()
	line, _ := th.out.ReadString('\n')
	_ = th.cmd.Wait()
	return strings.TrimSpace(line)
}

func leaseFile(t *testing.T) (string, *Lease) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lease")
	l, err := OpenLease(path, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return path, l
}

func TestLeaseConflicts(t *testing.T) {
	path, a := leaseFile(t)
	b, err := OpenLease(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, tt := range []struct {
		first, second bool
		refused       bool
	}{{false, false, true}, {false, true, true}, {true, false, true}, {true, true, false}} {
		if err := a.Lock(tt.first); err != nil {
			t.Fatal(err)
		}
		err := b.Lock(tt.second)
		if Held(err) != tt.refused || !tt.refused && err != nil {
			t.Errorf("shared %v beside shared %v: %v", tt.second, tt.first, err)
		}
		if pid, held := b.Holder(); !held || pid > 0 {
			t.Errorf("holder %d, held %v", pid, held)
		}
		_ = b.Unlock()
		_ = a.Unlock()
	}
	if _, err := a.control(unix.F_SETLK, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(false); !Held(err) {
		t.Errorf("beside our own POSIX lock: %v", err)
	}
	if pid, held := b.Holder(); !held || pid != os.Getpid() {
		t.Errorf("holder of the POSIX lock: %d, held %v", pid, held)
	}
}

func TestUnlockFreesThroughADuplicate(t *testing.T) {
	path, a := leaseFile(t)
	if err := a.Lock(false); err != nil {
		t.Fatal(err)
	}
	duplicate, err := unix.Dup(a.fd)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(duplicate)
	b, err := OpenLease(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	a.Close()
	if err := b.Lock(false); !Held(err) {
		t.Errorf("the duplicate does not hold it: %v", err)
	}
	if err := (&Lease{fd: duplicate}).Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(false); err != nil {
		t.Errorf("it is not free: %v", err)
	}
	a.fd, _ = unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0) // for the cleanup
}

func TestTakeOverLetsNobodyIn(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	path, l := leaseFile(t)
	if _, err := l.control(unix.F_SETLK, unix.F_WRLCK); err != nil {
		t.Fatal(err)
	}
	th := startThief(t, path)
	for range 2000 {
		if err := l.TakeOver(false); err != nil {
			t.Fatal(err)
		}
		// Back to what the C daemon has, by the same steps.
		if err := l.Lock(true); err != nil {
			t.Fatal(err)
		}
		if _, err := l.control(unix.F_SETLK, unix.F_RDLCK); err != nil {
			t.Fatal(err)
		}
		if err := l.Unlock(); err != nil {
			t.Fatal(err)
		}
		if _, err := l.control(unix.F_SETLK, unix.F_WRLCK); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.TakeOver(false); err != nil {
		t.Fatal(err)
	}
	// Any descriptor of the file that is closed would have freed a POSIX lock.
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if pid, held := l.Holder(); held {
		t.Errorf("process %d has it as well", pid)
	}
	if said := th.end(); !strings.HasPrefix(said, "tried") {
		t.Errorf("the thief: %s", said)
	}
}
