package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Bounds of the names PCI devices have on a mainframe.
const (
	firstUID, lastUID = 1, 0xffff
	firstFID, lastFID = 0, 0xffffffff
)

// zpciSet has the names that are taken.
type zpciSet struct{ uids, fids map[uint]bool }

// zpci names the PCI devices of a mainframe; those come first that the document names in part.
func (a *assigner) zpci() error {
	if !a.binary.Has("zpci") {
		return nil
	}
	set := &zpciSet{uids: map[uint]bool{}, fids: map[uint]bool{}}
	var named, others []*domain.ZPCI
	for dev := range a.doc.Devices.All() {
		switch z := zpciOf(dev); {
		case z == nil:
		case z.UID != nil || z.FID != nil:
			named = append(named, z)
		default:
			others = append(others, z)
		}
	}
	for _, z := range append(named, others...) {
		if err := set.name(z); err != nil {
			return err
		}
	}
	return nil
}

// zpciOf is the name of a device, to be filled in; nil for what goes without.
func zpciOf(dev domain.Device) *domain.ZPCI {
	i := dev.Info()
	if _, port := dev.(*domain.Chardev); port || i.Address.Type != "pci" {
		return nil
	}
	if i.Address.PCI.ZPCI == nil {
		i.Address.PCI.ZPCI = &domain.ZPCI{}
	}
	return i.Address.PCI.ZPCI
}

func (s *zpciSet) name(z *domain.ZPCI) error {
	if err := choose(s.uids, &z.UID, firstUID, lastUID, "uid"); err != nil {
		return err
	}
	if err := choose(s.fids, &z.FID, firstFID, lastFID, "fid"); err != nil {
		return err
	}
	if err := claim(s.uids, *z.UID, "uid"); err != nil {
		return err
	}
	return claim(s.fids, *z.FID, "fid")
}

func choose(taken map[uint]bool, v **uint, first, last uint, what string) error {
	if *v != nil {
		return nil
	}
	n := first
	for ; taken[n]; n++ {
		if n == last {
			return virerr.New(virerr.FromDomain, virerr.InternalError, "There is no more free %s.", what)
		}
	}
	*v = &n
	return nil
}

func claim(taken map[uint]bool, v uint, what string) error {
	if taken[v] {
		return virerr.New(virerr.FromDomain, virerr.InternalError, "zPCI %s %o is already reserved", what, v)
	}
	taken[v] = true
	return nil
}
