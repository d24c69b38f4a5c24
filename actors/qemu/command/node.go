package command

import (
	"fmt"
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// Nodes are the numbers in QEMU's names of the parts of storage: "libvirt-3-format".
type Nodes struct {
	// Images are the numbers of images; they are what <source index> shows.
	Images map[*domain.DiskSource]uint
	// Filters are those of the throttle filters, in the disk's order.
	Filters map[*domain.Disk][]uint
	// Hostdevs are those of SCSI devices.
	Hostdevs map[*domain.Hostdev]uint
	// Sets are the numbers of QEMU's sets of descriptors, from 0 on.
	Sets map[*domain.DiskSource]uint
	// Last is the highest number.
	Last uint
}

// NumberNodes gives the numbers to a document that is about to start. What the
// document names comes first, the last disk before the others; then host devices;
// then images that were found in others' headers.
func NumberNodes(d *domain.Domain) *Nodes {
	n := &Nodes{
		Images:   map[*domain.DiskSource]uint{},
		Filters:  map[*domain.Disk][]uint{},
		Hostdevs: map[*domain.Hostdev]uint{},
		Sets:     map[*domain.DiskSource]uint{},
	}
	for _, disk := range slices.Backward(d.Devices.Disks) {
		if disk.Bus == "sd" || disk.Source.Type == "vhostuser" {
			continue
		}
		n.chain(disk.Source, false)
		for range disk.ThrottleNames {
			n.Filters[disk] = append(n.Filters[disk], n.next())
		}
	}
	for _, h := range d.Devices.Hostdevs {
		if h.Mode == "subsystem" && h.Type == "scsi" {
			n.Hostdevs[h] = n.next()
		}
	}
	for _, disk := range slices.Backward(d.Devices.Disks) {
		if disk.Bus != "sd" && disk.Source.Type != "vhostuser" {
			n.chain(disk.Source, true)
		}
	}
	for _, disk := range d.Devices.Disks {
		for s := disk.Source; isImage(s); s = s.Backing {
			if s.Type == "vhostvdpa" {
				n.Sets[s] = uint(len(n.Sets))
			}
		}
	}
	return n
}

// StorageNodes gives the sources of a machine's disks by the names of the layers that read them.
func StorageNodes(d *domain.Domain) map[string]*domain.DiskSource {
	out := map[string]*domain.DiskSource{}
	for s, number := range NumberNodes(d).Images {
		out[fmt.Sprintf("libvirt-%d-storage", number)] = s
	}
	return out
}

func (n *Nodes) next() uint {
	n.Last++
	return n.Last
}

// chain numbers the images of a chain that were, or were not, found in headers.
func (n *Nodes) chain(s *domain.DiskSource, detected bool) {
	for ; isImage(s); s = s.Backing {
		if s.Detected == detected {
			n.Images[s] = n.next()
			n.group(s)
		}
		if s.Data != nil && (s.Data.Detected || s.Detected) == detected {
			n.Images[s.Data] = n.next()
			n.group(s.Data)
		}
	}
}

func (n *Nodes) group(s *domain.DiskSource) {
	if s.FDGroup != "" {
		n.Sets[s] = uint(len(n.Sets))
	}
}

// isImage says whether a source is more than the end of a chain.
func isImage(s *domain.DiskSource) bool { return s != nil && s.Type != "none" && s.Type != "" }

// image is a source with the names of the layers QEMU reads it through.
type image struct {
	*domain.DiskSource
	disk     *domain.Disk // nil when it is not of a disk
	readOnly bool
	top      bool // what the guest writes to, or where its data is
	// storage is always there; slice and format are empty when there is no such layer.
	storage, slice, format string
	fdset                  string // path that stands for a descriptor, or empty
}

// node is the name of the layer that shows the guest's data.
func (i *image) node() string {
	if i.format != "" {
		return i.format
	}
	return i.data()
}

// data is the name of the layer below the format.
func (i *image) data() string {
	if i.slice != "" {
		return i.slice
	}
	return i.storage
}

// kind is the type of a source, seen through a volume of a pool.
func (i *image) kind() string {
	if i.Actual != "" {
		return i.Actual
	}
	return i.Type
}

// diskFormat is an image's format; volumes and what is read as a directory have one of their own.
func (i *image) diskFormat() string {
	switch {
	case i.Format == "iso", i.Format == "" && i.Type == "volume":
		return "raw"
	}
	return i.Format
}

// luks says whether QEMU decrypts a raw image.
func (i *image) luks() bool {
	e := i.Encryption
	return i.diskFormat() == "raw" && e != nil && e.Engine != "librbd" && e.Format == "luks"
}

// image names the layers of one image of a disk.
func (b *builder) image(n *Nodes, disk *domain.Disk, s *domain.DiskSource) *image {
	i := &image{DiskSource: s, disk: disk}
	i.top = s == disk.Source || s == disk.Source.Data
	i.readOnly = !i.top || s == disk.Source && disk.ReadOnly
	if set, ok := n.Sets[s]; ok {
		i.fdset = fmt.Sprintf("/dev/fdset/%d", set)
	}
	b.layers(i, fmt.Sprintf("libvirt-%d", n.Images[s]))
	return i
}

// layers names the layers of an image; raw ones need no layer for the format.
func (b *builder) layers(i *image, prefix string) {
	i.storage = prefix + "-storage"
	if i.Slice != nil {
		i.slice = prefix + "-slice-sto"
	}
	count, writable, _ := b.fdGroup(i)
	if i.diskFormat() != "raw" || i.luks() || count == 1 && writable || !b.caps.Has("blockjob.backing-mask-protocol") {
		i.format = prefix + "-format"
	}
}

// chain gives the images of a disk from the top down, each followed by where its data is.
func (b *builder) chain(n *Nodes, disk *domain.Disk) []*image {
	var out []*image
	for s := disk.Source; isImage(s); s = s.Backing {
		out = append(out, b.image(n, disk, s))
		if s.Data != nil {
			out = append(out, b.image(n, disk, s.Data))
		}
	}
	return out
}
