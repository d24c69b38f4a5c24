package validation

import "virtree.dev/protocol/xml/domain"

const noVFIO = "VFIO PCI device assignment is not supported by this version of "

func (v *check) hostdev(h *domain.Hostdev) {
	v.refuse(h.Mode == "capabilities", "hostdev mode 'capabilities' is not supported in %s", v.doc.Type)
	if h.Mode != "subsystem" {
		return
	}
	switch h.Type {
	case "usb":
		v.refuse(h.USB.GuestReset != "" && !v.has("usb-host.guest-resets-all"),
			"guestReset is not supported with this version of QEMU")
	case "pci":
		v.refuse(h.PCI.DriverName == "vfio" && !v.has("vfio-pci"), noVFIO+"qemu")
		v.refuse(h.PCI.WriteFiltering.Given(), "Write filtering of PCI device configuration space is not supported by qemu")
		v.display(h)
	case "scsi_host":
		v.refuse(h.DeviceInfo.Boot != 0, "booting from assigned devices is not supported by vhost SCSI devices")
		v.refuse(h.Protocol == "vhost" && !v.has("vhost-scsi"), "This QEMU doesn't support vhost-scsi devices")
	case "mdev":
		v.mdev(h)
	}
}

func (v *check) display(h *domain.Hostdev) {
	v.refuse(h.Display == domain.On && len(v.doc.Devices.Graphics) == 0,
		"graphics device is needed for attribute value 'display=on' in <hostdev>")
}

func (v *check) mdev(h *domain.Hostdev) {
	boots := func() {
		v.refuse(h.DeviceInfo.Boot != 0, "booting from assigned devices is not supported by mediated devices of model %s", h.Model)
	}
	switch h.Model {
	case "vfio-pci":
		v.refuse(!v.has("vfio-pci"), noVFIO+"QEMU")
		boots()
		v.display(h)
	case "vfio-ap":
		v.refuse(!v.has("vfio-ap"), "VFIO AP device assignment is not supported by this version of QEMU")
		boots()
		n := 0
		for _, o := range v.doc.Devices.Hostdevs {
			if o.Type == "mdev" && o.Model == "vfio-ap" {
				n++
			}
		}
		v.refuse(n > 1, "Only one hostdev of model vfio-ap is supported")
	case "vfio-ccw":
		v.refuse(!v.has("vfio-ccw"), "VFIO CCW device assignment is not supported by this version of QEMU")
	}
}
