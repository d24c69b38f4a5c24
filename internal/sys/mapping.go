package sys

import (
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Mapping is a memory file in our address space: what is written there lives on
// with the file, also where this process is killed within the next instruction.
type Mapping struct {
	file *os.File
	data []byte
}

// Map maps a file of at least this size; what is missing is added and reserved.
func Map(f *os.File, size int) (*Mapping, error) {
	m := &Mapping{file: f}
	return m, m.Resize(size)
}

// Resize gives the file another size. The bytes of before are another slice after it.
func (m *Mapping) Resize(size int) error {
	fd := int(m.file.Fd())
	// Reserved, for a page that cannot be had later on would end the process.
	if err := unix.Fallocate(fd, 0, 0, int64(size)); err != nil {
		return os.NewSyscallError("fallocate", err)
	}
	data, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	m.Close()
	m.data = data
	return os.NewSyscallError("ftruncate", unix.Ftruncate(fd, int64(size)))
}

// Bytes is the content.
func (m *Mapping) Bytes() []byte { return m.data }

// Store32 writes a word after all that was written before; offset is a multiple of 4.
func (m *Mapping) Store32(offset int, v uint32) {
	_ = m.data[offset+3]
	atomic.StoreUint32((*uint32)(unsafe.Pointer(&m.data[offset])), v)
}

// Store64 is the same for a multiple of 8.
func (m *Mapping) Store64(offset int, v uint64) {
	_ = m.data[offset+7]
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&m.data[offset])), v)
}

// Close takes it out of our address space; the file stays open.
func (m *Mapping) Close() {
	if m.data != nil {
		_ = unix.Munmap(m.data)
		m.data = nil
	}
}
