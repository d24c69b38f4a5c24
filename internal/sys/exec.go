package sys

import (
	"errors"
	"io"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// KeepOnExec lets a descriptor live through execve.
func KeepOnExec(fd int) { _, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0) }

// CloseAllOnExec ends all descriptors from the first one on at execve: what we run, and
// what outlives us, must not hold what we were started with.
func CloseAllOnExec(first int) error {
	return unix.CloseRange(uint(first), math.MaxInt32, unix.CLOSE_RANGE_CLOEXEC)
}

// CloseOnExec ends a descriptor at execve.
func CloseOnExec(fd int) { unix.CloseOnExec(fd) }

// Memory makes a file that has no name anywhere, with this content.
func Memory(name string, content []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), name)
	if _, err := f.Write(content); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadMemory reads such a file from its beginning and closes it.
func ReadMemory(fd int, limit int64) ([]byte, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, os.NewSyscallError("fstat", err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 0 {
		return nil, errors.New("it is no memory file")
	}
	f := os.NewFile(uintptr(fd), "memory")
	defer f.Close()
	if st.Size > limit {
		return nil, errors.New("it is too large")
	}
	return io.ReadAll(io.NewSectionReader(f, 0, st.Size))
}

// BlockSignals holds signals back on this thread until unblock. The thread must be locked.
func BlockSignals(signals ...syscall.Signal) (unblock func(), err error) {
	var set, old unix.Sigset_t
	for _, s := range signals {
		bit := uint(s) - 1
		set.Val[bit/64] |= 1 << (bit % 64)
	}
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old); err != nil {
		return nil, os.NewSyscallError("sigmask", err)
	}
	return func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }, nil
}
