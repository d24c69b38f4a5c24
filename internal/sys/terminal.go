package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsTerminal says whether somebody sits at the other end of f.
func IsTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}
