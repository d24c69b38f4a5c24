package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"virtree.dev/actors/qemu/command"
	"virtree.dev/actors/qemu/companion"
	outside "virtree.dev/internal/command"
	"virtree.dev/internal/statefile"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
)

// companionPatience is how long a companion may take until its socket is there.
const companionPatience = 10 * time.Second

// nobody is the user with no rights of its own.
const nobody = 65534

// companionHost is what the companions of a machine depend on here.
func (d *Driver) companionHost(id int, name string) *companion.Host {
	f := &d.files
	return &companion.Host{
		ShortName: shortName(id, name), Privileged: d.dirs.Privileged, LibDir: f.libDir(id, name),
		Log: f.Log, State: f.State, SWTPMState: f.SWTPMState, SWTPMLog: f.SWTPMLog,
		SWTPMStorage: f.SWTPMStorage, Passt: f.Passt, DBus: f.DBus,
		Program: inPath, PRHelper: d.config.Process.PRHelper, DBusName: d.config.Process.DBusDaemon,
		VirtiofsdDebug: d.config.VirtiofsdDebug, VhostUser: d.vhostUser, NBDKit: d.throughNBDKit,
	}
}

// vhostUserDirs have the descriptors of programs that serve devices, the strongest first.
var vhostUserDirs = []string{"/etc/qemu/vhost-user", "/usr/share/qemu/vhost-user"}

// vhostUser finds the program that serves a kind of device: the first by the names of the descriptors.
func (d *Driver) vhostUser(kind string) (string, error) {
	found := map[string]string{}
	for _, dir := range vhostUserDirs {
		files, _ := filepath.Glob(filepath.Join(dir, "*.json")) // the pattern is well-formed
		for _, path := range files {
			if name := filepath.Base(path); found[name] == "" {
				found[name] = path
			}
		}
	}
	names := make([]string, 0, len(found))
	for name := range found {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		var told struct{ Type, Binary string }
		text, err := os.ReadFile(found[name])
		if err == nil && json.Unmarshal(text, &told) == nil && told.Type == kind && told.Binary != "" {
			return told.Binary, nil
		}
	}
	what := "virtiofsd"
	if kind != "fs" {
		what = "vhost-user-" + kind
	}
	return "", errFailed("Unable to find a satisfying %s", what)
}

// throughNBDKit says whether images of a protocol are read through nbdkit.
func (d *Driver) throughNBDKit(protocol string) bool {
	return d.config.UseNBDKit && inPath("nbdkit") != "" &&
		slices.Contains([]string{"http", "https", "ftp", "ftps", "tftp", "ssh"}, protocol)
}

// companions starts the processes that the machine needs beside it.
func (s *starter) companions() error {
	all, err := companion.Of(s.def, s.drv.companionHost(s.def.ID, s.def.Name))
	if err != nil {
		return err
	}
	for i := range all {
		if err := s.startCompanion(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *starter) startCompanion(h *companion.Process) error {
	if err := suitable(h); err != nil {
		return err
	}
	user, err := s.companionUser(h)
	if err != nil {
		return err
	}
	if err := s.prepareCompanion(h, user); err != nil {
		return err
	}
	if h.TPM != nil {
		if err := s.prepareTPM(h); err != nil {
			return err
		}
	}
	s.log.Say(time.Now(), "Starting external device: "+h.Title)
	s.log.Print(h.Program + " " + strings.Join(h.Args, " ") + "\n")
	s.log.Mark(s.ctx)
	pid, err := s.runCompanion(h, user)
	if err != nil {
		return err
	}
	if _, err := call(s.ctx, s.dom, adopt{Name: h.Name, PID: pid, Traces: h.Traces()}); err != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		return err
	}
	if err := s.awaitCompanion(h, pid); err != nil || h.AsMachine || h.Socket == "" {
		return err
	}
	return s.drv.givePath(s.def, h.Socket)
}

// companionUser is whom a companion runs as; nil for ourselves.
func (s *starter) companionUser(h *companion.Process) (*syscall.Credential, error) {
	switch {
	case h.TPM != nil:
		return s.drv.swtpmUser()
	case h.AsMachine:
		return s.drv.security.Process(s.def)
	}
	return nil, nil
}

// suitable wants the program to be there, in the words for that one.
func suitable(h *companion.Process) error {
	info, err := os.Stat(h.Program)
	if err == nil && info.Mode()&0o111 != 0 {
		return nil
	}
	switch h.Name {
	case "virtiofsd":
		return errInternal("virtiofsd binary '%s' is not executable", h.Program)
	case "dbus-daemon", "pr helper":
		return errSystem(syscall.ENOENT, "'%s' is not a suitable %s", h.Program, h.Name)
	}
	return errSystem(syscall.ENOENT, "Unable to find '%s' binary in $PATH", filepath.Base(h.Program))
}

// prepareCompanion makes the folders of a companion's files and takes old ones away.
func (s *starter) prepareCompanion(h *companion.Process, user *syscall.Credential) error {
	files := h.Traces()
	if h.Log != "" {
		files = append(files, h.Log)
	}
	for _, path := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
			return errSystem(err, "cannot create directory '%s'", filepath.Dir(path))
		}
	}
	if h.Forks && user == nil && os.Geteuid() == 0 { // it gives root's powers up before it makes its files
		if err := os.Chown(filepath.Dir(h.PIDFile), nobody, nobody); err != nil {
			return errSystem(err, "unable to set ownership of '%s'", filepath.Dir(h.PIDFile))
		}
	}
	for _, path := range h.Traces() {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return errSystem(err, "Unable to remove stale socket path: %s", path)
		}
	}
	if h.Config == "" {
		return nil
	}
	if err := os.WriteFile(h.Config, []byte(h.ConfigText), 0o600); err != nil {
		return errSystem(err, "Failed to write '%s'", h.Config)
	}
	if h.AsMachine {
		return s.drv.givePath(s.def, h.Config)
	}
	return nil
}

