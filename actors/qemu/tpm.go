package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"virtree.dev/actors/qemu/companion"
	outside "virtree.dev/internal/command"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// setupPatience is how long the making of a TPM's state may take: keys are found by chance.
const setupPatience = 2 * time.Minute

// prepareTPM makes the state of a machine's TPM when it is new, and adjusts it.
func (s *starter) prepareTPM(h *companion.Process) (err error) {
	t := h.TPM
	if t.Secret != "" {
		if _, err := noSecrets("vtpm", t.Secret); err != nil {
			return err
		}
	}
	owner, err := s.drv.swtpmUser()
	if err != nil {
		return err
	}
	if err := touchLog(t.Log); err != nil {
		return err
	}
	fresh := !exists(t.Storage)
	folder := t.Storage
	if t.File {
		folder = filepath.Dir(t.Storage)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o711); err != nil {
		return errSystem(err, "Could not create TPM directory %s", filepath.Dir(folder))
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return errSystem(err, "Could not create TPM directory %s", folder)
	}
	if err := giveTPM(owner, h, folder); err != nil {
		return err
	}
	if fresh {
		defer func() {
			if err != nil { // half a state would be taken for a whole one
				_ = os.RemoveAll(t.Storage)
			}
		}()
		if err := s.setupTPM(t, owner, t.Setup, ""); err != nil {
			return err
		}
	}
	if len(t.Reconfigure) > 0 {
		return s.setupTPM(t, owner, t.Reconfigure, " --reconfigure")
	}
	return nil
}

func touchLog(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return errSystem(err, "cannot create directory '%s'", filepath.Dir(path))
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return errSystem(err, "failed to create logfile %s", path)
	}
	return f.Close()
}

// setupTPM runs swtpm_setup.
func (s *starter) setupTPM(t *companion.TPM, owner *syscall.Credential, args []string, what string) error {
	program := inPath("swtpm_setup")
	if program == "" {
		return errSystem(os.ErrNotExist, "Unable to find '%s' binary in $PATH", "swtpm_setup")
	}
	ctx, cancel := context.WithTimeout(s.ctx, setupPatience)
	defer cancel()
	run := func(args ...string) error {
		_, err := s.drv.swtpm.runner.Run(ctx, outside.Command{Path: program, Args: args, Dir: "/", User: owner})
		return err
	}
	if !s.drv.dirs.Privileged {
		// A user's own certificate authority lives below the user's own settings.
		if err := run("--create-config-files", "skip-if-exist"); err != nil {
			return errInternal("Could not run '%s' to create config files. exitstatus: %d;\nError: %s", program, status(err), err)
		}
	}
	if err := run(args...); err != nil {
		return errInternal("Could not run '%s%s'. exitstatus: %d; Check error log '%s' for details.", program, what, status(err), t.Log)
	}
	return nil
}

func status(err error) int {
	var exit *outside.StatusError
	if errors.As(err, &exit) {
		return exit.Status
	}
	return -1
}

// removeTPM takes the state of a domain's TPM away, unless it is to be kept: one of its own
// accord, others when asked for.
func (d *Driver) removeTPM(def *xml.Domain, flags uint32) {
	emulated := func(t *xml.TPM) bool { return t.Backend == "emulator" }
	i := slices.IndexFunc(def.Devices.TPMs, emulated)
	if i < 0 {
		return
	}
	t := def.Devices.TPMs[i]
	goes := flags&virtype.DomainUndefineKeepTPM == 0
	if t.PersistentState {
		goes = flags&virtype.DomainUndefineTPM != 0
	}
	switch {
	case !goes:
	case t.SourcePath != "":
		_ = os.RemoveAll(t.SourcePath)
	default:
		_ = os.RemoveAll(companion.TPMStorage(d.files.SWTPMStorage, def))
	}
}
