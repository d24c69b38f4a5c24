package qemu

import (
	"context"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) blockHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainBlockStats, dispatch.Worker, d.blockStats)
	dispatch.Handle(t, remote.ProcDomainBlockStatsFlags, dispatch.Worker, d.blockStatsFlags)
	dispatch.Handle(t, remote.ProcDomainGetBlockInfo, dispatch.Worker, d.blockInfo)
	dispatch.Handle(t, remote.ProcDomainGetDiskErrors, dispatch.Worker, d.diskErrors)
}

// findDisk finds a disk by its target or by the path of its source.
func findDisk(def *xml.Domain, path string) *xml.Disk {
	for _, disk := range def.Devices.Disks {
		if disk.Target == path || disk.Source.Path != "" && disk.Source.Path == path {
			return disk
		}
	}
	return nil
}

// diskNumbers gives the counters of one disk, or with an empty path the sum of all.
func diskNumbers(ctx context.Context, h handle, path string) (*blockNumbers, error) {
	def := h.object.Def
	disks := def.Devices.Disks
	if path != "" {
		disk := findDisk(def, path)
		if disk == nil {
			return nil, errInvalidArg("invalid path: %s", path)
		}
		if disk.Source.Type == "vhostuser" {
			return nil, errUnsupportedOperation("block stats are not supported for vhostuser disk")
		}
		disks = []*xml.Disk{disk}
	}
	all, err := blockNumbersOf(ctx, h)
	if err != nil {
		return nil, err
	}
	sum := &blockNumbers{}
	for _, disk := range disks {
		n := all[nodeName(disk.Source)]
		if n == nil {
			if disk.Source.Type == "vhostuser" || disk.Source.Empty() {
				continue
			}
			return nil, errInternal("cannot find statistics for device '%s'", disk.Alias)
		}
		sum.add(n)
	}
	return sum, nil
}

func (b *blockNumbers) add(n *blockNumbers) {
	for _, c := range []struct {
		to *uint64
		n  uint64
	}{
		{&b.io.ReadOps, n.io.ReadOps}, {&b.io.ReadBytes, n.io.ReadBytes}, {&b.io.ReadTime, n.io.ReadTime},
		{&b.io.WriteOps, n.io.WriteOps}, {&b.io.WriteBytes, n.io.WriteBytes}, {&b.io.WriteTime, n.io.WriteTime},
		{&b.io.FlushOps, n.io.FlushOps}, {&b.io.FlushTime, n.io.FlushTime},
		{&b.allocation, n.allocation}, {&b.capacity, n.capacity}, {&b.physical, n.physical},
	} {
		*c.to += c.n
	}
}

func (d *Driver) blockStats(c *dispatch.Call, a *remote.DomainBlockStatsArgs) (*remote.DomainBlockStatsRet, error) {
	r := &remote.DomainBlockStatsRet{Errs: -1} // QEMU does not count them
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		n, err := diskNumbers(c, h, a.Path)
		if err != nil {
			return err
		}
		r.RdReq, r.RdBytes = int64(n.io.ReadOps), int64(n.io.ReadBytes)
		r.WrReq, r.WrBytes = int64(n.io.WriteOps), int64(n.io.WriteBytes)
		return nil
	})
	return r, err
}

// blockStatsCount is how many parameters there are.
const blockStatsCount = 8

