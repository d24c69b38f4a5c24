package qemu

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/config/paths"
	"virtree.dev/internal/account"
	"virtree.dev/internal/statefile"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// files are the driver's files on disk: libvirt's own paths and forms.
type files struct {
	paths.QEMU
}

// Endings of a domain's files.
const (
	xmlSuffix = ".xml"
	pidSuffix = ".pid"
)

func (f files) config(name string) string        { return filepath.Join(f.Config, name+xmlSuffix) }
func (f files) autostart(name string) string     { return filepath.Join(f.Autostart, name+xmlSuffix) }
func (f files) autostartOnce(name string) string { return f.autostart(name) + ".once" }
func (f files) status(name string) string        { return filepath.Join(f.State, name+xmlSuffix) }
func (f files) pid(name string) string           { return filepath.Join(f.State, name+pidSuffix) }
func (f files) log(name string) string           { return filepath.Join(f.Log, name+".log") }
func (f files) managedSave(name string) string {
	return filepath.Join(f.Save, name+".save")
}

// maxShortName bounds what of a name goes into the name of a machine's folder.
const maxShortName = 20

// machineName names the folders of one run of a domain: "domain-7-web".
func machineName(id int, name string) string { return "domain-" + shortName(id, name) }

// shortName names one run of a domain in files of others: "7-web".
func shortName(id int, name string) string {
	short := []rune(name)
	if len(short) > maxShortName {
		short = short[:maxShortName]
	}
	return strconv.Itoa(id) + "-" + strings.ReplaceAll(string(short), "/", "_")
}

func (f files) libDir(id int, name string) string {
	return filepath.Join(f.Lib, machineName(id, name))
}

func (f files) channelDir(id int, name string) string {
	return filepath.Join(f.ChannelTarget, machineName(id, name))
}

// memory is where the files are that stand for a machine's memory.
func (f files) memory(id int, name string) string {
	return filepath.Join(f.MemoryBacking, shortName(id, name))
}

// prepare makes the folders that the driver keeps; some are of the machines' user, who is nil for ourselves.
func (f files) prepare(user *account.IDs) error {
	for _, dir := range []string{f.Config, f.State, f.Lib, f.Cache, f.Log, f.NVRAM} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot create folder '%s': %w", dir, err)
		}
	}
	if user == nil {
		return nil
	}
	for _, dir := range []string{
		f.Lib, f.Save, f.Snapshot, f.Checkpoint, f.AutoDump, f.ChannelTarget, f.NVRAM, f.MemoryBacking, f.Slirp, f.Passt, f.DBus,
	} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("cannot create folder '%s': %w", dir, err)
		}
		if err := os.Chown(dir, int(user.UID), int(user.GID)); err != nil {
			return fmt.Errorf("unable to set ownership of '%s' to %s: %w", dir, user, err)
		}
	}
	return os.Chmod(f.DBus, 0o770)
}

// editHint is the comment that libvirt's files begin with.
const editHint = `<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit %s
or other application using the libvirt API.
-->

`

// commentSafe says whether a name may stand in the comment; for others the UUID does.
func commentSafe(name string) bool {
	return !strings.ContainsAny(name, command.ShellMeta) && !strings.Contains(name, "--")
}

func withHint(d *domain.Domain, text string) []byte {
	hint := d.Name
	if !commentSafe(d.Name) {
		hint = d.UUID.String()
	}
	return append(fmt.Appendf(nil, editHint, hint), text...)
}

// configText is a definition as it is on the disk.
func configText(d *domain.Domain) string {
	return portableConfig(d).Format(domain.FormatOptions{Secure: true, Inactive: true})
}

// saveConfig writes a definition; when it returns, it is on the disk.
func (f files) saveConfig(d *domain.Domain) error {
	return f.writeConfig(d, configText(d))
}

func (f files) writeConfig(d *domain.Domain, text string) error {
	err := statefile.Write(f.config(d.Name), withHint(d, text), 0o600)
	var failed *fs.PathError
	if errors.As(err, &failed) && failed.Op == "open" {
		return virerr.System(virerr.FromNone, err, "Failed to create file '%s'", failed.Path)
	}
	return err
}

// removeConfig takes a definition and its autostart link away.
func (f files) removeConfig(name string) error {
	// The links first: a link without a definition would be an error at the next start.
	for _, link := range []string{f.autostart(name), f.autostartOnce(name)} {
		if err := statefile.Remove(link); err != nil {
			return err
		}
	}
	return statefile.Remove(f.config(name))
}

// setLink makes or removes an autostart link to a definition.
func (f files) setLink(link, name string, on bool) error {
	if on {
		return statefile.Link(f.config(name), link)
	}
	return statefile.Remove(link)
}

// hasLink says whether an autostart link leads to the definition.
func (f files) hasLink(link, name string) bool {
	target, err := os.Readlink(link)
	return err == nil && target == f.config(name)
}

// saveStatus writes what is known of a running machine. The folder does not outlive
// a boot, nor does the machine.
func (f files) saveStatus(s *domstatus.Status) error {
	return statefile.WriteVolatile(f.status(s.Domain.Name), withHint(s.Domain, portableStatus(s).Format()), 0o600)
}

func (f files) loadStatus(name string) (*domstatus.Status, error) {
	b, err := os.ReadFile(f.status(name))
	if err != nil {
		return nil, err
	}
	s, err := domstatus.Parse(b, domain.ParseOptions{})
	if err == nil {
		f.completeStatus(s)
	}
	return s, err
}

func (f files) savePID(name string, pid int) error {
	return statefile.WriteVolatile(f.pid(name), []byte(strconv.Itoa(pid)), 0o644)
}

func (f files) loadPID(name string) int { return readPID(f.pid(name)) }

// readPID reads a pid file; 0 stands for none.
func readPID(path string) int {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return pid
}

// forget takes away what a machine left behind. Its folders are where it was started, be it by another daemon.
func (f files) forget(name string, folders ...string) {
	_ = os.Remove(f.pid(name))
	for _, path := range folders {
		if machineFolder.MatchString(filepath.Base(path)) {
			_ = os.RemoveAll(path)
		}
	}
	// The status goes last: as long as it is there, the rest is taken care of.
	_ = os.Remove(f.status(name))
}

// names lists the domains that have a file in a folder.
func names(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), xmlSuffix); ok && !e.IsDir() {
			list = append(list, name)
		}
	}
	return list, nil
}
