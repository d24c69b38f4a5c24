package qemu

import (
	"context"
	"io"
	"os"
	"strconv"
	"syscall"

	"virtree.dev/protocol/image"
	xml "virtree.dev/protocol/xml/domain"
)

// blockNumbers are what QEMU tells of one device or one node.
type blockNumbers struct {
	io        ioStats
	highest   uint64 // how far it was written
	written   bool   // that is known
	capacity  uint64
	physical  uint64 // what it takes of the host
	threshold uint64
}

// nodeName is the beginning of the names of a source's block nodes; -format or -storage follow.
func nodeName(s *xml.DiskSource) string { return "libvirt-" + strconv.Itoa(int(s.Index)) }

// blockTable has the numbers by QEMU's names of devices and nodes.
type blockTable map[string]*blockNumbers

func (t blockTable) entry(name string) *blockNumbers {
	if t[name] == nil {
		t[name] = &blockNumbers{}
	}
	return t[name]
}

// device is what the guest did with a disk.
func (t blockTable) device(disk *xml.Disk) *blockNumbers {
	if disk.Bus == "sd" {
		return t["drive-"+disk.Alias]
	}
	return t[diskQOMPath(disk)]
}

// source is what a source shows to the guest: raw ones have no layer for the format.
func (t blockTable) source(s *xml.DiskSource) *blockNumbers {
	if n := t[nodeName(s)+"-format"]; n != nil {
		return n
	}
	return t.storage(s)
}

func (t blockTable) storage(s *xml.DiskSource) *blockNumbers { return t[nodeName(s)+"-storage"] }

// blockNumbersOf asks for the numbers of all disks and their sources.
func blockNumbersOf(ctx context.Context, h handle) (blockTable, error) {
	t := blockTable{}
	for _, args := range []any{nil, map[string]bool{"query-nodes": true}} {
		stats, err := query[[]blockStats](ctx, h, "query-blockstats", args)
		if err != nil {
			return nil, err
		}
		for i := range stats {
			t.count(&stats[i])
		}
	}
	nodes, err := query[[]namedNode](ctx, h, "query-named-block-nodes", map[string]bool{"flat": true})
	if err != nil {
		return nil, err
	}
	for i := range nodes {
		n, image := t.entry(nodes[i].NodeName), &nodes[i].Image
		n.capacity, n.threshold = image.VirtualSize, nodes[i].Threshold
		n.physical = image.VirtualSize // unless it is thin
		if image.ActualSize != nil {
			n.physical = *image.ActualSize
		}
	}
	return t, nil
}

// count notes what one answer of query-blockstats tells, under each name that it has.
func (t blockTable) count(s *blockStats) {
	for _, name := range []string{s.Device, s.QDev, s.NodeName} {
		if name == "" {
			continue
		}
		n := t.entry(name)
		n.io = s.Stats
		if s.Parent != nil {
			n.highest, n.written = s.Parent.Stats.HighestOffset, true
		}
	}
}

// local says whether a source is in the host's own file system.
func local(s *xml.DiskSource) bool {
	kind := s.Type
	if s.Actual != "" {
		kind = s.Actual
	}
	return kind == "file" || kind == "block" || kind == "dir"
}

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
		end, err := f.Seek(0, io.SeekEnd)
		if err == nil {
			_, err = f.Seek(0, io.SeekStart)
		}
		if err != nil {
			return size, err
		}
		size.physical, size.allocation = uint64(end), uint64(end)
	}
	size.capacity = size.physical
	if s.Format != "raw" {
		b, err := io.ReadAll(io.LimitReader(f, image.MaxHeader))
		if err != nil {
			return size, err
		}
		if h, err := image.Parse(s.Format, b); err == nil && h.Capacity != 0 {
			size.capacity = h.Capacity
		}
	}
	return size, nil
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
