package defaults

import "virtree.dev/protocol/xml/domain"

// Running adds to the document of a machine that runs what a daemon of an older
// version left unsaid. Nothing of it changes what the guest sees.
func Running(d *domain.Domain, h *Host) error {
	for _, disk := range d.Devices.Disks {
		for s := disk.Source; s != nil; s = s.Backing {
			defaultEngine(s)
		}
	}
	return addAudio(d, h)
}

func defaultEngine(s *domain.DiskSource) {
	if s.Encryption != nil && s.Encryption.Engine == "" {
		s.Encryption.Engine = "qemu"
	}
}
