package lockd

import (
	"errors"

	"virtree.dev/protocol/virerr"
)

// errHeld says that somebody else has the lock.
var errHeld = errors.New("somebody else has the lock")

// locked is libvirt's error for a resource that is held, and who holds it.
// Clients know it by its code and its beginning.
func locked(name, holder string) error {
	if holder != "" {
		holder = ": held by " + holder
	}
	return virerr.New(virerr.FromLockspace, virerr.ResourceBusy, "Lockspace resource '%s' is locked%s", name, holder)
}

func systemError(err error, format string, args ...any) error {
	return virerr.System(virerr.FromLockspace, err, format, args...)
}

func openError(path string, create bool, err error) error {
	if create {
		return systemError(err, "Unable to open/create resource %s", path)
	}
	return systemError(err, "Unable to open resource %s", path)
}

// rpcError is an error of the program itself.
func rpcError(c virerr.Code, format string, args ...any) error {
	return virerr.New(virerr.FromRPC, c, format, args...)
}

// checkFlags refuses flags that a function does not have.
func checkFlags(flags, known uint32, function string) error {
	if unknown := flags &^ known; unknown != 0 {
		return virerr.Argument(virerr.FromRPC, function, "flags", "unsupported flags (0x%x) in function %s", unknown, function)
	}
	return nil
}
