package sys

import (
	"errors"
	"strings"
	"syscall"
)

// Errno gives the errno in err's chain in the words of the C library, without
// the operation and the path that an error of os repeats; err where there is none.
func Errno(err error) error {
	var e syscall.Errno
	if errors.As(err, &e) {
		return described{e}
	}
	return err
}

// described begins with a capital letter, as the C library's texts do.
type described struct{ errno syscall.Errno }

func (d described) Error() string {
	s := d.errno.Error()
	return strings.ToUpper(s[:1]) + s[1:]
}

func (d described) Unwrap() error { return d.errno }
