package chaos

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
)

// look is what a client sees of a domain.
type look struct {
	dom           dom
	state, reason int32
	xml, inactive string
	autostart     bool
}

func (c *client) look(d dom) look {
	l := look{dom: d, xml: c.xml(d, 0), inactive: c.xml(d, virtype.DomainXMLInactive), autostart: c.autostart(d)}
	l.state, l.reason = c.state(d)
	return l
}

// looks is look at all domains, by name.
func (c *client) looks() map[string]look {
	all := map[string]look{}
	for _, d := range c.list() {
		all[d.Name] = c.look(d)
	}
	return all
}

// pid is that of the process of a machine.
func (p *place) pid(name string) int {
	p.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(p.read(p.state(name + ".pid"))))
	if err != nil {
		p.t.Fatal(err)
	}
	return pid
}

// endMachine kills a machine's process and waits until it is no more.
func (p *place) endMachine(name string) {
	p.t.Helper()
	pid := p.pid(name)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, name+" ends", func() error {
		if !dead(pid) {
			return fmt.Errorf("process %d lives", pid)
		}
		return nil
	})
}

// run defines and starts a machine.
func (c *client) run(name string) dom {
	c.t.Helper()
	if err := c.define(document(name, "old")); err != nil {
		c.t.Fatal(err)
	}
	d := c.lookup(name)
	if err := c.create(d); err != nil {
		c.t.Fatal(err)
	}
	return c.lookup(name)
}

// TestMachinesOutliveTheDaemon ends the daemon in each way with machines of each kind.
func TestMachinesOutliveTheDaemon(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	c.run("runs")
	if err := c.setAutostart(c.lookup("runs"), true); err != nil {
		t.Fatal(err)
	}
	if err := c.suspend(c.run("paused")); err != nil {
		t.Fatal(err)
	}
	if err := c.createXML(document("transient", "old"), virtype.DomainStartPaused); err != nil {
		t.Fatal(err)
	}
	c.run("changed")
	if err := c.define(document("changed", "new")); err != nil {
		t.Fatal(err)
	}
	if err := c.define(document("off", "old")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pause", func() error { return wantState(c, "paused", paused, pausedUser) })
	before := c.looks()
	for _, end := range []func(){p.stop, p.kill, p.kill} {
		end()
		p.start()
		c = p.connect()
		p.sound(c)
		compareLooks(t, before, c.looks())
	}
	for name := range before {
		if name != "transient" {
			p.usable(c, name)
		}
	}
	if err := c.destroy(c.lookup("transient")); err != nil {
		t.Fatal(err)
	}
	p.sound(c)
	if c.find("transient") != nil {
		t.Error("a transient domain stayed after its machine")
	}
	// Numbers of machines are not given twice.
	if d := c.run("late"); d.ID <= before["changed"].dom.ID {
		t.Errorf("the next machine has the id %d", d.ID)
	}
}

func wantState(c *client, name string, state, reason int32) error {
	if s, r := c.state(c.lookup(name)); s != state || r != reason {
		return fmt.Errorf("%s: state %d (%d)", name, s, r)
	}
	return nil
}

// compareLooks wants everything as it was.
func compareLooks(t *testing.T, before, after map[string]look) {
	t.Helper()
	for name, want := range before {
		got, ok := after[name]
		switch {
		case !ok:
			t.Errorf("%s is lost", name)
		case got.dom != want.dom || got.autostart != want.autostart:
			t.Errorf("%s: %+v, was %+v", name, got.dom, want.dom)
		case got.state != want.state || got.reason != want.reason:
			t.Errorf("%s: state %d (%d), was %d (%d)", name, got.state, got.reason, want.state, want.reason)
		case got.xml != want.xml:
			t.Errorf("%s: its document changed:\n%s", name, difference(want.xml, got.xml))
		case got.inactive != want.inactive:
			t.Errorf("%s: its definition changed:\n%s", name, difference(want.inactive, got.inactive))
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			t.Errorf("%s came from nowhere", name)
		}
	}
}

// difference shows the lines that only one of two texts has.
func difference(a, b string) string {
	only := func(mark, text, other string) (out string) {
		left := map[string]int{}
		for line := range strings.Lines(other) {
			left[line]++
		}
		for line := range strings.Lines(text) {
			if left[line]--; left[line] < 0 {
				out += mark + line
			}
		}
		return out
	}
	if out := only("- ", a, b) + only("+ ", b, a); out != "" {
		return out
	}
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if x[i] != y[i] {
			return fmt.Sprintf("in another order, from line %d:\n- %s\n+ %s", i+1, x[i], y[i])
		}
	}
	return ""
}

