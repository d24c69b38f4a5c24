package qemu

import (
	"context"
	"encoding/json"
	"math"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) memoryHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetMaxMemory, dispatch.Inline, d.getMaxMemory)
	dispatch.Handle(t, remote.ProcDomainSetMaxMemory, dispatch.Worker, d.setMaxMemory)
	dispatch.Handle(t, remote.ProcDomainSetMemory, dispatch.Worker, d.setMemory)
	dispatch.Handle(t, remote.ProcDomainSetMemoryFlags, dispatch.Worker, d.setMemoryFlags)
	dispatch.Handle(t, remote.ProcDomainSetMemoryStatsPeriod, dispatch.Worker, d.setStatsPeriod)
	dispatch.Handle(t, remote.ProcDomainMemoryStats, dispatch.Worker, d.memoryStats)
}

func (d *Driver) getMaxMemory(_ *dispatch.Call, a *remote.DomainGetMaxMemoryArgs) (*remote.DomainGetMaxMemoryRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetMaxMemoryRet{Memory: o.Def.Memory.Total}, nil
}

func (d *Driver) setMaxMemory(c *dispatch.Call, a *remote.DomainSetMaxMemoryArgs) (*dispatch.Void, error) {
	return nil, d.changeMemory(c, a.Dom, a.Memory, virtype.DomainMemMaximum)
}

func (d *Driver) setMemory(c *dispatch.Call, a *remote.DomainSetMemoryArgs) (*dispatch.Void, error) {
	return nil, d.changeMemory(c, a.Dom, a.Memory, uint32(affectLive))
}

func (d *Driver) setMemoryFlags(c *dispatch.Call, a *remote.DomainSetMemoryFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.DomainMemMaximum); err != nil {
		return nil, err
	}
	return nil, d.changeMemory(c, a.Dom, a.Memory, a.Flags)
}

func (d *Driver) changeMemory(c *dispatch.Call, dom remote.NonnullDomain, size uint64, flags uint32) error {
	if flags&virtype.DomainMemMaximum != 0 {
		return d.edit(c, dom, flags, change{
			config: func(def *xml.Domain) error { return setTotalMemory(def, size) },
			live: func(handle, *xml.Domain) error {
				return errInvalid("cannot resize the maximum memory on an active domain")
			},
		})
	}
	fits := func(def *xml.Domain) error {
		if size > def.Memory.Total {
			return errInvalidArg("cannot set memory higher than max memory")
		}
		return nil
	}
	return d.edit(c, dom, flags, change{
		config: func(def *xml.Domain) error {
			def.Memory.Current = size
			return fits(def)
		},
		live: func(h handle, def *xml.Domain) error {
			if err := fits(def); err != nil {
				return err
			}
			return inflate(c, h, size)
		},
	})
}

func setTotalMemory(def *xml.Domain, size uint64) error {
	switch {
	case len(def.Numa.Cells) > 0:
		return errInvalid("initial memory size of a domain with NUMA nodes cannot be modified with this API")
	case def.Memory.Max != 0 && def.Memory.Max < size:
		return errInvalid("cannot set initial memory size greater than the maximum memory size")
	}
	def.Memory.Total = size
	def.Memory.Current = min(def.Memory.Current, size)
	return nil
}

// inflate tells the balloon how much the guest is to have.
func inflate(ctx context.Context, h handle, size uint64) error {
	_, err := h.monitor(ctx, "balloon", map[string]uint64{"value": size * 1024}, nil)
	if isClass(err, "DeviceNotActive") || isClass(err, "KVMMissingCap") {
		return errInvalid("Unable to change memory of active domain without the balloon device and guest OS balloon driver")
	}
	return err
}

func (d *Driver) setStatsPeriod(c *dispatch.Call, a *remote.DomainSetMemoryStatsPeriodArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	period := func(def *xml.Domain) error {
		if !hasBalloon(def) {
			return errInternal("No memory balloon device configured, can not set the collection period")
		}
		balloon := *def.Devices.Memballoon
		balloon.Period = uint(a.Period)
		def.Devices.Memballoon = &balloon
		return nil
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: period,
		live: func(h handle, def *xml.Domain) error {
			if err := period(def); err != nil {
				return err
			}
			if err := setBalloonPeriod(c, h, def, int(a.Period)); err != nil {
				return errInvalid("unable to set balloon driver collection period")
			}
			return nil
		},
	})
}

