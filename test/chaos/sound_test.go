package chaos

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/internal/hostinfo"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// qemu is a process of a machine.
type qemu struct {
	pid  int
	uuid string
}

// machines finds the QEMU processes of this place by the folder in their arguments.
func (p *place) machines() []qemu {
	host := hostinfo.Host{}
	pids, err := host.Processes()
	if err != nil {
		p.t.Fatal(err)
	}
	var found []qemu
	for _, pid := range pids {
		args, err := host.CommandLine(pid)
		if err != nil || len(args) == 0 || !strings.Contains(args[0], "qemu-system") {
			continue
		}
		if !strings.Contains(strings.Join(args, " "), p.base+"/") || dead(pid) {
			continue
		}
		q := qemu{pid: pid}
		if i := slices.Index(args, "-uuid"); i >= 0 && i+1 < len(args) {
			q.uuid = args[i+1]
		}
		found = append(found, q)
	}
	return found
}

// dead says whether a process has ended and only waits for its parent to notice.
func dead(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")
}

// sound waits until what the daemon shows, what runs and what lies in its folders agree.
func (p *place) sound(c *client) {
	p.t.Helper()
	eventually(p.t, "daemon, processes and files agree", func() error {
		list := c.list()
		for _, check := range []func([]dom) error{p.checkProcesses, p.checkStateFiles, p.checkFolders, p.checkDefinitions} {
			if err := check(list); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkProcesses wants one process for each machine, and no other.
func (p *place) checkProcesses(list []dom) error {
	running := p.machines()
	for _, d := range list {
		if d.ID < 0 {
			continue
		}
		i := slices.IndexFunc(running, func(q qemu) bool { return q.uuid == xml.UUID(d.UUID).String() })
		if i < 0 {
			return fmt.Errorf("domain %s with id %d has no process", d.Name, d.ID)
		}
		if told := strings.TrimSpace(readOr(p.state(d.Name + ".pid"))); told != strconv.Itoa(running[i].pid) {
			return fmt.Errorf("the pid file of %s says %q, its process is %d", d.Name, told, running[i].pid)
		}
		running = slices.Delete(running, i, i+1)
	}
	if len(running) > 0 {
		return fmt.Errorf("processes without a domain: %v", running)
	}
	return nil
}

// checkStateFiles wants the status of each machine to fit it, and no file too many.
func (p *place) checkStateFiles(list []dom) error {
	want := map[string]bool{"autostarted": true, "driver.pid": true}
	for _, d := range list {
		if d.ID < 0 {
			continue
		}
		want[d.Name+".xml"], want[d.Name+".pid"] = true, true
		s, err := domstatus.Parse([]byte(readOr(p.state(d.Name+".xml"))), xml.ParseOptions{})
		switch {
		case err != nil:
			return fmt.Errorf("status of %s: %w", d.Name, err)
		case s.Domain.ID != int(d.ID) || s.Domain.UUID != xml.UUID(d.UUID):
			return fmt.Errorf("the status of %s is that of %s, id %d", d.Name, s.Domain.Name, s.Domain.ID)
		case readOr(p.state(d.Name+".pid")) != strconv.Itoa(s.PID):
			return fmt.Errorf("the status of %s says pid %d, its pid file another", d.Name, s.PID)
		}
	}
	return onlyFiles(p.state(""), want)
}

// onlyFiles wants no file in a folder but those; folders in it do not count.
func onlyFiles(folder string, want map[string]bool) error {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		if !e.IsDir() && !want[e.Name()] {
			return fmt.Errorf("%s has a stray file %s", folder, e.Name())
		}
	}
	return nil
}

// checkFolders wants a folder of its own for each machine, with its monitor in it, and no other.
func (p *place) checkFolders(list []dom) error {
	var want []string
	for _, d := range list {
		if d.ID >= 0 {
			want = append(want, fmt.Sprintf("domain-%d-%s", d.ID, d.Name))
		}
	}
	for _, parent := range []string{p.config("lib"), p.state("channel"), p.config("channel/target")} {
		entries, _ := os.ReadDir(parent)
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), "domain-") && !slices.Contains(want, e.Name()) {
				return fmt.Errorf("%s has a stray folder %s", parent, e.Name())
			}
		}
	}
	for _, name := range want {
		if _, err := os.Stat(filepath.Join(p.config("lib"), name, "monitor.sock")); err != nil {
			return err
		}
	}
	return nil
}

// checkDefinitions wants a whole definition for each persistent domain, and no other file.
func (p *place) checkDefinitions(list []dom) error {
	want, links := map[string]bool{}, map[string]bool{}
	for _, d := range list {
		text, err := os.ReadFile(p.config(d.Name + ".xml"))
		if os.IsNotExist(err) && d.ID >= 0 {
			continue // a transient one
		}
		if err != nil {
			return err
		}
		def, err := xml.Parse(text, xml.ParseOptions{Inactive: true, SkipPostParse: true, SkipValidate: true})
		switch {
		case err != nil:
			return fmt.Errorf("definition of %s: %w", d.Name, err)
		case def.Name != d.Name || def.UUID != xml.UUID(d.UUID):
			return fmt.Errorf("the definition of %s is that of %s, %s", d.Name, def.Name, def.UUID)
		}
		want[d.Name+".xml"], links[d.Name+".xml"] = true, true
	}
	if err := onlyFiles(p.config("autostart"), links); err != nil {
		return err
	}
	return onlyFiles(p.config(""), want)
}

func readOr(path string) string {
	text, _ := os.ReadFile(path)
	return string(text)
}

// usable tries a domain out: a machine is paused, continued and destroyed; one without is started before.
func (p *place) usable(c *client, name string) {
	p.t.Helper()
	d := c.lookup(name)
	if d.ID < 0 {
		if err := c.create(d); err != nil {
			p.t.Fatalf("start of %s: %v", name, err)
		}
	} else if state, _ := c.state(d); state == paused {
		if err := c.resume(d); err != nil {
			p.t.Fatalf("resume of %s: %v", name, err)
		}
	}
	for _, try := range []struct {
		what  string
		do    func(dom) error
		state int32
	}{{"suspend", c.suspend, paused}, {"resume", c.resume, running}} {
		if err := try.do(d); err != nil {
			p.t.Fatalf("%s of %s: %v", try.what, name, err)
		}
		eventually(p.t, try.what+" of "+name, func() error {
			if s, r := c.state(d); s != try.state {
				return fmt.Errorf("state %d (%d)", s, r)
			}
			return nil
		})
	}
	if err := c.destroy(d); err != nil {
		p.t.Fatalf("destroy of %s: %v", name, err)
	}
	p.sound(c)
}

// States and reasons as the API numbers them.
const (
	running, paused, shutdown, shutoff, crashed = 1, 3, 4, 5, 6

	runningBooted, runningUnpaused = 1, 5
	pausedUser                     = 1

	shutoffUnknown, shutoffShutdown, shutoffDestroyed, shutoffCrashed, shutoffFailed, shutoffDaemon = 0, 1, 2, 3, 6, 8
)
