package qemu

import (
	"errors"
	"os"
	"syscall"

	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
)

// firstGuestCID is the lowest number that a machine may have among sockets.
const firstGuestCID = 3

// openVSock opens the kernel's side of sockets to the machine, under the number that the
// document gives or the first that is free.
func (s *starter) openVSock() (*os.File, error) {
	f, err := openDevice(sys.VSockDevice, "unable to open vhost-vsock device")
	if err != nil {
		return nil, err
	}
	if err := numberVSock(f, s.def.Devices.VSock); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func numberVSock(f *os.File, v *xml.VSock) error {
	if v.AutoCID != xml.Yes {
		if err := sys.VSockNumber(f, uint64(v.CID)); err != nil {
			return errSystem(err, "failed to set guest cid")
		}
		return nil
	}
	for cid := uint(firstGuestCID); ; cid++ {
		err := sys.VSockNumber(f, uint64(cid))
		switch {
		case err == nil:
			v.CID = cid
			return nil
		case !errors.Is(err, syscall.EADDRINUSE):
			return errSystem(err, "failed to acquire guest cid")
		}
	}
}
