package qemu

import (
	"errors"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

func (d *Driver) nodeHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcNodeGetInfo, dispatch.Inline, d.nodeInfo)
	dispatch.Handle(t, remote.ProcNodeGetCPUStats, dispatch.Inline, d.nodeCPUStats)
	dispatch.Handle(t, remote.ProcNodeGetMemoryStats, dispatch.Inline, d.nodeMemoryStats)
	dispatch.Handle(t, remote.ProcNodeGetCellsFreeMemory, dispatch.Inline, d.nodeCellsFree)
	dispatch.Handle(t, remote.ProcNodeGetFreeMemory, dispatch.Inline, d.nodeFreeMemory)
	dispatch.Handle(t, remote.ProcNodeGetFreePages, dispatch.Inline, d.nodeFreePages)
	dispatch.Handle(t, remote.ProcNodeGetCPUMap, dispatch.Inline, d.nodeCPUMap)
	dispatch.Handle(t, remote.ProcNodeGetMemoryParameters, dispatch.Inline, d.nodeMemoryParameters)
	dispatch.Handle(t, remote.ProcNodeGetSecurityModel, dispatch.Inline, d.nodeSecurityModel)
	dispatch.Handle(t, remote.ProcNodeSetMemoryParameters, dispatch.Worker, d.setNodeMemoryParameters)
	dispatch.Handle(t, remote.ProcNodeAllocPages, dispatch.Worker, d.nodeAllocPages)
	dispatch.Handle(t, remote.ProcConnectGetSysinfo, dispatch.Worker, d.sysinfo)
	dispatch.Handle(t, remote.ProcConnectGetMaxVcpus, dispatch.Inline, d.maxVCPUs)
}

// errHost is an error of libvirt's common code for hosts.
func errHost(code virerr.Code, format string, args ...any) error {
	return virerr.New(virerr.FromNone, code, format, args...)
}

// errHostArg is errHost of an argument of one of its functions.
func errHostArg(function, argument, format string, args ...any) error {
	return virerr.Argument(virerr.FromNone, function, argument, format, args...)
}

func (d *Driver) nodeInfo(*dispatch.Call, *dispatch.Void) (*remote.NodeGetInfoRet, error) {
	topology, err := d.host.Topology()
	if err != nil {
		return nil, errInternal("%s", err)
	}
	memory, err := d.host.PhysicalMemory()
	if err != nil {
		return nil, err
	}
	r := &remote.NodeGetInfoRet{
		Memory: memory.Total, Cpus: int32(topology.CPUs), Mhz: int32(topology.MHz),
		Nodes: int32(topology.Nodes), Sockets: int32(topology.Sockets),
		Cores: int32(topology.Cores), Threads: int32(topology.Threads),
	}
	for i, c := range []byte(caps.HostArch()) {
		r.Model[i] = int8(c)
	}
	return r, nil
}

// tick is the unit of the kernel's times, in nanoseconds.
const tick = 10_000_000

func (d *Driver) nodeCPUStats(_ *dispatch.Call, a *remote.NodeGetCPUStatsArgs) (*remote.NodeGetCPUStatsRet, error) {
	const count = 4
	if a.Flags != 0 {
		return nil, errFlags(virerr.FromNone, "virHostCPUGetStats", a.Flags)
	}
	if a.Nparams == 0 {
		return &remote.NodeGetCPUStatsRet{Nparams: count}, nil
	}
	if a.Nparams != count {
		return nil, errHostArg("virHostCPUGetStatsLinux", "nparams", "nparams in %s must be equal to %d", "virHostCPUGetStatsLinux", count)
	}
	t, err := d.host.CPUTimes(int(a.CPUNum))
	if errors.Is(err, hostinfo.ErrNoCPU) {
		return nil, errHostArg("virHostCPUGetStatsLinux", "cpuNum", "Invalid cpuNum in %s", "virHostCPUGetStatsLinux")
	}
	if err != nil {
		return nil, err
	}
	return &remote.NodeGetCPUStatsRet{Nparams: count, Params: []remote.NodeGetCPUStats{
		{Field: "kernel", Value: (t.System + t.IRQ + t.SoftIRQ) * tick},
		{Field: "user", Value: (t.User + t.Nice) * tick},
		{Field: "idle", Value: t.Idle * tick},
		{Field: "iowait", Value: t.IOWait * tick},
	}}, nil
}

