package qemu

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"virtree.dev/internal/statefile"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/protocol/xml/uuid"
)

// machineFolder is what machineName makes.
var machineFolder = regexp.MustCompile(`^domain-([0-9]+)-`)

// sweep takes away what a daemon that was killed left half done, once, before
// anything else is written: files that were being written, and folders of
// machines that never were. A machine that runs while nothing is known of it
// any more gets a status again.
func (d *Driver) sweep() {
	for _, folder := range []string{d.files.Config, d.files.Autostart, d.files.State} {
		d.removeLeftovers(folder)
	}
	known, torn := d.knownFolders()
	for folder, stray := range d.strayMachines(known) {
		if err := d.rebuild(stray); err != nil {
			d.log.Error(fmt.Sprintf("process %d is a machine of nobody: %v", stray.pid, err))
		}
		known[folder] = true
	}
	d.dropStatuses(torn)
	for _, parent := range []string{d.files.Lib, d.files.ChannelTarget} {
		d.removeFolders(parent, known)
	}
	d.removePIDs()
	d.launcher.Sweep()
}

func (d *Driver) removeLeftovers(folder string) {
	entries, _ := os.ReadDir(folder) // one that is not there has none
	for _, e := range entries {
		if statefile.Leftover(e.Name()) && !e.IsDir() {
			_ = os.Remove(filepath.Join(folder, e.Name()))
		}
	}
}

// knownFolders are the names of folders that a status file speaks of. The domains
// whose file makes no sense are given beside them.
func (d *Driver) knownFolders() (known map[string]bool, torn []string) {
	known = map[string]bool{}
	list, _ := names(d.files.State)
	for _, name := range list {
		s, err := d.loadStatus(name)
		var system *fs.PathError
		switch {
		case err == nil:
			known[filepath.Base(s.LibDir)] = true
			known[filepath.Base(s.ChannelTargetDir)] = true
		case !errors.As(err, &system):
			d.log.Error(fmt.Sprintf("cannot read the status of domain '%s': %v", name, err))
			torn = append(torn, name)
		}
	}
	return known, torn
}

// dropStatuses takes away files that make no sense, if no machine was found for them.
func (d *Driver) dropStatuses(torn []string) {
	for _, name := range torn {
		if _, err := d.loadStatus(name); err != nil {
			_ = os.Remove(d.files.status(name))
		}
	}
}

func (d *Driver) removeFolders(parent string, known map[string]bool) {
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		if e.IsDir() && machineFolder.MatchString(e.Name()) && !known[e.Name()] {
			_ = os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}

// removePIDs takes away pid files of processes that are no more and of which no status speaks.
func (d *Driver) removePIDs() {
	entries, _ := os.ReadDir(d.files.State)
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), pidSuffix)
		if !ok || name == driverLock || exists(d.files.status(name)) {
			continue
		}
		times, err := d.host.ProcessTimes(d.files.loadPID(name))
		if err != nil || times.State == 'Z' {
			_ = os.Remove(d.files.pid(name))
		}
	}
}

// driverLock is the pid file by which libvirt keeps a second driver away.
const driverLock = "driver"

// strayMachine is a process of a machine that no status file speaks of.
type strayMachine struct {
	pid    int
	id     int
	libDir string
	args   []string
}

// strayMachines finds them by the folder among their arguments.
func (d *Driver) strayMachines(known map[string]bool) map[string]strayMachine {
	found := map[string]strayMachine{}
	pids, err := d.host.Processes()
	if err != nil {
		return found
	}
	ours := regexp.MustCompile(regexp.QuoteMeta(d.files.Lib) + `/(domain-([0-9]+)-[^/]+)/`)
	for _, pid := range pids {
		args, err := d.host.CommandLine(pid)
		if err != nil || !slices.Contains(args, "-uuid") {
			continue
		}
		match := ours.FindStringSubmatch(strings.Join(args, "\n"))
		if match == nil || known[match[1]] {
			continue
		}
		id, _ := strconv.Atoi(match[2])
		found[match[1]] = strayMachine{pid, id, filepath.Join(d.files.Lib, match[1]), args}
	}
	return found
}

// rebuild writes a status for a machine whose own is lost, out of its domain's definition.
func (d *Driver) rebuild(s strayMachine) error {
	var id xml.UUID
	if i := slices.Index(s.args, "-uuid") + 1; i < len(s.args) {
		id, _ = uuid.Parse(s.args[i])
	}
	o := d.registry.ByUUID(id)
	if o == nil {
		return fmt.Errorf("no domain with matching uuid '%s'", id)
	}
	def, err := d.copyDocument(o.Def)
	if err != nil {
		return err
	}
	def.ID = s.id
	caps, err := d.complete(context.Background(), def, xml.ParseOptions{ABIUpdate: true, Inactive: true})
	if err != nil {
		return err
	}
	if err := d.nameDevices(def); err != nil {
		return err
	}
	d.log.Warn(fmt.Sprintf("made a new status for domain '%s': process %d runs", def.Name, s.pid))
	if err := d.files.savePID(def.Name, s.pid); err != nil {
		return err
	}
	return d.files.saveStatus(&domstatus.Status{
		State: "running", Reason: "unknown", PID: s.pid,
		Monitor:          &domstatus.Monitor{Path: filepath.Join(s.libDir, "monitor.sock"), Type: "unix"},
		LibDir:           s.libDir,
		ChannelTargetDir: d.files.channelDir(s.id, def.Name),
		AgentTimeout:     domstatus.AgentBlocks,
		QEMUCaps:         caps.StatusFlags(),
		Domain:           def,
	})
}
