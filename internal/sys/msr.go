package sys

import (
	"encoding/binary"
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// msrDevice shows the model-specific registers of the first processor, to root.
const msrDevice = "/dev/cpu/0/msr"

const kvmGetMSRs = 0xc008ae88

// kvmMSRs is struct kvm_msrs with one entry.
type kvmMSRs struct {
	count, _ uint32
	index, _ uint32
	value    uint64
}

// ReadMSR reads a model-specific register: of the processor, or else as KVM would show it to a guest.
func ReadMSR(index uint32) (uint64, error) {
	if f, err := os.Open(msrDevice); err == nil {
		defer f.Close()
		var b [8]byte
		_, err := f.ReadAt(b[:], int64(index))
		if err == nil || errors.Is(err, unix.EIO) { // a register that the processor lacks
			return binary.LittleEndian.Uint64(b[:]), err
		}
	}
	f, err := os.Open(KVMDevice)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	m := kvmMSRs{count: 1, index: index}
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), kvmGetMSRs, uintptr(unsafe.Pointer(&m)))
	if errno != 0 {
		return 0, errno
	}
	if n != 1 {
		return 0, unix.ENOENT
	}
	return m.value, nil
}