func (d *Driver) nodeMemoryStats(_ *dispatch.Call, a *remote.NodeGetMemoryStatsArgs) (*remote.NodeGetMemoryStatsRet, error) {
	if a.Flags != 0 {
		return nil, errFlags(virerr.FromNone, "virHostMemGetStats", a.Flags)
	}
	all := a.CellNum == virtype.NodeMemoryStatsAllCells
	count := int32(2)
	if all {
		count = 4
	}
	if a.Nparams == 0 {
		return &remote.NodeGetMemoryStatsRet{Nparams: count}, nil
	}
	if a.Nparams != count {
		return nil, errHostArg("virHostMemGetStatsLinux", "nparams", "nparams in %s must be %d", "virHostMemGetStatsLinux", count)
	}
	m, err := d.memoryOf(a.CellNum)
	if err != nil {
		return nil, err
	}
	params := []remote.NodeGetMemoryStats{{Field: "total", Value: m.Total}, {Field: "free", Value: m.Free}}
	if all {
		params = append(params,
			remote.NodeGetMemoryStats{Field: "buffers", Value: m.Buffers},
			remote.NodeGetMemoryStats{Field: "cached", Value: m.Cached})
	}
	return &remote.NodeGetMemoryStatsRet{Nparams: count, Params: params}, nil
}

func (d *Driver) memoryOf(cell int32) (hostinfo.Memory, error) {
	if cell == virtype.NodeMemoryStatsAllCells {
		return d.host.Memory()
	}
	if last := d.lastNode(); cell < 0 || cell > last {
		return hostinfo.Memory{}, errHostArg("virHostMemGetStats", "cellNum", "cellNum in %s must be less than or equal to %d", "virHostMemGetStats", last)
	}
	return d.host.NodeMemory(int(cell))
}

// lastNode is the highest NUMA node, 0 where the kernel knows none.
func (d *Driver) lastNode() int32 {
	nodes, err := d.host.Nodes()
	if err != nil || len(nodes) == 0 {
		return 0
	}
	return int32(nodes[len(nodes)-1])
}

func (d *Driver) nodeCellsFree(_ *dispatch.Call, a *remote.NodeGetCellsFreeMemoryArgs) (*remote.NodeGetCellsFreeMemoryRet, error) {
	last := d.lastNode()
	if a.StartCell < 0 || a.StartCell > last {
		return nil, errHost(virerr.InternalError, "start cell %d out of range (0-%d)", a.StartCell, last)
	}
	r := &remote.NodeGetCellsFreeMemoryRet{}
	for cell := a.StartCell; cell <= last && cell < a.StartCell+a.Maxcells; cell++ {
		m, err := d.host.NodeMemory(int(cell))
		if err != nil {
			m, err = d.host.PhysicalMemory()
		}
		if err != nil {
			return nil, err
		}
		r.Cells = append(r.Cells, m.Free*1024)
	}
	return r, nil
}

func (d *Driver) nodeFreeMemory(*dispatch.Call, *dispatch.Void) (*remote.NodeGetFreeMemoryRet, error) {
	m, err := d.host.PhysicalMemory()
	return &remote.NodeGetFreeMemoryRet{FreeMem: m.Free * 1024}, err
}

func (d *Driver) nodeFreePages(c *dispatch.Call, a *remote.NodeGetFreePagesArgs) (*remote.NodeGetFreePagesRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	last := d.lastNode()
	if a.StartCell > last {
		return nil, errHost(virerr.InternalError, "start cell %d out of range (0-%d)", a.StartCell, last)
	}
	r := &remote.NodeGetFreePagesRet{}
	for cell := a.StartCell; cell <= last && cell < a.StartCell+int32(a.CellCount); cell++ {
		for _, size := range a.Pages {
			n, err := d.host.FreePages(int(cell), uint64(size))
			if err != nil {
				return nil, errHost(virerr.OperationFailed, "page size %d is not available on node %d", size, cell)
			}
			r.Counts = append(r.Counts, n)
		}
	}
	if len(r.Counts) == 0 {
		return nil, errHost(virerr.InternalError, "no suitable info found")
	}
	return r, nil
}

