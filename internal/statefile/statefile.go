package statefile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/sys"
)

// suffix of a file that is being written; it is libvirt's own, so that either
// daemon overwrites what the other left behind.
const suffix = ".new"

// Write replaces the content of path, atomically and durably. The bytes are on
// the disk before a name that had others is theirs; the name is made durable by the
// file's own sync, which commits what was done to the file before: one commit for
// both. A name that is new has nothing to lose: power that fails before Write
// returns may leave it without its bytes.
func Write(path string, data []byte, mode fs.FileMode) error {
	f, err := create(path+suffix, data, mode)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := keepOld(path, f); err != nil {
		_ = os.Remove(path + suffix)
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	if err := replace(path, "statefile.written"); err != nil {
		return err
	}
	if err := failpoint.Hit("statefile.renamed"); err != nil {
		return err
	}
	return f.Sync()
}

// keepOld has the bytes of f on the disk before it takes the place of another file.
func keepOld(path string, f *os.File) error {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return sys.FlushData(f)
}

// replace puts the temporary file in the place of path; point is between the two.
func replace(path, point string) error {
	err := failpoint.Hit(point)
	if err == nil {
		err = os.Rename(path+suffix, path)
	}
	if err != nil {
		_ = os.Remove(path + suffix)
		return fmt.Errorf("cannot replace %s: %w", path, err)
	}
	return nil
}

// WriteVolatile replaces the content of path atomically, for folders that do not
// outlive a boot: nothing is waited for.
func WriteVolatile(path string, data []byte, mode fs.FileMode) error {
	if err := os.WriteFile(path+suffix, data, mode); err != nil {
		return err
	}
	return replace(path, "statefile.volatile")
}

// create makes a file with this content; there is none after an error.
func create(path string, data []byte, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		_ = os.Remove(path)
		return nil, err
	}
	return f, nil
}

// Remove takes a file away; as with libvirt, a loss of power in the seconds after
// may bring it back. A file that is not there is no error.
func Remove(path string) error {
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return failpoint.Hit("statefile.removed")
}

// Leftover says whether a file is what a crash left of one that was being written.
func Leftover(name string) bool { return strings.HasSuffix(name, suffix) }

// Link makes path a symbolic link to target, durably, whatever path was before.
func Link(target, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return err
	}
	_ = os.Remove(path + suffix)
	if err := os.Symlink(target, path+suffix); err != nil {
		return err
	}
	if err := replace(path, "statefile.linked"); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(path))
}

// Rename moves a file within a folder, durably.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncFolder(filepath.Dir(to))
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
