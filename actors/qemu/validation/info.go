package validation

import "virtree.dev/protocol/xml/domain"

const (
	maxZPCIUser   = 0xffff
	maxSpaprVIO   = 0xffffffff
	maxSCSITarget = 7
)

// info checks a device's place and what hangs on it.
func (v *check) info(dev domain.Device) {
	i := dev.Info()
	a := &i.Address
	switch a.Type {
	case "pci":
		v.zpci(a.PCI.ZPCI)
	case "spapr-vio":
		if reg := a.SpaprVIO.Reg; reg != nil {
			v.refuse(*reg > maxSpaprVIO, "spapr-vio reg='0x%x' exceeds maximum possible value (0xffffffff)", *reg)
		}
	case "virtio-s390":
		v.Unsupported("'virtio-s390' addresses are no longer supported")
	case "ccw":
		v.refuse(!v.machine.S390CCW(), "CCW addresses are not supported by machine type '%s'", v.machine.Name)
	case "drive":
		bus := "scsi"
		if k, ok := dev.(*domain.Disk); ok {
			bus = k.Bus
		}
		v.drive(bus, a.Drive)
	}
	v.refuse(i.ACPIIndex != 0 && !v.has("acpi-index"), "ACPI index is not supported with this QEMU")
	v.refuse(i.ACPIIndex != 0 && !addressed(dev, "pci"), "ACPI index is only supported for PCI devices")
	v.refuse(i.ROM != nil && *i.ROM != (domain.ROM{}) && !addressed(dev, "pci", "unassigned"),
		"ROM tuning is only supported for PCI devices")
}

func (v *check) zpci(z *domain.ZPCI) {
	if z == nil || z.UID == nil && z.FID == nil {
		return
	}
	v.refuse(!v.has("zpci"), "This QEMU binary doesn't support zPCI")
	if u := z.UID; u != nil && (*u > maxZPCIUser || *u == 0) {
		v.XMLError("Invalid PCI address uid='0x%04x', must be > 0x0000 and <= 0x%04x", *u, maxZPCIUser)
	}
}

// drive checks a place behind a controller of that bus.
func (v *check) drive(bus string, at domain.DriveAddress) {
	internal := func(bad bool, text string) {
		if bad {
			v.Internal("%s", text)
		}
	}
	switch bus {
	case "scsi":
		internal(at.Bus != 0, "SCSI controller only supports 1 bus")
		c := v.doc.Controller("scsi", int(at.Controller)) //nolint:gosec // a controller's index
		switch {
		case c == nil:
		case c.Model == "lsilogic":
			v.refuse(at.Target != 0, "target must be 0 for controller model 'lsilogic'")
		case !v.has("scsi-disk.channel"):
			v.refuse(at.Target > maxSCSITarget, "This QEMU doesn't support target greater than 7")
		}
	case "ide":
		internal(at.Controller != 0, "Only 1 IDE controller is supported")
		v.refuse(at.Target != 0, "target must be 0 for ide controller")
	case "fdc":
		internal(at.Controller != 0, "Only 1 fdc controller is supported")
		internal(at.Bus != 0, "Only 1 fdc bus is supported")
		v.refuse(at.Target != 0, "target must be 0 for controller fdc")
	case "sata":
		v.refuse(at.Bus != 0, "bus must be 0 for sata controller")
		v.refuse(at.Target != 0, "target must be 0 for sata controller")
	}
}
