package qemu

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"

	xml "virtree.dev/protocol/xml/domain"
)

// blockNumbers are what QEMU counts of one source of a disk.
type blockNumbers struct {
	io         ioStats
	allocation uint64 // how far it was written
	capacity   uint64
	physical   uint64
	onDisk     uint64 // what the file system says it takes
	threshold  uint64
}

// nodeName is the beginning of the names of a source's block nodes; -format or -storage follow.
func nodeName(s *xml.DiskSource) string { return "libvirt-" + strconv.Itoa(int(s.Index)) }

// blockNumbersOf asks for the counters of all sources, by nodeName.
func blockNumbersOf(ctx context.Context, h handle) (map[string]*blockNumbers, error) {
	found := map[string]*blockNumbers{}
	stats, err := query[[]blockStats](ctx, h, "query-blockstats", map[string]bool{"query-nodes": true})
	if err != nil {
		return nil, err
	}
	for i := range stats {
		name, part := splitNode(stats[i].NodeName)
		n := entry(found, name)
		if part == "storage" && n.allocation == 0 {
			n.allocation = stats[i].Stats.HighestOffset
		}
		if part == "format" {
			n.allocation = stats[i].Stats.HighestOffset
		}
	}
	nodes, err := query[[]namedNode](ctx, h, "query-named-block-nodes", map[string]bool{"flat": true})
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		name, part := splitNode(nodes[i].NodeName)
		n := entry(found, name)
		if part == "format" || n.capacity == 0 {
			n.capacity = nodes[i].Image.VirtualSize
		}
		if part == "storage" {
			n.onDisk = nodes[i].Image.ActualSize
			n.threshold = nodes[i].Threshold
		}
	}
	return found, frontends(ctx, h, found)
}

// frontends adds what the guest's devices did to the sources that they use.
func frontends(ctx context.Context, h handle, found map[string]*blockNumbers) error {
	stats, err := query[[]blockStats](ctx, h, "query-blockstats", nil)
	if err != nil {
		return err
	}
	for _, disk := range h.object.Def.Devices.Disks {
		for i := range stats {
			if stats[i].QDev != "" && qomAlias(stats[i].QDev) == disk.Alias {
				entry(found, nodeName(disk.Source)).io = stats[i].Stats
			}
		}
	}
	return nil
}

func entry(found map[string]*blockNumbers, name string) *blockNumbers {
	if found[name] == nil {
		found[name] = &blockNumbers{}
	}
	return found[name]
}

// splitNode cuts "libvirt-3-format" into the source's part and the layer.
func splitNode(node string) (source, layer string) {
	i := strings.LastIndexByte(node, '-')
	if i < 0 {
		return node, ""
	}
	return node[:i], node[i+1:]
}

// local says whether a source is in the host's own file system.
func local(s *xml.DiskSource) bool { return s.Type == "file" || s.Type == "block" || s.Type == "dir" }

// imageSize are the sizes that virDomainGetBlockInfo tells.
type imageSize struct {
	allocation, capacity, physical uint64
}

// sectorSize is the unit of a file's blocks.
const sectorSize = 512

// imageSizeOf reads the sizes of an image that nobody runs.
func imageSizeOf(s *xml.DiskSource) (imageSize, error) {
	f, err := os.Open(s.Path)
	if err != nil {
		return imageSize{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return imageSize{}, err
	}
	size := imageSize{physical: uint64(info.Size())}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() {
		size.allocation = uint64(stat.Blocks) * sectorSize
	} else {
		end, err := f.Seek(0, 2)
		if err != nil {
			return size, err
		}
		size.physical, size.allocation = uint64(end), uint64(end)
	}
	size.capacity = size.physical
	if s.Format == "qcow2" {
		if capacity, ok := qcow2Capacity(f); ok {
			size.capacity = capacity
		}
	}
	return size, nil
}

// What of a qcow2 header is read: the magic number, and the size of the disk.
const (
	qcow2Magic    = "QFI\xfb"
	qcow2SizeAt   = 24
	qcow2ReadSize = 32
)

func qcow2Capacity(f *os.File) (uint64, bool) {
	var b [qcow2ReadSize]byte
	if _, err := f.ReadAt(b[:], 0); err != nil || string(b[:len(qcow2Magic)]) != qcow2Magic {
		return 0, false
	}
	var n uint64
	for _, c := range b[qcow2SizeAt:] {
		n = n<<8 | uint64(c)
	}
	return n, true
}

// diskQOMPath is what QEMU calls the guest's device of a disk.
func diskQOMPath(disk *xml.Disk) string {
	switch disk.Bus {
	case "virtio":
		return "/machine/peripheral/" + disk.Alias + "/virtio-backend"
	case "usb":
		return "/machine/peripheral/" + disk.Alias + "/" + disk.Alias + ".0/legacy[0]"
	}
	return disk.Alias
}
