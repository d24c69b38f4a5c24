package qemu

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// statsReader gathers the statistics of one domain. Without a job the monitor is not asked.
type statsReader struct {
	drv     *Driver
	ctx     context.Context
	h       handle
	job     bool
	backing bool
	params  virtype.Params
}

// statsGroups are the groups of virConnectGetAllDomainStats, in the order of the answer.
var statsGroups = []struct {
	flag    uint32
	monitor bool // needs the domain's job
	read    func(*statsReader)
}{
	{virtype.DomainStatsState, false, (*statsReader).state},
	{virtype.DomainStatsCPUTotal, true, (*statsReader).cpu},
	{virtype.DomainStatsBalloon, true, (*statsReader).balloon},
	{virtype.DomainStatsVCPU, true, (*statsReader).vcpus},
	{virtype.DomainStatsInterface, false, (*statsReader).interfaces},
	{virtype.DomainStatsBlock, true, (*statsReader).blocks},
	{virtype.DomainStatsPerf, false, func(*statsReader) {}},
	{virtype.DomainStatsIothread, true, (*statsReader).iothreads},
	{virtype.DomainStatsMemory, false, func(*statsReader) {}},
	{virtype.DomainStatsDirtyrate, true, (*statsReader).dirtyRate},
	{virtype.DomainStatsVm, true, (*statsReader).machine},
}

// allStats are all groups that are known.
func allStats() (flags uint32) {
	for _, g := range statsGroups {
		flags |= g.flag
	}
	return flags
}

// needsMonitor says whether any group asks QEMU.
func needsMonitor(flags uint32) bool {
	for _, g := range statsGroups {
		if g.monitor && flags&g.flag != 0 {
			return true
		}
	}
	return false
}

func (s *statsReader) read(flags uint32) virtype.Params {
	for _, g := range statsGroups {
		if flags&g.flag != 0 {
			g.read(s)
		}
	}
	return s.params
}

// asks says whether QEMU can be asked.
func (s *statsReader) asks() bool { return s.job && s.h.object.Active() }

func (s *statsReader) state() {
	s.params.Int("state.state", int32(s.h.object.State))
	s.params.Int("state.reason", int32(s.h.object.Reason))
}

// cpu tells for a domain that does not run the daemon's own times, as libvirt does.
func (s *statsReader) cpu() {
	pid := s.h.object.PID
	if pid == 0 {
		pid = os.Getpid()
	}
	if times, err := s.drv.host.ProcessTimes(pid); err == nil {
		s.params.Ullong("cpu.time", uint64(times.CPU()))
		s.params.Ullong("cpu.user", uint64(times.User))
		s.params.Ullong("cpu.system", uint64(times.System))
	}
	if !s.h.object.Active() {
		return
	}
	s.params.Uint("cpu.cache.monitor.count", 0)
	s.params.Ullong("cpu.haltpoll.success.time", 0)
	s.params.Ullong("cpu.haltpoll.fail.time", 0)
}

// balloonNames are the names of domstats for the tags of the balloon.
var balloonNames = map[int32]string{
	virtype.DomainMemoryStatSwapIn:         "swap_in",
	virtype.DomainMemoryStatSwapOut:        "swap_out",
	virtype.DomainMemoryStatMajorFault:     "major_fault",
	virtype.DomainMemoryStatMinorFault:     "minor_fault",
	virtype.DomainMemoryStatUnused:         "unused",
	virtype.DomainMemoryStatAvailable:      "available",
	virtype.DomainMemoryStatRss:            "rss",
	virtype.DomainMemoryStatUsable:         "usable",
	virtype.DomainMemoryStatLastUpdate:     "last-update",
	virtype.DomainMemoryStatDiskCaches:     "disk_caches",
	virtype.DomainMemoryStatHugetlbPgalloc: "hugetlb_pgalloc",
	virtype.DomainMemoryStatHugetlbPgfail:  "hugetlb_pgfail",
}

