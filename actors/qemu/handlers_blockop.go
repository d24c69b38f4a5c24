package qemu

import (
	"math"
	"strconv"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) blockOperationHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainBlockResize, dispatch.Worker, d.blockResize)
	dispatch.Handle(t, remote.ProcDomainSetBlockThreshold, dispatch.Worker, d.setBlockThreshold)
}

func (d *Driver) blockResize(c *dispatch.Call, a *remote.DomainBlockResizeArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainBlockResizeBytes|virtype.DomainBlockResizeCapacity); err != nil {
		return nil, err
	}
	size := a.Size
	if a.Flags&virtype.DomainBlockResizeBytes == 0 {
		const limit = math.MaxUint64 / 1024
		if size > limit {
			return nil, virerr.New(virerr.FromQEMU, virerr.Overflow, "size must be less than %d", uint64(limit))
		}
		size *= 1024
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		disk := findDisk(h.object.Def, a.Disk)
		if disk == nil {
			return errInvalidArg("disk '%s' was not found in the domain config", a.Disk)
		}
		to, err := resizable(disk, size, a.Flags&virtype.DomainBlockResizeCapacity != 0)
		if err != nil {
			return err
		}
		args := map[string]any{"size": to}
		if disk.Bus == "sd" {
			args["device"] = "drive-" + disk.Alias
		} else {
			args["node-name"] = h.formatNode(disk.Source)
		}
		_, err = h.monitor(c, "block_resize", args, nil)
		return err
	})
}

// formatNode is the node that shows a source to the guest; newer QEMUs read raw ones without a layer of their own.
func (h handle) formatNode(s *xml.DiskSource) string {
	if s.Format == "raw" && s.Encryption == nil && h.hasCap("blockjob.backing-mask-protocol") {
		return nodeName(s) + "-storage"
	}
	return nodeName(s) + "-format"
}

// resizable gives the size that a disk is to have, in bytes.
func resizable(disk *xml.Disk, size uint64, whole bool) (uint64, error) {
	source := disk.Source
	switch {
	case source.Type == "vhostuser":
		return 0, errUnsupportedOperation("block resize is not supported for vhostuser disk")
	case source.Empty() || disk.ReadOnly:
		return 0, errUnsupportedOperation("can't resize empty or readonly disk '%s'", disk.Target)
	case source.Format == "qcow2" || source.Format == "qed":
		size = (size + sectorSize - 1) / sectorSize * sectorSize
	}
	if !whole {
		return size, nil
	}
	if source.Type != "block" || source.Format != "raw" {
		return 0, errUnsupportedOperation("block resize to full capacity supported only with 'raw' local block-based disks")
	}
	device, err := imageSizeOf(source)
	switch {
	case err != nil:
		return 0, errFailed("failed to update capacity data for block device '%s'", source.Path)
	case size != 0 && size != device.physical:
		return 0, errFailed("Requested resize to '%d' but device size is '%d'", size, device.physical)
	}
	return device.physical, nil
}

func (d *Driver) setBlockThreshold(c *dispatch.Call, a *remote.DomainSetBlockThresholdArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		source, err := sourceByName(h.object.Def, a.Dev)
		if err != nil {
			return err
		}
		if source.Type == "vhostuser" {
			return errUnsupportedOperation("setting device threshold is not supported for vhostuser disk")
		}
		_, err = h.monitor(c, "block-set-write-threshold", map[string]any{
			"node-name": nodeName(source) + "-storage", "write-threshold": a.Threshold,
		}, nil)
		return err
	})
}

// sourceByName finds what "vda" or "vda[3]" means: a disk's own source or one of its chain.
func sourceByName(def *xml.Domain, name string) (*xml.DiskSource, error) {
	target, rest, indexed := strings.Cut(name, "[")
	index := uint64(0)
	if indexed {
		number, closed := strings.CutSuffix(rest, "]")
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || !closed {
			return nil, errInvalidArg("failed to parse block device '%s'", name)
		}
		index = n
	}
	for _, disk := range def.Devices.Disks {
		if disk.Target != target {
			continue
		}
		if index == 0 {
			return disk.Source, nil
		}
		for s := disk.Source; s != nil && s.Type != "none"; s = s.Backing {
			if uint64(s.Index) == index {
				return s, nil
			}
		}
		return nil, errInvalidArg("failed to find disk '%s'", name)
	}
	return nil, errInvalidArg("failed to find disk '%s'", target)
}
