package images

import "virtree.dev/protocol/xml/domain"

// Prepare finds what is behind each disk, or drops a disk that the document does not insist
// on. fresh says that the guest boots, and does not come back from a file or another host.
func Prepare(d *domain.Domain, fresh bool, find func(*domain.Disk) error) error {
	for i := 0; i < len(d.Devices.Disks); i++ {
		disk := d.Devices.Disks[i]
		if disk.Source.Empty() {
			continue
		}
		err := find(disk)
		switch {
		case err == nil:
		case !dispensable(disk, fresh):
			return err
		case ejectable(disk):
			disk.Source = &domain.DiskSource{Type: "file", Format: disk.Source.Format}
			disk.StartupPolicy = "" // was about the old image
		default:
			d.Devices.Disks = append(d.Devices.Disks[:i:i], d.Devices.Disks[i+1:]...)
			i--
		}
	}
	return nil
}

// dispensable says whether a machine may start without what is in a disk.
func dispensable(disk *domain.Disk, fresh bool) bool {
	switch disk.StartupPolicy {
	case "optional": // a guest that ran with the disk has to have it again
		return fresh || ejectable(disk)
	case "requisite":
		return !fresh
	}
	return false
}

func ejectable(disk *domain.Disk) bool { return disk.Device == "cdrom" || disk.Device == "floppy" }
