package chaos

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/test/peer"
)

// panics are the points at which something panics while a client wants something of a
// domain whose machine runs, and what must be found of it afterwards.
var panics = []struct {
	point string
	act   func(s *scene) error
	left  func(s *scene) error
}{
	{"qemu.job.begin", suspendHit, runs},
	{"qemu.define.begin", defineAnew, runs},
	{"qemu.define.published", defineAnew, runs},
	{"qemu.destroy.begin", destroyIt, runs},
	{"qemu.destroy.killed", destroyIt, off(shutoffDestroyed)},
	{"qemu.destroy.cleaning", destroyIt, off(shutoffDestroyed)},
	{"qemu.store.claim", defineAnew, runs},
	{"qemu.start.prepare", restartHit, off(shutoffFailed)},
	{"qemu.start.spawn", restartHit, off(shutoffFailed)},
	{"qemu.start.status", restartHit, offAnyhow},
	{"qemu.start.query", restartHit, off(shutoffFailed)},
	{"qemu.load.config", reloadIt, runs},
	{"qemu.load.status", suspendTwice, runs},
}

func suspendHit(s *scene) error { return s.suspend(s.dom()) }

// suspendTwice lets the process panic, and what reads its status file after that.
func suspendTwice(s *scene) error {
	s.p.arm(s.point + ";qemu.job.begin=1*panic")
	return s.suspend(s.dom())
}

// restartHit ends the machine, and panics in the start of the next one.
func restartHit(s *scene) error {
	s.p.arm("")
	s.mustBe(s.destroy(s.dom()))
	s.p.arm(s.point)
	return s.create(s.dom())
}

// reloadIt makes the daemon read all files again.
func reloadIt(s *scene) error {
	told := strings.Count(s.p.log(), "panic: failpoint")
	s.mustBe(s.p.cmd.Process.Signal(syscall.SIGHUP))
	eventually(s.t, "the panic is in the log", func() error {
		if strings.Count(s.p.log(), "panic: failpoint") == told {
			return errors.New("it is not")
		}
		return nil
	})
	return errOfPanic
}

var errOfPanic = errors.New("panic")

var offAnyhow = found(func(s *scene, d dom) error {
	if st, r := s.state(d); d.ID >= 0 || st != shutoff {
		return fmt.Errorf("id %d, state %d (%d)", d.ID, st, r)
	}
	return nil
})

// TestPanicStaysInItsBranch panics at many points with a bystander, and a client that must not notice.
func TestPanicStaysInItsBranch(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	bystander := c.run("bystander")
	for i, f := range panics {
		t.Run(f.point, func(t *testing.T) {
			p.within(t)
			c.t = t
			defer func() { c.t = p.t }()
			s := &scene{client: c, p: p, name: fmt.Sprintf("hit%d", i), point: f.point + "=1*panic"}
			s.id = c.run(s.name).ID
			told := strings.Count(p.log(), "panic")
			p.arm(s.point)
			err := f.act(s)
			p.arm("")
			if err == nil || errors.Is(err, errLost) {
				t.Fatalf("the answer is %v", err)
			}
			eventually(t, "after the panic", func() error { return f.left(s) })
			if d := c.lookup("bystander"); d != bystander {
				t.Errorf("the bystander is %+v, was %+v", d, bystander)
			}
			s.mustBe(wantState(c, "bystander", running, runningBooted))
			p.sound(c)
			if strings.Count(p.log(), "panic") == told {
				t.Error("the log tells of no panic")
			}
			p.usable(c, s.name)
		})
	}
	p.usable(c, "bystander")
}

