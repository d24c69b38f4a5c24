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

const (
	kvmCreateVM      = 0xae01
	kvmCreateVCPU    = 0xae41
	kvmGetTSCKHz     = 0xaea3
	kvmCapTSCControl = 60
)

// KVMTimestamps gives the frequency in Hz of a guest's time stamp counter, and whether KVM can scale it.
func KVMTimestamps() (frequency uint64, scaling bool, err error) {
	kvm, err := os.Open(KVMDevice)
	if err != nil {
		return 0, false, err
	}
	defer kvm.Close()
	vm, err := ioctl(kvm.Fd(), kvmCreateVM, 0)
	if err != nil {
		return 0, false, err
	}
	defer unix.Close(int(vm))
	vcpu, err := ioctl(vm, kvmCreateVCPU, 0)
	if err != nil {
		return 0, false, err
	}
	defer unix.Close(int(vcpu))
	kHz, err := ioctl(vcpu, kvmGetTSCKHz, 0)
	if err != nil {
		return 0, false, err
	}
	can, err := ioctl(kvm.Fd(), kvmCheckExtension, kvmCapTSCControl)
	return uint64(kHz) * 1000, can > 0, err
}

func ioctl(fd, request, arg uintptr) (uintptr, error) {
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, arg)
	if errno != 0 {
		return 0, errno
	}
	return n, nil
}
