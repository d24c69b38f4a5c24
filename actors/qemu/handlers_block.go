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

// diskCounters gives the counters of one disk, or with an empty path the sum of all.
func diskCounters(ctx context.Context, h handle, path string) (*ioStats, error) {
	disks := h.object.Def.Devices.Disks
	if path != "" {
		disk, err := statsDisk(h.object.Def, path)
		if err != nil {
			return nil, err
		}
		disks = []*xml.Disk{disk}
	}
	all, err := blockNumbersOf(ctx, h)
	if err != nil {
		return nil, err
	}
	sum := &ioStats{}
	for _, disk := range disks {
		if disk.Source.Type == "vhostuser" {
			continue
		}
		n := all.device(disk)
		if n == nil {
			return nil, errInternal("cannot find statistics for device '%s'", diskQOMPath(disk))
		}
		sum.add(&n.io)
	}
	return sum, nil
}

// statsDisk finds a disk whose numbers QEMU has.
func statsDisk(def *xml.Domain, path string) (*xml.Disk, error) {
	disk := findDisk(def, path)
	switch {
	case disk == nil:
		return nil, errInvalidArg("invalid path: %s", path)
	case disk.Source.Type == "vhostuser":
		return nil, errUnsupportedOperation("block stats are not supported for vhostuser disk")
	}
	return disk, nil
}

func (s *ioStats) add(n *ioStats) {
	s.ReadOps += n.ReadOps
	s.ReadBytes += n.ReadBytes
	s.ReadTime += n.ReadTime
	s.WriteOps += n.WriteOps
	s.WriteBytes += n.WriteBytes
	s.WriteTime += n.WriteTime
	s.FlushOps += n.FlushOps
	s.FlushTime += n.FlushTime
}

func (d *Driver) blockStats(c *dispatch.Call, a *remote.DomainBlockStatsArgs) (*remote.DomainBlockStatsRet, error) {
	r := &remote.DomainBlockStatsRet{Errs: -1} // QEMU does not count them
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		n, err := diskCounters(c, h, a.Path)
		if err != nil {
			return err
		}
		r.RdReq, r.RdBytes = int64(n.ReadOps), int64(n.ReadBytes)
		r.WrReq, r.WrBytes = int64(n.WriteOps), int64(n.WriteBytes)
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
		n, err := diskCounters(c, h, a.Path)
		if err != nil {
			return err
		}
		params.Llong("wr_bytes", int64(n.WriteBytes))
		params.Llong("wr_operations", int64(n.WriteOps))
		params.Llong("rd_bytes", int64(n.ReadBytes))
		params.Llong("rd_operations", int64(n.ReadOps))
		params.Llong("flush_operations", int64(n.FlushOps))
		params.Llong("wr_total_times", int64(n.WriteTime))
		params.Llong("rd_total_times", int64(n.ReadTime))
		params.Llong("flush_total_times", int64(n.FlushTime))
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

// activeBlockInfo joins what QEMU says with what the file system does: equal sizes,
// or none, mean a file with holes.
func activeBlockInfo(ctx context.Context, h handle, disk *xml.Disk, r *remote.DomainGetBlockInfoRet) error {
	all, err := blockNumbersOf(ctx, h)
	if err != nil {
		return err
	}
	if all.device(disk) == nil {
		return errInternal("cannot find statistics for device '%s'", diskQOMPath(disk))
	}
	n := all.source(disk.Source)
	if n == nil {
		n = &blockNumbers{}
	}
	r.Capacity, r.Allocation, r.Physical = n.capacity, n.highest, n.physical
	if !n.written || disk.Source.Type == "file" && disk.Source.Format == "qcow2" || r.Allocation == 0 {
		r.Allocation = n.physical
	}
	if r.Allocation == n.physical {
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
