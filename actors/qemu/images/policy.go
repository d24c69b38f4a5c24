package images

import (
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// Missing is a disk that a machine does without: the disk is gone, or only what was in the drive.
type Missing struct {
	Alias, Path string
	Drive       bool // which stays
}

// Prepare finds what is behind each disk, the last one first, or drops a disk that the document
// does not insist on. fresh says that the guest boots, and does not come back from a file or
// another host.
func Prepare(d *domain.Domain, fresh bool, find func(*domain.Disk) error) ([]Missing, error) {
	var dropped []Missing
	for i, disk := range slices.Backward(d.Devices.Disks) {
		if disk.Source.Empty() {
			continue
		}
		err := find(disk)
		if err == nil {
			continue
		}
		if !dispensable(disk, fresh) {
			return dropped, err
		}
		m := Missing{Alias: disk.Alias, Path: disk.Source.Path, Drive: ejectable(disk)}
		dropped = append(dropped, m)
		if m.Drive {
			disk.Source = &domain.DiskSource{Type: "file", Format: disk.Source.Format}
			disk.StartupPolicy = "" // was about the old image
		} else {
			d.Devices.Disks = slices.Delete(slices.Clone(d.Devices.Disks), i, i+1)
		}
	}
	return dropped, nil
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
