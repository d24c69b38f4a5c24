package cstate

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"virtree.dev/internal/sys"
)

// fileLimit bounds a restart file, as in libvirt.
const fileLimit = 10 << 20

// Load reads a restart file that was written for this process, and removes it.
// There is no document where there is no file, or one of another process; a note
// tells of that.
func Load(path string, pid int, names ...string) (d *Document, note string, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("cannot open the restart file %s: %w", path, sys.Errno(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, fileLimit+1))
	_ = os.Remove(path) // as libvirt does, whatever is in it
	if err != nil {
		return nil, "", fmt.Errorf("cannot read the restart file %s: %w", path, sys.Errno(err))
	}
	if len(data) > fileLimit {
		return nil, "", fmt.Errorf("the restart file %s is longer than %d bytes", path, fileLimit)
	}
	if d, err = Parse(data, names...); err != nil {
		return nil, "", err
	}
	if want := strconv.Itoa(pid); d.Magic != want {
		return nil, fmt.Sprintf("Found restart exec file with old magic %s vs wanted %s", d.Magic, want), nil
	}
	return d, "", nil
}
