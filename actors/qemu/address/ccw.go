package address

import (
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

const (
	virtualCSSID = 0xfe // the channel subsystem image QEMU keeps for itself
	maxDevNo     = 65535
)

// ccw gives devices of mainframes their numbers on the channel subsystem.
func (a *assigner) ccw() error {
	if !a.m.S390CCW() {
		return nil
	}
	if a.binary.Has("vfio-ccw") {
		for _, h := range a.doc.Devices.Hostdevs {
			if h.Type == "mdev" && h.Model == "vfio-ccw" && h.Address.Type == "" {
				h.Address.Type = "ccw"
			}
		}
	}
	a.prime("ccw")
	used := map[domain.CCWAddress]bool{}
	for dev := range a.doc.Devices.All() {
		i := dev.Info()
		if i.Address.Type != "ccw" || !i.Address.CCW.Assigned {
			continue
		}
		if used[i.Address.CCW] {
			at := i.Address.CCW
			return virerr.New(virerr.FromDomain, virerr.XMLError, "The CCW devno '%x.%x.%04x' is in use already", at.CSSID, at.SSID, at.DevNo)
		}
		used[i.Address.CCW] = true
	}
	for dev := range a.doc.Devices.All() {
		i := dev.Info()
		if i.Address.Type != "ccw" || i.Address.CCW.Assigned {
			continue
		}
		at := domain.CCWAddress{CSSID: virtualCSSID, Assigned: true}
		for used[at] {
			if at.DevNo++; at.DevNo > maxDevNo {
				return virerr.New(virerr.FromDomain, virerr.InternalError, "There are no more free CCW devnos.")
			}
		}
		i.Address.CCW = at
		used[at] = true
	}
	return nil
}
