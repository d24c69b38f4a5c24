package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// FlushData waits until the bytes of a file are on the disk, without a commit of
// what describes them. Where the filesystem cannot do that, it is a whole sync.
func FlushData(f *os.File) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	const whole = unix.SYNC_FILE_RANGE_WAIT_BEFORE | unix.SYNC_FILE_RANGE_WRITE | unix.SYNC_FILE_RANGE_WAIT_AFTER
	var failure error
	err = conn.Control(func(fd uintptr) {
		failure = unix.SyncFileRange(int(fd), 0, 0, whole)
	})
	if err != nil {
		return err
	}
	if failure != nil {
		return f.Sync()
	}
	return nil
}
