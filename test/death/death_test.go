package death

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// number is how often something is done: a few times, or as a variable says.
func number(t *testing.T, variable string, few int) int {
	text := os.Getenv(variable)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNothingIsLostByKills(t *testing.T) {
	if _, err := exec.LookPath(emulator); err != nil {
		t.Skipf("needs %s (Debian: qemu-system-x86)", emulator)
	}
	h := newHost(t)
	logd := h.supervise("virtlogd")
	lockd := h.supervise("virtlockd")

	var machines []*machine
	var owners []*owner
	var writers []*writer
	stop, done := make(chan struct{}), &sync.WaitGroup{}
	var tries, pairs atomic.Uint64
	for i := range 2 {
		m := logd.boot(fmt.Sprintf("machine%d", i))
		disk := fmt.Sprintf("disk%d", i)
		h.makeLock(disk)
		o := lockd.owner(m.name, m.cmd.Process.Pid)
		h.must(o.acquire(disk))
		h.thief(disk, stop, done, &tries)
		machines, owners = append(machines, m), append(owners, o)
	}
	for i := range 3 {
		writers = append(writers, logd.write(fmt.Sprintf("writer%d", i)))
		name := fmt.Sprintf("quick%d", i)
		h.makeLock(name)
		lockd.turnstile(name, stop, done, &pairs)
	}
	for n := range number(t, "VIRTREE_KILLS", 5) {
		storm(h, n, logd, lockd, writers, &pairs)
		if t.Failed() {
			break
		}
	}
	close(stop)
	done.Wait()
	for _, w := range writers {
		w.check(h)
	}
	for i, m := range machines {
		m.check(h)
		stranger := lockd.owner("stranger", os.Getpid())
		err := stranger.acquire(fmt.Sprintf("disk%d", i))
		if err == nil || !strings.Contains(err.Error(), m.name) {
			t.Errorf("somebody else asks for the lock of %s: %v", m.name, err)
		}
		h.must(owners[i].release(fmt.Sprintf("disk%d", i)))
		if stolen, err := h.steal(fmt.Sprintf("disk%d", i)); err != nil || !stolen {
			t.Errorf("the lock of %s was released, and is not free: %v", m.name, err)
		}
	}
	t.Logf("%d tries to steal, %d locks taken and released, %d lines", tries.Load(), pairs.Load(), total(writers))
}

func total(writers []*writer) (n int) {
	for _, w := range writers {
		n += w.n
	}
	return n
}

// storm kills the daemons at a moment amid their work, one or both, and waits until
// there is work again.
func storm(h *host, n int, logd, lockd *supervised, writers []*writer, pairs *atomic.Uint64) {
	h.Helper()
	time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
	before := pairs.Load()
	if n%3 != 0 {
		logd.signal(syscall.SIGKILL)
	}
	if n%3 != 1 {
		lockd.signal(syscall.SIGKILL)
	}
	h.eventually("locks are taken again", func() error {
		if pairs.Load() < before+20 && !h.Failed() {
			return errNot
		}
		return nil
	})
	c := logd.dial()
	if c == nil {
		return
	}
	c.Close()
}
