package ownership

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"

	"virtree.dev/internal/sys"
)

// The byte of a file that is locked while its attributes change: libvirt's.
const (
	lockOffset = 1
	lockLength = 1
)

// How long somebody else may be at a file's attributes, and how often we look.
const (
	lockPatience = 10 * time.Second
	lockPause    = time.Millisecond
)

// locks are the files whose attributes may be changed.
type locks map[string]*os.File

// lock locks the files that are to remember, in an order that nobody can cross.
func lock(files []File, lasting bool) (locks, error) {
	held := locks{}
	if !lasting {
		return held, nil
	}
	var paths []string
	for _, f := range files {
		if f.Remember {
			paths = append(paths, f.Path)
		}
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		f, err := lockOne(path)
		if err != nil {
			held.release()
			return nil, err
		}
		if f != nil {
			held[path] = f
		}
	}
	return held, nil
}

// lockOne locks one file; nil for one that cannot be opened to be written to.
func lockOne(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil, nil //nolint:nilerr // whoever needs it will say so
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, syscall.EROFS), err != nil && info.Mode()&(os.ModeSocket|os.ModeDevice) != 0:
		return nil, nil
	case errors.Is(err, os.ErrPermission):
		return nil, nil // a network file system on which root is nobody
	case err != nil:
		return nil, &Failure{fmt.Sprintf("unable to open %s", path), err}
	}
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err := sys.TryLockRange(f, lockOffset, lockLength)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, sys.ErrLocked) || time.Now().After(deadline) {
			f.Close()
			if errors.Is(err, sys.ErrLocked) {
				err = syscall.EAGAIN
			}
			return nil, &Failure{fmt.Sprintf("unable to lock %s for metadata change", path), err}
		}
	}
}

func (l locks) has(f File) bool { return f.Remember && l[f.Path] != nil }

func (l locks) release() {
	for _, f := range l {
		f.Close()
	}
}
