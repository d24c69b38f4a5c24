package domain

import "strings"

// scsiLimits are the highest unit and the unit of the controller itself, by model; -1 stands for none.
var scsiLimits = map[string][2]int{
	"virtio-scsi": {16383, -1}, "virtio-transitional": {16383, -1}, "virtio-non-transitional": {16383, -1},
	"ibmvscsi": {31, 7}, "lsisas1068": {1, -1}, "lsisas1078": {255, -1}, "lsilogic": {-1, 7}, "vmpvscsi": {-1, 7},
	"buslogic": {-1, 7}, "ncr53c90": {6, -1}, "dc390": {6, -1}, "am53c974": {6, -1},
}

func (v *Devices) diskAt(bus string, place DriveAddress) bool {
	for _, d := range v.Disks {
		if d.Bus == bus && d.DeviceInfo.Address.at(place) {
			return true
		}
	}
	return false
}

func (v *Devices) scsiHostdevAt(place DriveAddress) bool {
	for _, h := range v.Hostdevs {
		if h.Mode == "subsystem" && h.Type == "scsi" && h.DeviceInfo.Address.at(place) {
			return true
		}
	}
	return false
}

// at says whether an address is that place, whatever the bus of the disk.
func (a *Address) at(place DriveAddress) bool {
	here := a.Drive
	here.DiskBus, place.DiskBus = "", ""
	return a.Type == "drive" && here == place
}

func (v *Devices) scsiUsed(place DriveAddress) bool {
	if c := v.controller("scsi", int(place.Controller)); c != nil {
		if limit, ok := scsiLimits[c.Model]; ok {
			unit := int(place.Unit)
			if limit[0] != -1 && unit > limit[0] || unit == limit[1] {
				return true
			}
		}
	}
	return v.diskAt("scsi", place) || v.scsiHostdevAt(place)
}

// freeSCSI gives the first free place behind the first controller that has one.
func (v *Devices) freeSCSI() DriveAddress {
	for controller := uint(0); ; controller++ {
		for unit := range uint(scsiUnits) {
			if place := (DriveAddress{Controller: controller, Unit: unit}); !v.scsiUsed(place) {
				return place
			}
		}
	}
}

// AssignDiskAddress derives the place of a disk behind a controller from its target.
func (d *Domain) AssignDiskAddress(disk *Disk) error {
	p := &parser{}
	index := DiskIndex(disk.Target)
	if index < 0 {
		p.XMLError("Unknown disk name '%s' and no address specified", disk.Target)
		return p.Err()
	}
	i := uint(index)
	var place DriveAddress
	switch disk.Bus {
	case "scsi":
		place = DriveAddress{Controller: i / scsiUnits, Unit: i % scsiUnits}
		if d.Devices.scsiHostdevAt(place) {
			p.Unsupported("using disk target name '%s' conflicts with SCSI host device address controller='%d' bus='%d' target='%d' unit='%d",
				disk.Target, place.Controller, 0, 0, place.Unit)
		}
	case "ide":
		place = DriveAddress{Controller: i / ideUnits, Bus: i % ideUnits / idePerBus, Unit: i % idePerBus}
	case "sata":
		place = DriveAddress{Controller: i / sataUnits, Unit: i % sataUnits}
	case "fdc":
		place = DriveAddress{Controller: i / fdcUnits, Unit: i % fdcUnits}
	default:
		return nil
	}
	place.DiskBus = disk.DeviceInfo.Address.Drive.DiskBus
	disk.DeviceInfo.Address = Address{Type: "drive", Drive: place}
	return p.Err()
}

// lun completes the name of an iSCSI target that names no unit.
func lun(s *DiskSource) {
	if s != nil && s.Type == "network" && s.Network.Protocol == "iscsi" && !strings.Contains(s.Network.Name, "/") {
		s.Network.Name += "/0"
	}
}