// TestPoisonedDomain lets the process of a domain panic until its supervisor gives up.
func TestPoisonedDomain(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	c.run("bystander")
	poisoned := c.run("poisoned")
	p.arm("qemu.job.begin=panic;qemu.reconnect.begin=panic")
	const told = "domain 'poisoned' is out of order"
	eventually(t, "its supervisor gives up", func() error {
		if err := c.suspend(poisoned); err == nil || !strings.Contains(err.Error(), told) {
			return fmt.Errorf("suspend: %w", err)
		}
		return nil
	})
	p.arm("")
	for what, call := range map[string]func(dom) error{"suspend": c.suspend, "destroy": c.destroy} {
		var e *virerr.Error
		err := call(poisoned)
		if !errors.As(err, &e) || !strings.Contains(e.Message, told) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if d := c.lookup("poisoned"); d != poisoned {
		t.Errorf("it is shown as %+v, was %+v", d, poisoned)
	}
	if err := wantState(c, "poisoned", running, runningBooted); err != nil {
		t.Error(err)
	}
	p.usable(c, "bystander")

	// SIGHUP gives it another chance, and so does a new definition.
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the domain is taken up", func() error { return c.suspend(poisoned) })
	p.arm("qemu.job.begin=panic;qemu.reconnect.begin=panic")
	eventually(t, "its supervisor gives up again", func() error {
		if err := c.resume(poisoned); err == nil || !strings.Contains(err.Error(), told) {
			return fmt.Errorf("resume: %w", err)
		}
		return nil
	})
	p.arm("")
	if err := c.define(document("poisoned", "new")); err != nil {
		t.Fatal(err)
	}
	p.usable(c, "poisoned")
}

// TestDriverDies lets the driver's own processes fail until all of it is started anew.
func TestDriverDies(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	before := c.run("m")
	p.arm("qemu.store.claim=panic")
	for range 15 { // more than its supervisor bears
		if err := c.define(document("new", "")); err == nil {
			t.Fatal("the store did not panic")
		}
	}
	p.arm("")
	eventually(t, "the driver works again", func() error { return c.define(document("new", "")) })
	if d := c.lookup("m"); d != before {
		t.Errorf("the machine is %+v, was %+v", d, before)
	}
	p.sound(c)
	p.usable(c, "m")
	p.usable(c, "new")
}

// stick runs two machines, and stops the process of one of which a client wants
// something: its call hangs, and holds the domain.
func (p *place) stick() (c *client, stuck, other dom, holder chan error) {
	p.t.Helper()
	c = p.connect()
	stuck, other = c.run("stuck"), c.run("other")
	if err := syscall.Kill(p.pid("stuck"), syscall.SIGSTOP); err != nil {
		p.t.Fatal(err)
	}
	hangs := p.connect()
	holder = make(chan error, 1)
	go func() { holder <- hangs.suspend(stuck) }()
	eventually(p.t, "a job holds the domain", func() error {
		ret := &remote.DomainGetControlInfoRet{}
		c.must(remote.ProcDomainGetControlInfo, &remote.DomainGetControlInfoArgs{Dom: stuck}, ret)
		if ret.State == 0 {
			return errors.New("none does")
		}
		return nil
	})
	return c, stuck, other, holder
}

// TestMachineDoesNotAnswer stops a machine's process and asks for everything that must not wait for it.
func TestMachineDoesNotAnswer(t *testing.T) {
	p := newPlace(t)
	p.start()
	c, stuck, other, holder := p.stick()
	reads := func() {
		t.Helper()
		if s, r := c.state(stuck); s != running || r != runningBooted {
			t.Errorf("state %d (%d)", s, r)
		}
		c.xml(stuck, 0)
		c.must(remote.ProcDomainGetInfo, &remote.DomainGetInfoArgs{Dom: stuck}, &remote.DomainGetInfoRet{})
		stats := &remote.ConnectGetAllDomainStatsRet{}
		c.must(remote.ProcConnectGetAllDomainStats, &remote.ConnectGetAllDomainStatsArgs{}, stats)
		if len(stats.RetStats) != 2 || len(stats.RetStats[1].Params) < 5 {
			t.Errorf("statistics of %d domains", len(stats.RetStats))
		}
		if list := c.list(); len(list) != 2 {
			t.Errorf("%d domains", len(list))
		}
	}
	reads()
	if err := c.suspend(other); err != nil {
		t.Errorf("another machine: %v", err)
	}
	if err := c.destroy(stuck); err != nil {
		t.Errorf("destroy: %v", err)
	}
	var e *virerr.Error
	if err := <-holder; !errors.As(err, &e) || e.Message != "operation failed: domain is no longer running" {
		t.Errorf("the job got %v", err)
	}
	p.sound(c)
	p.usable(c, "stuck")
	p.usable(c, "other")
}

// TestReplacementBesideAStuckMachine asks for another program while a call hangs in a
// machine: nobody else waits for it, and it is answered by the program that heard it.
func TestReplacementBesideAStuckMachine(t *testing.T) {
	p := newPlace(t)
	p.start()
	c, _, other, holder := p.stick()
	before := peer.Program(p.cmd.Process.Pid)
	if err := p.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		time.Sleep(10 * time.Millisecond) // over several of its tries
		if err := c.suspend(other); err != nil {
			t.Fatal(err)
		}
		c.must(remote.ProcDomainResume, &remote.DomainResumeArgs{Dom: other}, nil)
	}
	select {
	case err := <-holder:
		t.Fatalf("the call that hangs got %v", err)
	default:
	}
	if peer.Program(p.cmd.Process.Pid) != before {
		t.Error("it was replaced over a call that runs")
	}
	if err := syscall.Kill(p.pid("stuck"), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := <-holder; err != nil {
		t.Errorf("the call that hung got %v", err)
	}
	eventually(t, "another program runs", func() error {
		if peer.Program(p.cmd.Process.Pid) == before {
			return errors.New("it does not")
		}
		return nil
	})
	p.sound(c)
}