func (s *statsReader) balloon() {
	def := s.h.object.Def
	current := def.Memory.Current
	if !hasBalloon(def) {
		current = def.Memory.Total
	}
	s.params.Ullong("balloon.current", current)
	s.params.Ullong("balloon.maximum", def.Memory.Total)
	if !s.asks() {
		return
	}
	stats, err := s.drv.memoryStatsOf(s.ctx, s.h)
	if err != nil {
		return
	}
	for _, st := range stats {
		if name := balloonNames[st.Tag]; name != "" {
			s.params.Ullong("balloon."+name, st.Val)
		}
	}
}

func (s *statsReader) vcpus() {
	o := s.h.object
	s.params.Uint("vcpu.current", uint32(o.Def.VCPU.Online()))
	s.params.Uint("vcpu.maximum", uint32(o.Def.VCPU.Max()))
	threads := vcpuThreads(o)
	for i := range o.Def.VCPU.List {
		if !o.Def.VCPU.List[i].Online || o.Active() && threads[i] == 0 {
			continue
		}
		name := fmt.Sprintf("vcpu.%d.", i)
		if !o.Active() {
			continue
		}
		times, err := s.drv.host.ThreadTimes(o.PID, threads[i])
		if err != nil {
			return
		}
		_, delay, _ := s.drv.host.Schedstat(o.PID, threads[i])
		s.params.Int(name+"state", virtype.VCPURunning)
		s.params.Ullong(name+"time", uint64(times.CPU()))
		s.params.Ullong(name+"wait", 0)
		s.params.Ullong(name+"delay", uint64(delay))
	}
}

func (s *statsReader) interfaces() {
	o := s.h.object
	if !o.Active() {
		return
	}
	s.params.Uint("net.count", uint32(len(o.Def.Devices.Interfaces)))
	for i, nic := range o.Def.Devices.Interfaces {
		if nic.Target == "" {
			continue
		}
		name := fmt.Sprintf("net.%d.", i)
		s.params.String(name+"name", nic.Target)
		t, err := s.drv.interfaceTraffic(nic)
		if err != nil {
			continue
		}
		for _, v := range []struct {
			name  string
			value int64
		}{
			{"rx.bytes", t.RxBytes}, {"rx.pkts", t.RxPackets}, {"rx.errs", t.RxErrors}, {"rx.drop", t.RxDropped},
			{"tx.bytes", t.TxBytes}, {"tx.pkts", t.TxPackets}, {"tx.errs", t.TxErrors}, {"tx.drop", t.TxDropped},
		} {
			s.params.Ullong(name+v.name, uint64(v.value))
		}
	}
}

func (s *statsReader) blocks() {
	var numbers blockTable
	if s.asks() {
		numbers, _ = blockNumbersOf(s.ctx, s.h)
	}
	var found virtype.Params
	count := 0
	for _, disk := range s.h.object.Def.Devices.Disks {
		for source := disk.Source; source != nil && source.Type != backingTerminator; source = source.Backing {
			s.block(&found, fmt.Sprintf("block.%d.", count), disk, source, numbers)
			count++
			if !s.backing || source.Type == "vhostuser" {
				break
			}
		}
	}
	s.params.Uint("block.count", uint32(count))
	s.params = append(s.params, found...)
}

func (s *statsReader) block(p *virtype.Params, name string, disk *xml.Disk, source *xml.DiskSource, numbers blockTable) {
	p.String(name+"name", disk.Target)
	if local(source) && source.Path != "" {
		p.String(name+"path", source.Path)
	}
	if source.Index != 0 {
		p.Uint(name+"backingIndex", uint32(source.Index))
	}
	switch {
	case source.Type == "vhostuser":
	case !s.h.object.Active():
		offlineBlock(p, name, source)
	default:
		if front := numbers.device(disk); front != nil && source == disk.Source {
			blockCounters(p, name, &front.io)
		}
		blockSizes(p, name, source, numbers)
	}
}

