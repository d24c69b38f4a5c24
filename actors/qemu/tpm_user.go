package qemu

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"virtree.dev/actors/qemu/companion"
)

// defaultTPMUser is who serves TPMs when qemu.conf names nobody, where there is such a user.
const defaultTPMUser = "tss"

// swtpmUser is whom the emulators of TPMs run as; nil for ourselves.
func (d *Driver) swtpmUser() (*syscall.Credential, error) {
	if !d.dirs.Privileged {
		return nil, nil
	}
	uid, err := identify(d.config.SWTPMUser, "user", func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.Uid, nil
	})
	if err != nil {
		return nil, err
	}
	gid, err := identify(d.config.SWTPMGroup, "group", func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	})
	if err != nil || uid == 0 && gid == 0 {
		return nil, err
	}
	return &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{gid}}, nil
}

// identify finds the number of a user or a group. "+7" is a number even where somebody is called 7.
func identify(name, what string, find func(string) (string, error)) (uint32, error) {
	if name == "" {
		name = "+0" // where the usual one is not there
		if found, err := find(defaultTPMUser); err == nil {
			name = "+" + found
		}
	}
	number, plain := strings.CutPrefix(name, "+")
	if !plain {
		if found, err := find(name); err == nil {
			number = found
		}
	}
	id, err := strconv.ParseUint(number, 10, 32)
	if err != nil {
		return 0, errInternal("Failed to parse %s '%s'", what, name)
	}
	return uint32(id), nil
}

// giveTPM lets the user of the emulator have its state, its log and the folder of its socket.
func giveTPM(owner *syscall.Credential, h *companion.Process, folder string) error {
	if owner == nil {
		return nil
	}
	uid, gid := int(owner.Uid), int(owner.Gid)
	if err := os.Chown(h.TPM.Log, uid, gid); err != nil {
		return errSystem(err, "Could not chown on swtpm logfile %s", h.TPM.Log)
	}
	const groupWrites = 0o770
	sockets := filepath.Dir(h.Socket)
	for _, dir := range []string{filepath.Dir(h.TPM.Log), sockets} {
		if err := os.Chown(dir, -1, gid); err != nil {
			return errSystem(err, "unable to set ownership of '%s'", dir)
		}
		if err := os.Chmod(dir, groupWrites|1); err != nil {
			return errSystem(err, "cannot set mode of '%s'", dir)
		}
	}
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			err = os.Lchown(path, uid, gid)
		}
		if err != nil {
			return errSystem(err, "cannot chown '%s' to (%d, %d)", path, uid, gid)
		}
		return nil
	})
}
