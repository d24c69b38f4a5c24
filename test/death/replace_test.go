package death

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

// caller is a client that makes the same call all the time.
type caller struct {
	open func(c *rpcclient.Client) error
	call func(c *rpcclient.Client) error
}

func calls(p *program.Program, proc int32, args xdr.Value, ret func() xdr.Value) func(c *rpcclient.Client) error {
	return func(c *rpcclient.Client) error {
		var into xdr.Value
		if ret != nil {
			into = ret()
		}
		_, err := c.Call(context.Background(), p, proc, args, into)
		return err
	}
}

func callers(h *host, name string) caller {
	space := &lockprog.CreateLockSpaceArgs{Path: h.path("locks")}
	switch name {
	case "libvirtd":
		uri := "qemu:///session"
		return caller{
			calls(&remote.Program, remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: &uri}, nil),
			calls(&remote.Program, remote.ProcConnectGetLibVersion, nil, func() xdr.Value { return &remote.ConnectGetLibVersionRet{} }),
		}
	case "virtlogd":
		return caller{nil, calls(&logprog.Program, logprog.ProcDomainGetLogFilePosition,
			&logprog.DomainGetLogFilePositionArgs{Path: h.log("writer")}, func() xdr.Value { return &logprog.DomainGetLogFilePositionRet{} })}
	default:
		return caller{
			calls(&lockprog.Program, lockprog.ProcRegister, &lockprog.RegisterArgs{Owner: lockprog.Owner{Name: "none", ID: 1, Pid: uint32(os.Getppid())}}, nil),
			calls(&lockprog.Program, lockprog.ProcCreateLockspace, space, nil),
		}
	}
}

// crowd is many clients at once.
type crowd struct {
	stop    atomic.Bool
	done    sync.WaitGroup
	calls   atomic.Uint64
	lost    atomic.Uint64
	longest atomic.Int64
}

// gather lets n clients call. A call that fails because of its connection is lost;
// what the daemon itself refuses is answered.
func gather(h *host, s *supervised, n int, k caller) *crowd {
	g := &crowd{}
	for range n {
		c := s.dial()
		if c == nil {
			h.FailNow()
		}
		if k.open != nil {
			h.must(k.open(c))
		}
		g.done.Add(1)
		go func() {
			defer g.done.Done()
			defer c.Close()
			for !g.stop.Load() {
				began := time.Now()
				err := k.call(c)
				if took := int64(time.Since(began)); took > g.longest.Load() {
					g.longest.Store(took)
				}
				if err != nil && c.Ended() != nil {
					h.Errorf("%s: %v", s.name, err)
					g.lost.Add(1)
					return
				}
				g.calls.Add(1)
				time.Sleep(time.Millisecond)
			}
		}()
	}
	return g
}

func (g *crowd) leave() {
	g.stop.Store(true)
	g.done.Wait()
}

func TestReplacedUnderManyClients(t *testing.T) {
	for _, name := range []string{"libvirtd", "virtlogd", "virtlockd"} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			s := h.supervise(name)
			if name == "virtlogd" {
				w := s.write("writer")
				defer w.check(h)
			}
			g := gather(h, s, 100, callers(h, name))
			for range number(t, "VIRTREE_REPLACEMENTS", 10) {
				s.replace(g)
			}
			g.leave()
			if s.starts != 1 || s.refusals() > 0 {
				t.Errorf("it was started %d times and went on %d times", s.starts, s.refusals())
			}
			t.Logf("%d calls, the longest took %v", g.calls.Load(), time.Duration(g.longest.Load()))
		})
	}
}

// life tells programs of the process apart.
func (s *supervised) life() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return peer.Program(s.cmd.Process.Pid)
}

// replace asks for a replacement, and waits until there was one or was refused, and
// each client has been answered a few times.
func (s *supervised) replace(g *crowd) {
	s.host.Helper()
	life, refusals := s.life(), s.refusals()
	s.signal(syscall.SIGUSR1)
	s.host.eventually("it is replaced", func() error {
		if s.life() == life && s.refusals() == refusals {
			return errNot
		}
		return nil
	})
	before := g.calls.Load()
	s.host.eventually("calls are answered again", func() error {
		if g.calls.Load() < before+300 && !s.host.Failed() {
			return errNot
		}
		return nil
	})
}

// refusals is how often the daemon went on because a replacement came to nothing.
func (s *supervised) refusals() int { return strings.Count(s.output(), "this program goes on after") }

// runs says whether the daemon is now the program at its path.
func (s *supervised) runs() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, err := os.Stat(fmt.Sprintf("/proc/%d/exe", s.cmd.Process.Pid))
	if err != nil {
		return false
	}
	there, err := os.Stat(s.program)
	return err == nil && os.SameFile(now, there)
}

// A newer program takes over from an older one and the other way round, where they
// have a version in common. One that has not, and one that is none, changes nothing.
func TestReplacedByOtherVersions(t *testing.T) {
	h := newHost(t)
	s := h.supervise("virtlockd")
	h.makeLock("disk")
	o := s.owner("machine", os.Getppid())
	h.must(o.acquire("disk"))
	g := gather(h, s, 20, callers(h, "virtlockd"))
	defer g.leave()
	for _, kind := range []string{"newer", "", "newer", "newer", ""} {
		s.install(filepath.Join(os.Getenv(binaries), kind, "virtlockd"))
		s.replace(g)
		h.eventually("the program that was installed runs", func() error {
			if !s.runs() {
				return errNot
			}
			return nil
		})
	}
	nonsense, silent := h.path("nonsense"), h.path("silent")
	h.must(os.WriteFile(nonsense, []byte("no program at all"), 0o755))
	h.must(os.WriteFile(silent, []byte("#!/bin/sh\nexit 0\n"), 0o755))
	for i, program := range []string{filepath.Join(os.Getenv(binaries), "apart", "virtlockd"), nonsense, silent} {
		s.install(program)
		s.replace(g)
		h.eventually("the old program goes on", func() error {
			if s.refusals() != i+1 {
				return errNot
			}
			return nil
		})
	}
	if stolen, err := h.steal("disk"); stolen || err != nil {
		t.Errorf("the lock was stolen: %t, %v", stolen, err)
	}
	h.must(o.release("disk"))
	if s.starts != 1 {
		t.Errorf("it was started %d times", s.starts)
	}
}
