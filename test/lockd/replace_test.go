package lockd

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"virtree.dev/test/peer"
)

// scene is a daemon with locks of every kind, and clients that came in every way.
type scene struct {
	*daemon
	holder, sharer, unregistered *client
	image                        string
	names                        []string
}

const others = 4000000 // numbers of owners that are no processes

func newScene(d *daemon) *scene {
	s := &scene{daemon: d, holder: d.machine(others + 1), sharer: d.machine(others + 2), unregistered: d.dial(), image: d.image("disk")}
	s.unregistered.lockspace(d.space())
	for i := range 20 {
		s.names = append(s.names, fmt.Sprintf("x%d", i))
		s.holder.must(s.holder.acquire(d.space(), s.names[i], autocreate))
	}
	s.holder.must(s.holder.acquire("", s.image, 0))
	for _, c := range []*client{s.holder, s.sharer} {
		c.must(c.acquire(d.space(), "shared", shared|autocreate))
	}
	return s
}

// exclusive are the files of the exclusive locks.
func (s *scene) exclusive() []string {
	paths := []string{s.image}
	for _, name := range s.names {
		paths = append(paths, filepath.Join(s.space(), name))
	}
	return paths
}

// check looks that all is held, by those who held it.
func (s *scene) check() {
	s.T.Helper()
	c := s.machine(others + 3)
	c.busy(c.acquire("", s.image, 0), s.image)
	for _, name := range s.names {
		c.busy(c.acquire(s.space(), name, autocreate), name)
	}
	c.busy(c.acquire(s.space(), "shared", autocreate), "shared")
	c.Conn.Close()
}

// leave releases everything over the connections that took it.
func (s *scene) leave() {
	s.T.Helper()
	for _, name := range s.names {
		s.holder.must(s.holder.release(s.space(), name))
	}
	s.holder.must(s.holder.release("", s.image))
	s.holder.must(s.holder.release(s.space(), "shared"))
	s.sharer.must(s.sharer.release(s.space(), "shared"))
	s.unregistered.must(s.unregistered.register(others + 4))
	s.unregistered.must(s.unregistered.acquire("", s.image, 0))
	s.unregistered.must(s.unregistered.release("", s.image))
	// The file of a lease that came and went all the time stays for a moment.
	peer.Eventually(s.T, "the lockspace is empty", func() bool {
		left, err := os.ReadDir(s.space())
		return err == nil && len(left) == 0
	})
}

func TestTakeOverFromDebian(t *testing.T) {
	needDebian(t)
	d := start(t, debian)
	s := newScene(d)
	// Debian's own would die of a client that has not registered, but it leaves
	// the file that ours reads before that; so such a client comes later.
	s.unregistered.Conn.Close()
	time.Sleep(100 * time.Millisecond) // it has noticed
	th := startThief(t, true, append(s.exclusive(), filepath.Join(d.space(), "shared"))...)
	d.Install(ours(t))
	d.Signal(syscall.SIGUSR1)
	peer.Eventually(t, "ours runs", func() bool { return !strings.HasSuffix(d.Exe(), " (deleted)") })
	s.unregistered = d.dial()
	s.check()
	err := s.unregistered.register(others + 5)
	s.unregistered.must(err)
	err = s.unregistered.acquire("", s.image, 0)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("held by domain 'web' (pid %d)", others+1)) {
		t.Errorf("who holds it: %v", err)
	}
	d.Signal(syscall.SIGUSR1) // ours by ours
	s.check()
	th.end()
	s.leave()
	if _, err := os.Stat(d.Path("run/libvirt/virtlockd-restart-exec.json")); err == nil {
		t.Error("the restart file was left")
	}
}

// TestTakenOverAndKilled kills ours right after it took over from Debian's: what
// machines had from Debian's is held on, by their processes and no longer.
func TestTakenOverAndKilled(t *testing.T) {
	needDebian(t)
	d := start(t, debian)
	s := newScene(d)
	s.unregistered.Conn.Close()
	time.Sleep(100 * time.Millisecond) // it has noticed
	d.Install(ours(t))
	th := startThief(t, true, append(s.exclusive(), filepath.Join(d.space(), "shared"))...)
	d.Signal(syscall.SIGUSR1)
	peer.Eventually(t, "ours runs", func() bool { return !strings.HasSuffix(d.Exe(), " (deleted)") })
	s.check()
	if _, err := os.Stat(d.Path("run/libvirt/virtlockd-keeper-sock")); err != nil {
		th.end()
		t.Skip("needs a daemon whose locks outlive it")
	}
	for range 3 {
		d.Signal(syscall.SIGKILL)
		_ = d.Cmd.Wait()
		d.Run()
		s.check()
	}
	th.end()
	s.holder, s.sharer, s.unregistered = d.machine(others+1), d.machine(others+2), d.dial()
	s.leave()
}

// count acquires and releases until stop, and says how many pairs were answered.
func (s *scene) count(c *client, stop <-chan struct{}) (pairs int) {
	name := fmt.Sprint("pair", c.Conn.LocalAddr(), &c)
	for {
		select {
		case <-stop:
			return pairs
		default:
		}
		if err := c.acquire(s.space(), name, autocreate); err != nil {
			s.T.Errorf("pair %d: acquire: %v", pairs, err)
			return pairs
		}
		if err := c.release(s.space(), name); err != nil {
			s.T.Errorf("pair %d: release: %v", pairs, err)
			return pairs
		}
		pairs++
	}
}

func TestReplacedAgainAndAgain(t *testing.T) {
	d := start(t, ours(t))
	s := newScene(d)
	th := startThief(t, false, s.exclusive()...)
	stop := make(chan struct{})
	var counting sync.WaitGroup
	for i := range 8 {
		c := d.machine(others + 100 + i)
		counting.Go(func() {
			if s.count(c, stop) == 0 {
				t.Error("a client was never answered")
			}
		})
	}
	for i := range 25 {
		before := strings.Count(d.Output(), "replacing this program")
		d.Signal(syscall.SIGUSR1)
		s.check()
		if i%5 == 0 {
			d.Signal(syscall.SIGUSR1) // into the middle of it
		}
		s.unregistered.lockspace(d.space())
		peer.Eventually(t, "it is replaced", func() bool {
			return d.quiet() || strings.Count(d.Output(), "replacing this program") > before
		})
	}
	close(stop)
	counting.Wait()
	th.end()
	s.leave()
	if strings.Contains(d.Output(), "goes on") {
		t.Error("a replacement failed")
	}
}

// quiet says whether the daemon says nothing when it is replaced.
func (d *daemon) quiet() bool { return !strings.Contains(d.Output(), "replacing this program") }
