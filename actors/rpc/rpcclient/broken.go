package rpcclient

import (
	"errors"
	"fmt"
	"syscall"

	"virtree.dev/protocol/virerr"
)

// broken makes of a failed read or write what libvirt says of it; another error
// than that of the kernel (a deadline, a closed connection) keeps its kind.
func broken(err error, what string) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return virerr.System(virerr.FromRPC, errno, "%s", what)
	}
	return fmt.Errorf("%s: %w", what, err)
}
