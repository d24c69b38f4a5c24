package sys

import "golang.org/x/sys/unix"

// SetLimits bounds how many processes the user of a process may have and how
// many files the process may have open; 0 leaves a limit as it is.
func SetLimits(pid int, processes, files uint) error {
	for _, l := range []struct {
		resource int
		value    uint
	}{{unix.RLIMIT_NPROC, processes}, {unix.RLIMIT_NOFILE, files}} {
		if l.value == 0 {
			continue
		}
		limit := unix.Rlimit{Cur: uint64(l.value), Max: uint64(l.value)}
		if err := unix.Prlimit(pid, l.resource, &limit, nil); err != nil {
			return err
		}
	}
	return nil
}