// TestWhatHappenedMeanwhile changes machines and files while no daemon is there.
func TestWhatHappenedMeanwhile(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	for _, name := range []string{"same", "ended", "reused", "torn", "garbage", "stopped", "deaf", "taken"} {
		c.run(name)
	}
	if err := c.createXML(document("transient", "old"), 0); err != nil {
		t.Fatal(err)
	}
	before := c.looks()
	p.stop()

	p.endMachine("ended")
	p.endMachine("transient")
	other := p.reusePID("reused")
	p.endMachine("garbage")
	p.write(p.state("garbage.xml"), "<domstatus state='running'")
	p.write(p.state("torn.xml"), p.read(p.state("torn.xml"))[:500])
	stopped := p.pid("stopped")
	if err := syscall.Kill(stopped, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.monitorSocket(before["deaf"].dom)); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Dial("unix", p.monitorSocket(before["taken"].dom))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	p.start()
	c = p.connect()
	for _, name := range []string{"same", "torn", "stopped", "deaf", "taken"} {
		if d := c.lookup(name); d.ID != before[name].dom.ID {
			t.Errorf("%s has the id %d, had %d", name, d.ID, before[name].dom.ID)
		}
	}
	for name, reason := range map[string]int32{
		"ended": shutoffCrashed, "reused": shutoffCrashed, "garbage": shutoffUnknown,
	} {
		if err := wantState(c, name, shutoff, reason); err != nil {
			t.Error(err)
		}
	}
	if c.find("transient") != nil {
		t.Error("a transient domain stayed after its machine")
	}
	for _, name := range []string{"garbage", "torn"} {
		if want := "cannot read the status of domain '" + name + "'"; !strings.Contains(p.log(), want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	for _, name := range []string{"stopped", "deaf"} {
		if err := c.destroy(c.lookup(name)); err != nil {
			t.Errorf("destroy of %s: %v", name, err)
		}
	}
	p.sound(c)
	if err := other.Process.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the process with the pid of a former machine: %v", err)
	}
	for _, name := range []string{"same", "ended", "reused", "garbage", "torn"} {
		p.usable(c, name)
	}
	taken.Close()
	p.usable(c, "taken")
	p.sound(c)
}

func (p *place) monitorSocket(d dom) string {
	return p.config(fmt.Sprintf("lib/domain-%d-%s/monitor.sock", d.ID, d.Name))
}

// reusePID ends a machine and makes its files name a process of somebody else.
func (p *place) reusePID(name string) *exec.Cmd {
	p.t.Helper()
	pid := p.pid(name)
	p.endMachine(name)
	other := p.command("sleep", "600")
	if err := other.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = other.Process.Kill(); _ = other.Wait() })
	was, is := fmt.Sprintf("pid='%d'", pid), fmt.Sprintf("pid='%d'", other.Process.Pid)
	p.write(p.state(name+".xml"), strings.Replace(p.read(p.state(name+".xml")), was, is, 1))
	p.write(p.state(name+".pid"), strconv.Itoa(other.Process.Pid))
	return other
}

// TestStoppedMachineWakesUp continues a machine that was stopped when the daemon came.
func TestStoppedMachineWakesUp(t *testing.T) {
	p := newPlace(t)
	p.start()
	c := p.connect()
	d := c.run("m")
	pid := p.pid("m")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for range 5 { // each leaves a connection that nobody will take
		p.restart()
	}
	c = p.connect()
	if s, _ := c.state(d); s != running {
		t.Errorf("state %d", s)
	}
	done := make(chan error, 1)
	go func() {
		done <- p.connect().call(remote.ProcDomainSuspend, &remote.DomainSuspendArgs{Dom: d}, nil)
	}()
	time.Sleep(50 * time.Millisecond) // the call waits for the machine by now, or comes later: both must do
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pause", func() error { return wantState(c, "m", paused, pausedUser) })
	p.usable(c, "m")
}
