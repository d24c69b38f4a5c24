package qemu

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"virtree.dev/actors/qemu/companion"
	"virtree.dev/internal/account"
)

// defaultTPMUser is who serves TPMs when qemu.conf names nobody, where there is such a user.
const defaultTPMUser = "tss"

// swtpmUser is whom the emulators of TPMs run as; nil for ourselves.
func (d *Driver) swtpmUser() (*syscall.Credential, error) {
	if !d.dirs.Privileged {
		return nil, nil
	}
	uid, err := identify(d.config.SWTPMUser, account.User)
	if err != nil {
		return nil, err
	}
	gid, err := identify(d.config.SWTPMGroup, account.Group)
	if err != nil || uid == 0 && gid == 0 {
		return nil, err
	}
	return &syscall.Credential{Uid: uid, Gid: gid, Groups: []uint32{gid}}, nil
}

// identify finds the number of a user or a group; root's, where the usual one is not there.
func identify(name string, find func(string) (uint32, error)) (uint32, error) {
	if name == "" {
		id, _ := find(defaultTPMUser)
		return id, nil
	}
	id, err := find(name)
	if err != nil {
		return 0, errInternal("%s", err)
	}
	return id, nil
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
