package sys

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// maxXattr bounds the value of an attribute that is read.
const maxXattr = 4096

// Xattr reads an extended attribute of a file; "" and no error when the file has none such.
func Xattr(path, name string) (string, error) {
	b := make([]byte, maxXattr)
	n, err := unix.Getxattr(path, name, b)
	if errors.Is(err, unix.ENODATA) {
		return "", nil
	}
	if err != nil {
		return "", &os.PathError{Op: "getxattr", Path: path, Err: err}
	}
	return string(b[:n]), nil
}

// SetXattr sets an extended attribute of a file.
func SetXattr(path, name, value string) error {
	if err := unix.Setxattr(path, name, []byte(value), 0); err != nil {
		return &os.PathError{Op: "setxattr", Path: path, Err: err}
	}
	return nil
}

// RemoveXattr takes an extended attribute from a file that may have it.
func RemoveXattr(path, name string) error {
	if err := unix.Removexattr(path, name); err != nil && !errors.Is(err, unix.ENODATA) {
		return &os.PathError{Op: "removexattr", Path: path, Err: err}
	}
	return nil
}