func (d *Driver) nodeCPUMap(_ *dispatch.Call, a *remote.NodeGetCPUMapArgs) (*remote.NodeGetCPUMapRet, error) {
	if a.Flags != 0 {
		return nil, errFlags(virerr.FromNone, "virHostCPUGetMap", a.Flags)
	}
	present, err := d.host.PresentCPUs()
	if err != nil {
		return nil, err
	}
	online, err := d.host.OnlineCPUs()
	if err != nil {
		return nil, err
	}
	size := present[len(present)-1] + 1
	r := &remote.NodeGetCPUMapRet{Ret: int32(size)}
	if a.NeedOnline != 0 {
		r.Online = uint32(len(online))
	}
	if a.NeedMap != 0 {
		r.Cpumap = cpuMap(online, (size+7)/8)
	}
	return r, nil
}

// cpuMap sets the bits of processors in a map of that many bytes.
func cpuMap(cpus []int, length int) []byte {
	m := make([]byte, length)
	for _, cpu := range cpus {
		if cpu/8 < length {
			m[cpu/8] |= 1 << (cpu % 8)
		}
	}
	return m
}

// ksmParameters are the files of the kernel's page merging, by the names of the API.
var ksmParameters = []struct {
	name, file string
	wide       bool
}{
	{"shm_pages_to_scan", "pages_to_scan", false},
	{"shm_sleep_millisecs", "sleep_millisecs", false},
	{"shm_pages_shared", "pages_shared", true},
	{"shm_pages_sharing", "pages_sharing", true},
	{"shm_pages_unshared", "pages_unshared", true},
	{"shm_pages_volatile", "pages_volatile", true},
	{"shm_full_scans", "full_scans", true},
	{"shm_merge_across_nodes", "merge_across_nodes", false},
}

func (d *Driver) nodeMemoryParameters(_ *dispatch.Call, a *remote.NodeGetMemoryParametersArgs) (*remote.NodeGetMemoryParametersRet, error) {
	if unknown := a.Flags &^ virtype.TypedParamStringOkay; unknown != 0 {
		return nil, errFlags(virerr.FromNone, "virHostMemGetParameters", unknown)
	}
	if a.Nparams == 0 {
		return &remote.NodeGetMemoryParametersRet{Nparams: int32(len(ksmParameters))}, nil
	}
	var params virtype.Params
	for _, k := range ksmParameters {
		value, err := d.host.Number("/sys/kernel/mm/ksm/" + k.file)
		switch {
		case err != nil:
			continue
		case k.wide:
			params.Ullong(k.name, value)
		default:
			params.Uint(k.name, uint32(value))
		}
	}
	return &remote.NodeGetMemoryParametersRet{Params: params, Nparams: int32(len(params))}, nil
}

// chars makes what XDR has for a char array, with its end mark.
func chars(s string) []int8 {
	r := make([]int8, len(s)+1)
	for i := range len(s) {
		r[i] = int8(s[i])
	}
	return r
}

// maxVCPUsQEMU is what libvirt says for emulated machines.
const maxVCPUsQEMU = 16

func (d *Driver) maxVCPUs(_ *dispatch.Call, a *remote.ConnectGetMaxVcpusArgs) (*remote.ConnectGetMaxVcpusRet, error) {
	switch kind := text(a.Type); strings.ToLower(kind) {
	case "", "qemu":
		return &remote.ConnectGetMaxVcpusRet{MaxVcpus: maxVCPUsQEMU}, nil
	case "kvm":
		n, err := sys.KVMMaxVCPUs()
		if err != nil {
			return nil, errSystem(err, "Unable to open %s", sys.KVMDevice)
		}
		return &remote.ConnectGetMaxVcpusRet{MaxVcpus: int32(n)}, nil
	default:
		return nil, errInvalidArg("unknown type '%s'", kind)
	}
}

// text gives an optional string, empty where there is none.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
