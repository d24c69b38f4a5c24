package security

import (
	"fmt"

	"virtree.dev/internal/account"
	"virtree.dev/internal/ownership"
	"virtree.dev/protocol/xml/domain"
)

// Host finds files of the host's devices. A device that is not there has none.
type Host interface {
	PCINode(domain.PCIAddress) (path string, known bool) // of its IOMMU group
	SCSINode(domain.HostSCSI) (path string, known bool)
	MediatedNode(uuid string) (path string, known bool)
	Exists(path string) bool
}

// Files are the files of one machine.
type Files struct {
	Policy *Policy
	Domain *domain.Domain
	Host   Host
	// Logd tells that files of character devices are written by virtlogd, and not by QEMU.
	Logd bool
}

// list collects files.
type list struct {
	Files
	own, images account.IDs
	out         []ownership.File
	err         error
}

func (f Files) list() (*list, error) {
	l := &list{Files: f}
	if s := label(f.Domain); !f.Policy.dynamic || s != nil && s.Relabel != domain.Yes {
		return nil, nil
	}
	var err error
	if l.own, err = f.Policy.own(f.Domain); err != nil {
		return nil, err
	}
	l.images, err = f.Policy.images(f.Domain)
	return l, err
}

func (l *list) add(path string, to account.IDs, remember bool) {
	if path != "" {
		l.out = append(l.out, ownership.File{Path: path, To: to, Remember: remember})
	}
}

// Path is a file or a folder that is made for the machine.
func (f Files) Path(path string) ([]ownership.File, error) {
	if !f.Policy.privileged {
		return nil, nil
	}
	ids, err := f.Policy.own(f.Domain)
	return []ownership.File{{Path: path, To: ids, Remember: true}}, err
}

// Given are the files that the machine gets, in the order in which it gets them.
func (f Files) Given() ([]ownership.File, error) {
	l, err := f.list()
	if l == nil || err != nil {
		return nil, err
	}
	for _, disk := range f.Domain.Devices.Disks {
		if disk.Source.Type != "dir" {
			l.chain(disk.Source, disk.ReadOnly, disk.Shareable)
		}
	}
	l.devices()
	for _, c := range chardevs(f.Domain) {
		s := &c.Source
		if s.Type != "unix" || !s.Listen || s.Path != "" && f.Host.Exists(s.Path) {
			l.chardev(s)
		}
	}
	for _, t := range f.Domain.Devices.TPMs {
		if t.Backend == "passthrough" {
			l.add(t.Device, l.own, false)
		}
	}
	l.system()
	if n := nvram(f.Domain); n != nil {
		l.chain(n, false, false)
	}
	l.boot()
	return l.out, l.err
}

// Returned are the files that come back from the machine.
func (f Files) Returned() ([]ownership.File, error) {
	l, err := f.list()
	if l == nil || err != nil {
		return nil, err
	}
	for _, disk := range f.Domain.Devices.Disks {
		if !disk.ReadOnly && !disk.Shareable { // others may use it, on this host or another
			l.returned(disk.Source)
		}
	}
	l.devices()
	for _, c := range chardevs(f.Domain) {
		if c.Source.Type != "unix" || !c.Source.Listen {
			l.chardev(&c.Source)
		}
	}
	for _, t := range f.Domain.Devices.TPMs {
		if t.Backend == "passthrough" {
			l.add(t.Device, l.own, false)
		}
	}
	l.system()
	if n := nvram(f.Domain); n != nil {
		l.returned(n)
	}
	l.boot()
	return l.out, nil
}

// nvram is the store of the firmware's variables, as an image.
func nvram(d *domain.Domain) *domain.DiskSource {
	if d.OS.Loader == nil || d.OS.Loader.NVRAM == nil {
		return nil
	}
	n := d.OS.Loader.NVRAM
	if n.Source != nil {
		return n.Source
	}
	return &domain.DiskSource{Type: "file", Path: n.Path}
}

// chain adds an image and all below it. Only of the image on top is remembered whose it was: the
// others may be in use by many machines.
func (l *list) chain(top *domain.DiskSource, readOnly, shared bool) {
	for s := top; s != nil && s.Type != "none"; s = s.Backing {
		remember := s == top && !readOnly && !shared
		l.image(s, top, remember)
		if s.Data != nil {
			l.image(s.Data, top, remember)
		}
	}
}

