package chaos

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"virtree.dev/protocol/virtype"
)

const stockDaemon = "/usr/sbin/libvirtd"

// startStock starts the stock libvirtd.
func (p *place) startStock() {
	p.t.Helper()
	p.launch(stockDaemon)
	p.await()
}

// noise are errors that the stock daemon has of this host, not of domains.
var noise = regexp.MustCompile(`virGDBus|DBus not available|udevGetDMIData|/dev/kvm|virHostCPUGet|End of file while reading data`)

// complaints are the errors and warnings of the stock daemon's log.
func (p *place) complaints() []string {
	var list []string
	for line := range strings.Lines(p.log()) {
		if (strings.Contains(line, ": error :") || strings.Contains(line, ": warning :")) && !noise.MatchString(line) {
			list = append(list, line)
		}
	}
	return list
}

// settle waits until a daemon has taken up machines: only then do they stop and go on for anybody.
func (c *client) settle(names ...string) {
	c.t.Helper()
	for _, name := range names {
		d := c.lookup(name)
		state, _ := c.state(d)
		if err := c.suspend(d); err != nil {
			c.t.Errorf("suspend of %s: %v", name, err)
		}
		if state == paused {
			continue
		}
		if err := c.resume(d); err != nil {
			c.t.Errorf("resume of %s: %v", name, err)
		}
	}
}

var chipsetWatchdog = regexp.MustCompile(`(?s) *<watchdog model='itco' action='\w+'(/>|>.*?</watchdog>)\n`)

// common is what daemons of different age can agree upon: the older one knows no watchdog of the
// chipset, and why a domain is off dies with a daemon.
func common(all map[string]look) map[string]look {
	for name, l := range all {
		l.xml = chipsetWatchdog.ReplaceAllString(l.xml, "")
		l.inactive = chipsetWatchdog.ReplaceAllString(l.inactive, "")
		if l.state == shutoff {
			l.reason = 0
		}
		all[name] = l
	}
	return all
}

// TestTakeOverAndHandBack runs the stock daemon and ours in turn, with machines running.
func TestTakeOverAndHandBack(t *testing.T) {
	needs(t, stockDaemon)
	p := newPlace(t)
	p.startStock()
	c := p.connect()
	for _, d := range []string{"full", "stays"} {
		if err := c.define(fullDocument(p, d)); err != nil {
			t.Fatal(err)
		}
		if err := c.create(c.lookup(d)); err != nil {
			t.Fatal(err)
		}
	}
	c.run("plain")
	if err := c.suspend(c.run("paused")); err != nil {
		t.Fatal(err)
	}
	if err := c.createXML(document("transient", "old"), virtype.DomainStartPaused); err != nil {
		t.Fatal(err)
	}
	if err := c.setAutostart(c.lookup("plain"), true); err != nil {
		t.Fatal(err)
	}
	if err := c.define(document("off", "old")); err != nil {
		t.Fatal(err)
	}
	// What its first life orders in one way, each later one has in another.
	p.kill()
	p.startStock()
	c = p.connect()
	c.settle("full", "stays", "plain")
	before := c.looks()
	p.kill()

	p.start()
	c = p.connect()
	compareLooks(t, common(before), common(c.looks()))
	p.sound(c)
	p.usable(c, "full")
	p.usable(c, "paused")
	for _, name := range []string{"full", "off"} {
		if err := c.create(c.lookup(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.suspend(c.lookup("off")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the pause", func() error { return wantState(c, "off", paused, pausedUser) })
	c.settle("full", "stays", "plain")
	before = c.looks()
	p.keep("ours")
	p.stop()

	p.startStock()
	c = p.connect()
	c.settle("full", "stays", "plain", "off")
	compareLooks(t, common(before), common(c.looks()))
	p.keep("stock")
	for _, line := range p.complaints() {
		t.Errorf("the stock daemon: %s", line)
	}
	for _, name := range []string{"full", "off", "plain", "stays"} {
		if err := c.destroy(c.lookup(name)); err != nil {
			t.Errorf("destroy of %s by the stock daemon: %v", name, err)
		}
	}
	p.stop()

	p.start()
	p.sound(p.connect())
}

// keep leaves a copy of the status files where VIRTREE_KEEP says, to look at.
func (p *place) keep(who string) {
	to := os.Getenv("VIRTREE_KEEP")
	if to == "" {
		return
	}
	files, _ := filepath.Glob(p.state("*.xml"))
	for _, f := range files {
		_ = os.WriteFile(filepath.Join(to, who+"-"+filepath.Base(f)), []byte(p.read(f)), 0o644)
	}
}
