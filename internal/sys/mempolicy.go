package sys

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MemoryMode is how strictly memory comes from certain NUMA nodes.
type MemoryMode int

// The modes of the kernel.
const (
	MemoryDefault    MemoryMode = 0
	MemoryPreferred  MemoryMode = 1
	MemoryBind       MemoryMode = 2
	MemoryInterleave MemoryMode = 3
)

// maxNodes is how many NUMA nodes a kernel may know.
const maxNodes = 1024

// MemoryPolicy says from which NUMA nodes memory comes.
type MemoryPolicy struct {
	Mode  MemoryMode
	Nodes []int
}

// During runs f under the policy; processes that f starts keep it.
func (p MemoryPolicy) During(f func() error) error {
	if p.Mode == MemoryDefault {
		return f()
	}
	runtime.LockOSThread()
	if err := p.set(); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() {
		if (MemoryPolicy{}).set() == nil {
			runtime.UnlockOSThread() // else the thread ends with its goroutine
		}
	}()
	return f()
}

func (p MemoryPolicy) set() error {
	const bits = 64
	var mask [maxNodes / bits]uint64
	for _, n := range p.Nodes {
		if n < maxNodes {
			mask[n/bits] |= 1 << (n % bits)
		}
	}
	at, size := unsafe.Pointer(&mask), uintptr(maxNodes)
	if p.Mode == MemoryDefault {
		at, size = nil, 0
	}
	_, _, errno := unix.Syscall(unix.SYS_SET_MEMPOLICY, uintptr(p.Mode), uintptr(at), size)
	runtime.KeepAlive(&mask)
	if errno != 0 {
		return os.NewSyscallError("set_mempolicy", errno)
	}
	return nil
}
