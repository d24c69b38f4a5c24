package domain

import (
	"fmt"
	"strconv"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

func formatHostdev(w *xmlout.Writer, h *Hostdev, o FormatOptions) {
	w.Start("hostdev")
	w.Attr("mode", h.Mode)
	w.Attr("type", h.Type)
	if h.Mode == "subsystem" {
		w.Attr("managed", xmltree.TristateOf(h.Managed).YesNo())
		w.OptAttr("sgio", h.SCSI.SGIO)
		w.OptAttr("rawio", h.SCSI.RawIO.YesNo())
		w.OptAttr("model", h.Model)
		w.OptAttr("display", h.Display.OnOff())
		w.OptAttr("ramfb", h.RamFB.OnOff())
		formatHostdevSource(w, h, false, o)
	} else {
		w.Start("source")
		w.Elem(capsElements[h.Type][0], h.Caps)
		w.End()
		formatIPInfo(w, &h.IP)
	}
	formatTeaming(w, h.Teaming)
	if h.ReadOnly {
		w.Empty("readonly")
	}
	if h.Shareable {
		w.Empty("shareable")
	}
	formatInfo(w, &h.DeviceInfo, withBoot|withROM)
	w.EndFull()
}

// formatHostdevSource writes what finds a device; typed says that the address names its type, as that of
// an interface does.
func formatHostdevSource(w *xmlout.Writer, h *Hostdev, typed bool, o FormatOptions) {
	if h.Type == "pci" {
		w.Start("driver")
		w.OptAttr("name", h.PCI.DriverName)
		w.OptAttr("model", h.PCI.DriverModel)
		w.EndOrDrop()
	}
	w.Start("source")
	switch h.Type {
	case "usb":
		formatUSBSource(w, h, typed, o)
	case "pci":
		w.OptAttr("writeFiltering", h.PCI.WriteFiltering.YesNo())
		address(w, "pci", typed)
		formatPCIPlace(w, &h.PCI.Address)
		w.End()
		formatOrigStates(w, h.PCI.OrigStates, o)
	case "scsi":
		formatSCSISource(w, &h.SCSI, typed, o)
	case "scsi_host":
		w.Attr("protocol", h.Protocol)
		w.Attr("wwpn", h.WWPN)
	case "mdev":
		w.AttrElem("address", "uuid", h.UUID)
	}
	if h.Type == "usb" {
		w.End() // whatever device it is: without the element nobody could read it
		return
	}
	w.EndOrDrop()
}

// address begins an address that may name its type.
func address(w *xmlout.Writer, kind string, typed bool) {
	w.Start("address")
	if typed {
		w.Attr("type", kind)
	}
}

func formatOrigStates(w *xmlout.Writer, states []string, o FormatOptions) {
	w.Start("origstates")
	if o.Status {
		for _, name := range pciOrigStates {
			for _, s := range states {
				if s == name {
					w.Empty(name)
				}
			}
		}
	}
	w.EndOrDrop()
}

func formatUSBSource(w *xmlout.Writer, h *Hostdev, typed bool, o FormatOptions) {
	u := &h.USB
	w.OptAttr("startupPolicy", h.StartupPolicy)
	if u.AutoAddress && o.Migratable {
		w.Attr("autoAddress", "yes")
	}
	if h.Missing && !o.Inactive {
		w.Attr("missing", "yes")
	}
	w.OptAttr("guestReset", u.GuestReset)
	if u.Vendor != 0 {
		w.AttrElem("vendor", "id", fmt.Sprintf("0x%04x", u.Vendor))
		w.AttrElem("product", "id", fmt.Sprintf("0x%04x", u.Product))
	}
	if u.Bus != 0 || u.Device != 0 {
		address(w, "usb", typed)
		numbers(w, "bus", u.Bus, "device", u.Device)
		w.End()
	}
}

func formatSCSISource(w *xmlout.Writer, s *HostSCSI, typed bool, o FormatOptions) {
	if s.ISCSI == nil {
		w.AttrElem("adapter", "name", s.Adapter)
		address(w, "scsi", typed)
		numbers(w, "bus", s.Bus, "target", s.Target)
		w.Attr("unit", strconv.FormatUint(s.Unit, 10))
		w.End()
		formatPrivate(w, s.Private, o)
		return
	}
	net := s.ISCSI.Network
	w.Attr("protocol", "iscsi")
	w.Attr("name", net.Name)
	w.Start("host")
	w.Attr("name", net.Hosts[0].Name)
	w.OptUintAttr("port", uint64(net.Hosts[0].Port))
	w.End()
	formatPrivate(w, s.Private, o)
	if s.ISCSI.Auth != nil {
		formatAuth(w, s.ISCSI.Auth)
	}
	formatInitiator(w, net.InitiatorIQN)
}
