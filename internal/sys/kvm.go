package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// KVMDevice is where the kernel's hypervisor is asked.
const KVMDevice = "/dev/kvm"

// What may be asked of it.
const (
	kvmCheckExtension = 0xae03
	kvmCapNrVCPUs     = 9
	kvmCapMaxVCPUs    = 66
)

// kvmFewVCPUs is what a kernel can do that does not say.
const kvmFewVCPUs = 4

// KVMMaxVCPUs gives how many virtual processors a machine of KVM may have.
func KVMMaxVCPUs() (int, error) {
	f, err := os.Open(KVMDevice)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for _, capability := range []uintptr{kvmCapMaxVCPUs, kvmCapNrVCPUs} {
		n, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), kvmCheckExtension, capability)
		if errno == 0 && int(n) > 0 {
			return int(n), nil
		}
	}
	return kvmFewVCPUs, nil
}