// runCompanion starts a companion and gives its pid, which is in its pid file then.
func (s *starter) runCompanion(h *companion.Process, user *syscall.Credential) (int, error) {
	if h.Forks {
		return s.forkCompanion(h, user)
	}
	output := s.log.File
	if h.Log != "" {
		f, err := s.drv.stdio.OpenFile(s.ctx, writerOf(s.def), h.Log, false)
		if err != nil {
			return 0, err
		}
		defer f.Close()
		output = f
	}
	files, err := s.companionSockets(h)
	if err != nil {
		return 0, err
	}
	for _, f := range files {
		defer f.Close()
	}
	spec := spawnSpec{argv: append([]string{h.Program}, h.Args...), env: os.Environ(), files: files, output: output, dir: "/", user: user}
	pid, err := spawn(spec)
	if err != nil {
		return 0, errSystem(err, "Could not start '%s'", h.Name)
	}
	if err := statefile.WriteVolatile(h.PIDFile, fmt.Appendf(nil, "%d", pid), 0o644); err != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		return 0, err
	}
	return pid, nil
}

// forkCompanion runs a companion that goes to the background by itself.
func (s *starter) forkCompanion(h *companion.Process, user *syscall.Credential) (int, error) {
	ctx, cancel := context.WithTimeout(s.ctx, companionPatience)
	defer cancel()
	r, err := outside.Host{}.Run(ctx, outside.Command{Path: h.Program, Args: h.Args, Dir: "/", User: user})
	if err != nil {
		return 0, errInternal("Could not start '%s': %s", h.Name, firstLine(r.Stderr, err))
	}
	if pid := readPID(h.PIDFile); pid != 0 {
		return pid, nil
	}
	return 0, errInternal("Could not start '%s': %s", h.Name, "no pid file")
}

// companionSockets makes what a companion is given beside its arguments.
func (s *starter) companionSockets(h *companion.Process) ([]*os.File, error) {
	switch {
	case h.Listen != "":
		f, err := listenAt(h.Listen)
		if err == nil {
			err = s.drv.givePath(s.def, h.Listen)
		}
		return []*os.File{f}, err
	case h.Pair:
		pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, errSystem(err, "failed to create socket")
		}
		if s.pairs == nil {
			s.pairs = map[string]*os.File{}
		}
		s.pairs[h.Device] = os.NewFile(uintptr(pair[0]), h.Name)
		return []*os.File{os.NewFile(uintptr(pair[1]), h.Name)}, nil
	}
	return nil, nil
}

// awaitCompanion waits for a companion's socket. What became of one that is no more its watcher has seen to.
func (s *starter) awaitCompanion(h *companion.Process, pid int) error {
	deadline := time.Now().Add(companionPatience)
	for pause := time.Millisecond; h.Socket != "" && !exists(h.Socket); pause = min(2*pause, 50*time.Millisecond) {
		switch {
		case syscall.Kill(pid, 0) != nil:
			return virerr.New(virerr.FromNone, virerr.OperationFailed, "%s died and reported: %s", h.Name, quotable([]byte(s.log.Tail(s.ctx))))
		case time.Now().After(deadline):
			return virerr.New(virerr.FromNone, virerr.OperationTimeout, "%s socket did not show up", h.Name)
		}
		time.Sleep(pause)
	}
	if syscall.Kill(pid, 0) != nil {
		return virerr.New(virerr.FromNone, virerr.OperationFailed, "%s died unexpectedly", h.Name)
	}
	return nil
}

// fillBinaries names the programs that the document leaves to the host.
func (d *Driver) fillBinaries(def *xml.Domain) error {
	for i, f := range def.Devices.Filesystems {
		if f.Driver.Type != "virtiofs" || f.Socket != "" || f.Binary.Path != "" {
			continue
		}
		binary, err := d.vhostUser("fs")
		if err != nil {
			return err
		}
		named := *f
		named.Binary.Path = binary
		def.Devices.Filesystems[i] = &named
	}
	return nil
}

// passPair hands over QEMU's end of a pair of sockets.
func (s *starter) passPair(p command.Pass) (*os.File, error) {
	f := s.pairs[p.Alias]
	if f == nil {
		return nil, errInternal("vhost-user-gpu failed to start")
	}
	delete(s.pairs, p.Alias)
	return f, nil
}
