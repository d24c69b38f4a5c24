package ownership

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"virtree.dev/internal/account"
	"virtree.dev/internal/sys"
)

// Boot is when the host was started, by which files know what is remembered of them is true.
type Boot uint64

// File is a file to give away, or to take back.
type File struct {
	Path     string
	To       account.IDs
	Remember bool // whose it was, for when it is taken back
}

// Give gives all files away, or none. With lasting, whose they were is written down with them.
func (b Boot) Give(files []File, lasting bool) error {
	locked, err := lock(files, lasting)
	if err != nil {
		return err
	}
	defer locked.release()
	former := make([]account.IDs, len(files))
	for i, f := range files {
		if former[i], err = b.give(f, locked.has(f)); err != nil {
			for j := i - 1; j >= 0; j-- {
				_ = b.takeBack(files[j], locked.has(files[j]), former[j])
			}
			return err
		}
	}
	return nil
}

// ErrInUse says that a file is in use by somebody else, who would lose it.
type ErrInUse struct{ Path string }

func (e *ErrInUse) Error() string {
	return fmt.Sprintf("Setting different DAC user or group on %s which is already in use", e.Path)
}

// give tells whose the file was.
func (b Boot) give(f File, remember bool) (account.IDs, error) {
	owner, err := ownerOf(f.Path)
	if err != nil {
		return owner, err
	}
	counted := false
	if remember {
		uses, err := b.remember(f.Path, owner)
		if err != nil && !errors.Is(err, errForgetful) {
			return owner, err
		}
		counted = err == nil
		if uses > 1 && owner != f.To {
			_, _, _ = b.recall(f.Path)
			return owner, &ErrInUse{f.Path}
		}
	}
	if err = change(f.Path, owner, f.To); err != nil && counted {
		_, _, _ = b.recall(f.Path)
	}
	return owner, err
}

// Lost says which files are taken back of which nothing is remembered.
type Lost bool

// The files that remember nothing.
const (
	LostToRoot Lost = true  // they become root's
	LostStay   Lost = false // they may never have been given away: they stay as they are
)

// TakeBack gives files back to those whose they were. All are tried; the errors are those of some.
func (b Boot) TakeBack(files []File, lasting bool, lost Lost) error {
	locked, err := lock(files, lasting)
	if err != nil {
		return err
	}
	defer locked.release()
	var failed []error
	for _, f := range files {
		if lost == LostStay && !b.remembers(f, locked) {
			continue
		}
		if err := b.takeBack(f, locked.has(f), account.IDs{}); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

func (b Boot) remembers(f File, locked locks) bool {
	if !locked.has(f) {
		return false
	}
	uses, err := b.uses(f.Path)
	return err == nil && uses > 0
}

// takeBack makes the file the other's when it does not remember whose it was.
func (b Boot) takeBack(f File, remembered bool, to account.IDs) error {
	if remembered {
		owner, last, err := b.recall(f.Path)
		switch {
		case errors.Is(err, errForgetful):
		case err != nil:
			return err
		case !last:
			return nil // somebody else uses it still
		default:
			to = owner
		}
	}
	owner, err := ownerOf(f.Path)
	if errors.Is(err, syscall.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	return change(f.Path, owner, to)
}

func ownerOf(path string) (account.IDs, error) {
	info, err := os.Stat(path)
	if err != nil {
		return account.IDs{}, &Failure{fmt.Sprintf("unable to stat: %s", path), err}
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return account.IDs{}, &Failure{fmt.Sprintf("unable to stat: %s", path), syscall.ENOSYS}
	}
	return account.IDs{UID: st.Uid, GID: st.Gid}, nil
}

// Failure is what the system refused.
type Failure struct {
	What string
	Err  error
}

func (e *Failure) Error() string { return e.What + ": " + sys.Errno(e.Err).Error() }

func (e *Failure) Unwrap() error { return e.Err }

// change makes a file another's. File systems that have no owners, or do not let us, are left as they are.
func change(path string, from, to account.IDs) error {
	if from == to {
		return nil
	}
	err := os.Chown(path, int(to.UID), int(to.GID))
	for _, tolerated := range []error{syscall.EOPNOTSUPP, syscall.EINVAL, syscall.EPERM, syscall.EROFS} {
		if errors.Is(err, tolerated) {
			return nil
		}
	}
	if err != nil {
		return &Failure{fmt.Sprintf("unable to set user and group to '%d:%d' on '%s'", to.UID, to.GID, path), err}
	}
	return nil
}