// offlineBlock reads the sizes of an image that nobody runs; one that cannot be read has none.
func offlineBlock(p *virtype.Params, name string, source *xml.DiskSource) {
	if source.Empty() || source.FDGroup != "" || !local(source) {
		return
	}
	size, err := imageSizeOf(source)
	if err != nil {
		return
	}
	for _, v := range []struct {
		name  string
		value uint64
	}{{"allocation", size.allocation}, {"capacity", size.capacity}, {"physical", size.physical}} {
		if v.value != 0 {
			p.Ullong(name+v.name, v.value)
		}
	}
}

func blockCounters(p *virtype.Params, name string, io *ioStats) {
	p.Ullong(name+"rd.reqs", io.ReadOps)
	p.Ullong(name+"rd.bytes", io.ReadBytes)
	p.Ullong(name+"rd.times", io.ReadTime)
	p.Ullong(name+"wr.reqs", io.WriteOps)
	p.Ullong(name+"wr.bytes", io.WriteBytes)
	p.Ullong(name+"wr.times", io.WriteTime)
	p.Ullong(name+"fl.reqs", io.FlushOps)
	p.Ullong(name+"fl.times", io.FlushTime)
}

func blockSizes(p *virtype.Params, name string, source *xml.DiskSource, numbers blockTable) {
	if n := numbers.source(source); n != nil {
		p.Ullong(name+"allocation", n.highest)
		if n.capacity != 0 {
			p.Ullong(name+"capacity", n.capacity)
		}
		if physical := physicalSize(source, n.physical); physical != 0 {
			p.Ullong(name+"physical", physical)
		}
	}
	if n := numbers.storage(source); n != nil && n.threshold != 0 {
		p.Ullong(name+"threshold", n.threshold)
	}
}

// physicalSize is what an image takes of the host: QEMU's word, or that of the file system.
func physicalSize(source *xml.DiskSource, told uint64) uint64 {
	if told != 0 || !local(source) {
		return told
	}
	info, err := os.Stat(source.Path)
	if err != nil {
		return 0
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Mode&syscall.S_IFMT == syscall.S_IFREG {
		return uint64(stat.Size)
	}
	return 0
}

func (s *statsReader) iothreads() {
	if !s.asks() {
		return
	}
	list, err := query[[]iothread](s.ctx, s.h, "query-iothreads", nil)
	if err != nil || len(list) == 0 {
		return
	}
	s.params.Uint("iothread.count", uint32(len(list)))
	for _, t := range list {
		name := fmt.Sprintf("iothread.%d.", t.number())
		s.params.Ullong(name+"poll-max-ns", t.PollMaxNS)
		s.params.Uint(name+"poll-grow", uint32(t.PollGrow))
		s.params.Uint(name+"poll-shrink", uint32(t.PollShrink))
	}
}

// dirtyRateStates are QEMU's words in the API's numbers.
var dirtyRateStates = map[string]int32{"unstarted": 0, "measuring": 1, "measured": 2}

func (s *statsReader) dirtyRate() {
	if !s.asks() {
		return
	}
	r, err := query[dirtyRate](s.ctx, s.h, "query-dirty-rate", nil)
	if err != nil {
		return
	}
	mode := r.Mode
	if mode == "" {
		mode = "page-sampling"
	}
	s.params.Int("dirtyrate.calc_status", dirtyRateStates[r.Status])
	s.params.Llong("dirtyrate.calc_start_time", r.StartTime)
	s.params.Int("dirtyrate.calc_period", r.CalcTime)
	s.params.String("dirtyrate.calc_mode", mode)
	if r.Status == "measured" {
		s.params.Llong("dirtyrate.megabytes_per_second", r.Rate)
	}
}

// machine reads KVM's own counters; a machine without KVM has none.
func (s *statsReader) machine() {
	if !s.asks() || s.h.object.Def.Type != "kvm" {
		return
	}
	type counter struct {
		Name  string
		Value any
	}
	providers, err := query[[]struct{ Stats []counter }](s.ctx, s.h, "query-stats", map[string]string{"target": "vm"})
	if err != nil || len(providers) != 1 {
		return
	}
	for _, c := range providers[0].Stats {
		if v, ok := c.Value.(float64); ok {
			s.params.Ullong("vm."+c.Name+".sum", uint64(v))
		}
	}
}
