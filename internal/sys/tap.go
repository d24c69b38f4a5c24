package sys

import (
	"net"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Tap opens a queue of a tap device; an empty name or one with %d lets the kernel
// choose. The name that it got comes back. Errors are of the system.
func Tap(name string, multiqueue, vnetHeader bool) (*os.File, string, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", err
	}
	f := os.NewFile(uintptr(fd), "/dev/net/tun")
	r, err := unix.NewIfreq(name)
	if err != nil {
		f.Close()
		return nil, "", err
	}
	flags := uint16(unix.IFF_TAP | unix.IFF_NO_PI)
	if multiqueue {
		flags |= unix.IFF_MULTI_QUEUE
	}
	if vnetHeader {
		flags |= unix.IFF_VNET_HDR
	}
	r.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		f.Close()
		return nil, "", err
	}
	return f, r.Name(), nil
}

// control runs an ioctl on a network device.
func control(name string, request uint, set func(*unix.Ifreq)) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	r, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	set(r)
	return unix.IoctlIfreq(fd, request, r)
}

// LinkUp brings a network device up.
func LinkUp(name string) error {
	return control(name, unix.SIOCSIFFLAGS, func(r *unix.Ifreq) { r.SetUint16(unix.IFF_UP) })
}

// LinkAddress sets the hardware address of a network device.
func LinkAddress(name string, mac net.HardwareAddr) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var r struct { // struct ifreq with ifr_hwaddr
		name   [unix.IFNAMSIZ]byte
		family uint16
		mac    [14]byte
		_      [8]byte
	}
	copy(r.name[:unix.IFNAMSIZ-1], name)
	r.family = unix.ARPHRD_ETHER
	copy(r.mac[:], mac)
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCSIFHWADDR, uintptr(unsafe.Pointer(&r)))
	runtime.KeepAlive(&r)
	if errno != 0 {
		return errno
	}
	return nil
}

// LinkMTU sets how large a packet may be, in bytes.
func LinkMTU(name string, mtu uint) error {
	return control(name, unix.SIOCSIFMTU, func(r *unix.Ifreq) { r.SetUint32(uint32(mtu)) })
}

// BridgeAdd makes a network device a port of a bridge.
func BridgeAdd(bridge, port string) error {
	dev, err := net.InterfaceByName(port)
	if err != nil {
		return err
	}
	return control(bridge, unix.SIOCBRADDIF, func(r *unix.Ifreq) { r.SetUint32(uint32(dev.Index)) })
}