func (d *Driver) blockStatsFlags(c *dispatch.Call, a *remote.DomainBlockStatsFlagsArgs) (*remote.DomainBlockStatsFlagsRet, error) {
	if err := checkFlags(c, a.Flags, virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	var params virtype.Params
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		n, err := diskNumbers(c, h, a.Path)
		if err != nil {
			return err
		}
		params.Llong("wr_bytes", int64(n.io.WriteBytes))
		params.Llong("wr_operations", int64(n.io.WriteOps))
		params.Llong("rd_bytes", int64(n.io.ReadBytes))
		params.Llong("rd_operations", int64(n.io.ReadOps))
		params.Llong("flush_operations", int64(n.io.FlushOps))
		params.Llong("wr_total_times", int64(n.io.WriteTime))
		params.Llong("rd_total_times", int64(n.io.ReadTime))
		params.Llong("flush_total_times", int64(n.io.FlushTime))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if a.Nparams == 0 {
		return &remote.DomainBlockStatsFlagsRet{Nparams: blockStatsCount}, nil
	}
	params = params[:min(len(params), max(int(a.Nparams), 0))]
	return &remote.DomainBlockStatsFlagsRet{Params: params, Nparams: int32(len(params))}, nil
}

func (d *Driver) blockInfo(c *dispatch.Call, a *remote.DomainGetBlockInfoArgs) (*remote.DomainGetBlockInfoRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	r := &remote.DomainGetBlockInfoRet{}
	err := d.withJob(c, a.Dom, domain.JobQuery, func(h handle) error {
		disk := findDisk(h.object.Def, a.Path)
		switch {
		case disk == nil:
			return errInvalidArg("invalid path %s not assigned to domain", a.Path)
		case disk.Source.Type == "vhostuser":
			return errUnsupportedOperation("block info is not supported for vhostuser disk")
		case disk.Source.Empty():
			return errInvalidArg("disk '%s' does not currently have a source assigned", a.Path)
		case disk.Source.FDGroup != "":
			return errUnsupportedOperation("block info is not supported for FD passed disk image")
		}
		if !h.object.Active() {
			return inactiveBlockInfo(disk, r)
		}
		return activeBlockInfo(c, h, disk, r)
	})
	return r, err
}

func inactiveBlockInfo(disk *xml.Disk, r *remote.DomainGetBlockInfoRet) error {
	size, err := imageSizeOf(disk.Source)
	if err != nil {
		return errSystem(err, "cannot stat file '%s'", disk.Source.Path)
	}
	r.Allocation, r.Capacity, r.Physical = size.allocation, size.capacity, size.physical
	return nil
}

// activeBlockInfo joins what QEMU says with what the file system does: an image
// without holes has equal sizes.
func activeBlockInfo(ctx context.Context, h handle, disk *xml.Disk, r *remote.DomainGetBlockInfoRet) error {
	n, err := diskNumbers(ctx, h, disk.Target)
	if err != nil {
		return err
	}
	r.Capacity = n.capacity
	r.Allocation = n.allocation
	if disk.Source.Type == "file" && disk.Source.Format == "qcow2" || n.allocation == 0 {
		r.Allocation = n.onDisk
	}
	r.Physical = n.onDisk
	if n.onDisk == 0 || r.Allocation == n.onDisk {
		if size := physicalSize(disk.Source, 0); size != 0 {
			r.Physical = size
		}
	}
	return nil
}

// diskIOErrors are QEMU's states of a disk's I/O, in the API's numbers.
var diskIOErrors = map[string]int32{"failed": virtype.DomainDiskErrorUnspec, "nospace": virtype.DomainDiskErrorNoSpace}

func (d *Driver) diskErrors(c *dispatch.Call, a *remote.DomainGetDiskErrorsArgs) (*remote.DomainGetDiskErrorsRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	r := &remote.DomainGetDiskErrorsRet{}
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		if a.Maxerrors == 0 {
			r.Nerrors = int32(len(h.object.Def.Devices.Disks))
			return nil
		}
		states, err := query[[]struct {
			QDev     string `json:"qdev"`
			IOStatus string `json:"io-status"`
		}](c, h, "query-block", nil)
		if err != nil {
			return err
		}
		for _, disk := range h.object.Def.Devices.Disks {
			for _, s := range states {
				code := diskIOErrors[s.IOStatus]
				if code != 0 && qomAlias(s.QDev) == disk.Alias && len(r.Errors) < int(a.Maxerrors) {
					r.Errors = append(r.Errors, remote.DomainDiskError{Disk: disk.Target, Error: code})
				}
			}
		}
		r.Nerrors = int32(len(r.Errors))
		return nil
	})
	return r, err
}
