package sys

import (
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// AsUser runs f with another user's access to files. Only this thread changes, and nothing
// that f starts does.
func AsUser(c *syscall.Credential, f func() error) error {
	own, err := unix.Getgroups()
	if err != nil {
		return err
	}
	groups := make([]uint32, 0, len(own))
	for _, g := range own {
		groups = append(groups, uint32(g))
	}
	runtime.LockOSThread()
	defer func() {
		if accessAs(uint32(unix.Geteuid()), uint32(unix.Getegid()), groups) == nil {
			runtime.UnlockOSThread() // else the thread ends with its goroutine
		}
	}()
	if err := accessAs(c.Uid, c.Gid, c.Groups); err != nil {
		return err
	}
	return f()
}

// accessAs changes the users and groups by which the kernel judges access to files.
func accessAs(uid, gid uint32, groups []uint32) error {
	if err := threadGroups(groups); err != nil {
		return err
	}
	return fsIDs(uid, gid)
}

func fsIDs(uid, gid uint32) error {
	for _, set := range []struct{ call, id uintptr }{{unix.SYS_SETFSGID, uintptr(gid)}, {unix.SYS_SETFSUID, uintptr(uid)}} {
		_, _, _ = unix.RawSyscall(set.call, set.id, 0, 0) // it tells the former, and of no failure
		if now, _, _ := unix.RawSyscall(set.call, ^uintptr(0), 0, 0); uint32(now) != uint32(set.id) {
			return unix.EPERM
		}
	}
	return nil
}

// threadGroups sets the groups of this thread alone.
func threadGroups(groups []uint32) error {
	var at unsafe.Pointer
	if len(groups) > 0 {
		at = unsafe.Pointer(&groups[0])
	}
	_, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(at), 0)
	runtime.KeepAlive(groups)
	if errno != 0 {
		return errno
	}
	return nil
}
