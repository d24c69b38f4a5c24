package sys

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Lease is a file whose first byte may be locked. The lock belongs to the open
// file (an OFD lock): a duplicate of the descriptor in another process holds it
// as well, and unlocking through any of them frees it. It conflicts with POSIX
// record locks, those of this process among them.
type Lease struct {
	fd    int
	file  *os.File // whose descriptor it is; nil: it is its own
	local bool     // no call on it waits for another host
}

// FileID tells whether two names are of one file.
type FileID struct{ Device, Inode uint64 }

// FileInfo is what a lock wants to know of its file.
type FileInfo struct {
	ID    FileID
	Links uint64
	Size  int64
}

// OpenLease opens a file for locking. Nothing is locked yet.
func OpenLease(path string, create bool) (*Lease, error) {
	flags := unix.O_RDWR | unix.O_CLOEXEC
	if create {
		flags |= unix.O_CREAT
	}
	for {
		fd, err := unix.Open(path, flags, 0o600)
		if err == nil {
			return &Lease{fd: fd}, nil
		}
		if err != unix.EINTR {
			return nil, err
		}
	}
}

// AdoptLease makes a lease of a file that came from elsewhere, which it then owns.
func AdoptLease(f *os.File) (*Lease, error) {
	l := &Lease{fd: -1, file: f}
	conn, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	if err := conn.Control(func(fd uintptr) { l.fd = int(fd) }); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Lease) control(cmd int, kind int16) (unix.Flock_t, error) {
	for {
		lock := unix.Flock_t{Type: kind, Len: 1}
		err := l.fcntl(cmd, &lock)
		if !errors.Is(err, unix.EINTR) {
			return lock, err
		}
	}
}

func (l *Lease) fcntl(cmd int, lock *unix.Flock_t) error {
	if l.local {
		return quickLock(l.fd, cmd, lock)
	}
	return unix.FcntlFlock(uintptr(l.fd), cmd, lock)
}

// Local says that the file is on a file system of this host alone.
func (l *Lease) Local() { l.local = true }

// Linked says whether a local file still has a name.
func (l *Lease) Linked() bool {
	var st unix.Stat_t
	return quickStat(l.fd, &st) == nil && st.Nlink > 0
}

func lockKind(shared bool) int16 {
	if shared {
		return unix.F_RDLCK
	}
	return unix.F_WRLCK
}

// Lock takes the lock, or changes it to the other kind; Held says of the error
// whether somebody else has it.
func (l *Lease) Lock(shared bool) error {
	_, err := l.control(unix.F_OFD_SETLK, lockKind(shared))
	return err
}

// Unlock frees the lock in whatever process it is held.
func (l *Lease) Unlock() error {
	_, err := l.control(unix.F_OFD_SETLK, unix.F_UNLCK)
	return err
}

// Held says whether a lock was refused because somebody else has it.
func Held(err error) bool { return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EACCES) }

// Holder tells who has a lock that keeps us from an exclusive one: a process
// number where a process of this host has a POSIX lock, else a number below 1.
func (l *Lease) Holder() (pid int, held bool) {
	lock, err := l.control(unix.F_OFD_GETLK, unix.F_WRLCK)
	return int(lock.Pid), err == nil && lock.Type != unix.F_UNLCK
}

// TakeOver makes an OFD lock of the POSIX lock that this process has on the
// file, and never lets an exclusive lock of anybody else in between: while the
// kind of lock changes, both are held shared.
func (l *Lease) TakeOver(shared bool) error {
	if _, err := l.control(unix.F_SETLK, unix.F_RDLCK); err != nil {
		return err
	}
	if err := l.Lock(true); err != nil {
		return err
	}
	if _, err := l.control(unix.F_SETLK, unix.F_UNLCK); err != nil {
		return err
	}
	if shared {
		return nil
	}
	return l.Lock(false)
}

// Stat looks at the open file.
func (l *Lease) Stat() (FileInfo, error) {
	var st unix.Stat_t
	if err := unix.Fstat(l.fd, &st); err != nil {
		return FileInfo{}, err
	}
	return infoOf(&st), nil
}

// StatFile looks at what is at a path now.
func StatFile(path string) (FileInfo, error) {
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return FileInfo{}, err
	}
	return infoOf(&st), nil
}

func infoOf(st *unix.Stat_t) FileInfo {
	return FileInfo{ID: FileID{st.Dev, st.Ino}, Links: uint64(st.Nlink), Size: st.Size} //nolint:unconvert // narrower on other architectures
}

// Read reads from the beginning of the file.
func (l *Lease) Read(b []byte) (int, error) {
	n, err := unix.Pread(l.fd, b, 0)
	return max(n, 0), err
}

// Replace makes b all that is in the file, for other hosts too.
func (l *Lease) Replace(b []byte) error {
	if err := unix.Ftruncate(l.fd, 0); err != nil || len(b) == 0 {
		return err
	}
	if n, err := unix.Pwrite(l.fd, b, 0); err != nil || n < len(b) || l.local {
		return err
	}
	return unix.Fdatasync(l.fd)
}

// Close closes the file; a duplicate elsewhere goes on holding the lock.
func (l *Lease) Close() {
	if l.file != nil {
		l.file.Close()
		return
	}
	_ = unix.Close(l.fd)
}

// SyscallConn gives the descriptor to whoever passes it on.
func (l *Lease) SyscallConn() (syscall.RawConn, error) { return leaseConn{l}, nil }

type leaseConn struct{ l *Lease }

func (c leaseConn) Control(f func(fd uintptr)) error {
	f(uintptr(c.l.fd))
	return nil
}
func (leaseConn) Read(func(fd uintptr) bool) error  { return syscall.EINVAL }
func (leaseConn) Write(func(fd uintptr) bool) error { return syscall.EINVAL }

// Touch makes a file where there is none.
func Touch(path string) error {
	for {
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return unix.Close(fd)
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// Unlink takes a name away; one that is not there is fine.
func Unlink(path string) error {
	for {
		err := unix.Unlink(path)
		if err == unix.ENOENT {
			return nil
		}
		if err != unix.EINTR {
			return err
		}
	}
}

// local are the file systems whose calls wait for no other host.
var local = map[int64]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC: true, unix.RAMFS_MAGIC: true, unix.OVERLAYFS_SUPER_MAGIC: true, unix.F2FS_SUPER_MAGIC: true,
}

// LocalFileSystem says whether a folder is on a file system of this host alone.
func LocalFileSystem(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && local[st.Type]
}