// hasBalloon says whether the machine has a balloon that does something.
func hasBalloon(def *xml.Domain) bool {
	b := def.Devices.Memballoon
	return b != nil && b.Model != "none"
}

// balloonPath is where QEMU keeps the balloon among its objects.
func balloonPath(def *xml.Domain) string {
	return "/machine/peripheral/" + def.Devices.Memballoon.Alias
}

func setBalloonPeriod(ctx context.Context, h handle, def *xml.Domain, seconds int) error {
	_, err := h.monitor(ctx, "qom-set", map[string]any{
		"path": balloonPath(def), "property": "guest-stats-polling-interval", "value": seconds,
	}, nil)
	return err
}

// memoryTags are the balloon's statistics by the tags of the API; sizes come in bytes.
var memoryTags = []struct {
	tag  int32
	name string
	size bool
}{
	{virtype.DomainMemoryStatSwapIn, "stat-swap-in", true},
	{virtype.DomainMemoryStatSwapOut, "stat-swap-out", true},
	{virtype.DomainMemoryStatMajorFault, "stat-major-faults", false},
	{virtype.DomainMemoryStatMinorFault, "stat-minor-faults", false},
	{virtype.DomainMemoryStatUnused, "stat-free-memory", true},
	{virtype.DomainMemoryStatAvailable, "stat-total-memory", true},
	{virtype.DomainMemoryStatUsable, "stat-available-memory", true},
	{virtype.DomainMemoryStatLastUpdate, lastUpdate, false},
	{virtype.DomainMemoryStatDiskCaches, "stat-disk-caches", true},
	{virtype.DomainMemoryStatHugetlbPgalloc, "stat-htlb-pgalloc", false},
	{virtype.DomainMemoryStatHugetlbPgfail, "stat-htlb-pgfail", false},
}

// lastUpdate stands among the statistics, but is told beside them.
const lastUpdate = "last-update"

// unknownStat is what QEMU says of a statistic that the guest did not give.
const unknownStat = math.MaxUint64

func (d *Driver) memoryStats(c *dispatch.Call, a *remote.DomainMemoryStatsArgs) (*remote.DomainMemoryStatsRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if a.MaxStats > remoteMaxMemoryStats {
		return nil, errInternal("maxStats > REMOTE_DOMAIN_MEMORY_STATS_MAX")
	}
	r := &remote.DomainMemoryStatsRet{}
	err := d.active(c, a.Dom, domain.JobQuery, func(h handle) error {
		stats, err := d.memoryStatsOf(c, h)
		r.Stats = stats[:min(len(stats), int(a.MaxStats))]
		return err
	})
	return r, err
}

// remoteMaxMemoryStats bounds what a client may ask for.
const remoteMaxMemoryStats = 1024

// memoryStatsOf reads the balloon, and what the host knows of the process.
func (d *Driver) memoryStatsOf(ctx context.Context, h handle) ([]remote.DomainMemoryStat, error) {
	var stats []remote.DomainMemoryStat
	add := func(tag int32, value uint64) {
		stats = append(stats, remote.DomainMemoryStat{Tag: tag, Val: value})
	}
	def := h.object.Def
	if hasBalloon(def) {
		info, err := query[balloonInfo](ctx, h, "query-balloon", nil)
		switch {
		case err == nil:
			add(virtype.DomainMemoryStatActualBalloon, (info.Actual+1023)/1024)
			d.balloonStats(ctx, h, add)
		case !isClass(err, "DeviceNotActive"):
			return nil, err
		}
	}
	if times, err := d.host.ProcessTimes(h.object.PID); err == nil {
		add(virtype.DomainMemoryStatRss, times.RSS)
	}
	return stats, nil
}

func (d *Driver) balloonStats(ctx context.Context, h handle, add func(int32, uint64)) {
	raw, err := h.monitor(ctx, "qom-get", map[string]string{"path": balloonPath(h.object.Def), "property": "guest-stats"}, nil)
	var s balloonStats
	if err != nil || json.Unmarshal(raw, &s) != nil || s.Stats == nil {
		return // a guest without the driver
	}
	s.Stats[lastUpdate] = uint64(s.LastUpdate)
	for _, t := range memoryTags {
		value, known := s.Stats[t.name]
		switch {
		case !known || value == unknownStat:
			continue
		case t.size:
			value /= 1024
		}
		add(t.tag, value)
	}
}
