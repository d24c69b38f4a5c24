package ownership

import (
	"errors"
	"fmt"
	"strconv"
	"syscall"

	"virtree.dev/internal/account"
	"virtree.dev/internal/sys"
)

// The attributes of a file in use.
const (
	attrOwner = "trusted.libvirt.security.dac"
	attrUses  = "trusted.libvirt.security.ref_dac"
	attrBoot  = "trusted.libvirt.security.timestamp_dac"
)

// errForgetful says that a file cannot remember, or does not.
var errForgetful = errors.New("nothing is remembered of the file")

// sameBoot is by how many seconds two readings of one boot's time may differ.
const sameBoot = 5

// uses reads how often a file is in use; 0 for one that is not.
func (b Boot) uses(path string) (uint64, error) {
	text, err := sys.Xattr(path, attrUses)
	switch {
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
		return 0, errForgetful
	case err != nil:
		return 0, fmt.Errorf("Unable to get XATTR %s on %s: %w", attrUses, path, sys.Errno(err))
	case text == "":
		return 0, nil
	}
	stamp, err := sys.Xattr(path, attrBoot)
	if err != nil {
		return 0, fmt.Errorf("Unable to get XATTR %s on %s: %w", attrBoot, path, sys.Errno(err))
	}
	if !b.wrote(stamp) {
		return 0, forget(path)
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("malformed refcount %s on %s", text, path)
	}
	return n, nil
}

// wrote says whether a time stamp is of this boot.
func (b Boot) wrote(stamp string) bool {
	at, err := strconv.ParseUint(stamp, 10, 64)
	return err == nil && max(at, uint64(b))-min(at, uint64(b)) <= sameBoot
}

// remember counts a use of a file, and writes down whose it is with the first one.
func (b Boot) remember(path string, owner account.IDs) (uses uint64, err error) {
	uses, err = b.uses(path)
	if err != nil {
		return 0, err
	}
	uses++
	if uses == 1 {
		err = errors.Join(sys.SetXattr(path, attrOwner, owner.String()), sys.SetXattr(path, attrBoot, strconv.FormatUint(uint64(b), 10)))
	}
	if err == nil {
		err = sys.SetXattr(path, attrUses, strconv.FormatUint(uses, 10))
	}
	if err != nil && uses == 1 {
		_ = forget(path)
	}
	if errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTSUP) {
		return 0, errForgetful // it can be read, and that is all
	}
	return uses, err
}

// recall ends a use of a file. With the last one it tells whose the file was.
func (b Boot) recall(path string) (owner account.IDs, last bool, err error) {
	uses, err := b.uses(path)
	if err != nil {
		return owner, false, err
	}
	switch uses {
	case 0:
		return owner, false, errForgetful
	case 1:
	default:
		return owner, false, sys.SetXattr(path, attrUses, strconv.FormatUint(uses-1, 10))
	}
	label, err := sys.Xattr(path, attrOwner)
	if err == nil {
		err = forget(path)
	}
	if err == nil {
		owner, err = account.ParseIDs(label)
	}
	return owner, true, err
}

// forget takes the attributes away. How often it is used goes first: without it the others mean nothing.
func forget(path string) error {
	for _, name := range []string{attrUses, attrOwner, attrBoot} {
		if err := sys.RemoveXattr(path, name); err != nil {
			return err
		}
	}
	return nil
}