func (l *list) image(s, top *domain.DiskSource, remember bool) {
	if s.FDGroup != "" {
		return
	}
	ids, given := l.imageIDs(s, top)
	if given {
		l.node(s, ids, remember)
	}
}

// imageIDs are those of an image; false for one that the document wants left alone.
func (l *list) imageIDs(s, top *domain.DiskSource) (account.IDs, bool) {
	for _, of := range []*domain.DiskSource{s, top} {
		switch own := deviceLabel(of.SecLabels); {
		case own == nil || own.Relabel && own.Label == "":
		case !own.Relabel:
			return account.IDs{}, false
		default:
			ids, err := parse(own.Label)
			l.fail(err)
			return ids, err == nil
		}
	}
	return l.images, true
}

// node adds the file of an image that is on this host.
func (l *list) node(s *domain.DiskSource, ids account.IDs, remember bool) {
	switch kind := actual(s); {
	case kind == "nvme" && s.NVMe != nil:
		if path, ok := l.Host.PCINode(s.NVMe.Address); ok {
			l.add(path, ids, false)
		}
	case kind == "file", kind == "block", kind == "dir":
		l.add(s.Path, ids, remember)
	}
}

func actual(s *domain.DiskSource) string {
	if s.Actual != "" {
		return s.Actual
	}
	return s.Type
}

func (l *list) returned(s *domain.DiskSource) {
	if own := deviceLabel(s.SecLabels); s.FDGroup != "" || own != nil && !own.Relabel {
		return
	}
	l.node(s, l.images, true)
	if s.Data != nil {
		l.node(s.Data, l.images, true)
	}
}

func deviceLabel(all []domain.DeviceSecLabel) *domain.DeviceSecLabel {
	for i := range all {
		if all[i].Model == ModelDAC {
			return &all[i]
		}
	}
	return nil
}

func (l *list) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// devices adds what the guest has of the host's devices.
func (l *list) devices() {
	for _, i := range l.Domain.Devices.Inputs {
		if i.Type == "passthrough" || i.Type == "evdev" {
			l.add(i.Evdev, l.own, true)
		}
	}
	for _, h := range l.Domain.Devices.Hostdevs {
		if h.Mode == "subsystem" {
			l.hostdev(h)
		}
	}
	for _, m := range l.Domain.Devices.Memories {
		if m.Model == "nvdimm" || m.Model == "virtio-pmem" {
			l.add(m.Path, l.own, true)
		}
	}
}

func (l *list) hostdev(h *domain.Hostdev) {
	path, ok, remember := "", true, true
	switch h.Type {
	case "usb":
		path, ok = fmt.Sprintf("/dev/bus/usb/%03d/%03d", h.USB.Bus, h.USB.Device), !h.Missing
	case "pci":
		path, ok = l.Host.PCINode(h.PCI.Address)
		remember = false
	case "scsi":
		if ok = h.SCSI.ISCSI == nil; ok {
			path, ok = l.Host.SCSINode(h.SCSI)
		}
	case "scsi_host":
		path = "/dev/vhost-scsi"
	case "mdev":
		path, ok = l.Host.MediatedNode(h.UUID)
	}
	if ok {
		l.add(path, l.own, remember)
	}
}

// chardev adds the host's end of a character device.
func (l *list) chardev(s *domain.ChardevSource) {
	own := deviceLabel(s.SecLabels)
	if own != nil && !own.Relabel || own == nil && s.Type == "file" && l.Logd {
		return
	}
	ids := l.own
	if own != nil && own.Label != "" {
		var err error
		if ids, err = parse(own.Label); err != nil {
			l.fail(err)
			return
		}
	}
	switch s.Type {
	case "dev", "file", "unix":
		l.add(s.Path, ids, true)
	case "pipe":
		if in, out := s.Path+".in", s.Path+".out"; l.Host.Exists(in) && l.Host.Exists(out) {
			l.add(in, ids, true)
			l.add(out, ids, true)
			return
		}
		l.add(s.Path, ids, true)
	}
}

// system adds what the firmware is told.
func (l *list) system() {
	for _, s := range l.Domain.SysInfo {
		for _, f := range s.FWCfg {
			l.add(f.File, l.images, true)
		}
	}
}

// boot adds what is booted without a disk.
func (l *list) boot() {
	os := &l.Domain.OS
	for _, path := range []string{os.Kernel, os.Initrd, os.DTB} {
		l.add(path, l.images, true)
	}
	for _, t := range os.ACPITables {
		l.add(t.Path, l.images, true)
	}
}
