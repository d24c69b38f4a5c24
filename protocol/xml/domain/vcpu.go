package domain

// VCPU are the virtual processors.
type VCPU struct {
	Placement string  // static, auto
	CPUSet    *CPUSet // host processors they may use; nil for all
	// Individual is set when the document listed them one by one in <vcpus>.
	Individual bool
	List       []VirtualCPU // one each, up to the maximum
}

// VirtualCPU is one virtual processor. Its pinning and scheduler are those of <cputune>.
type VirtualCPU struct {
	Online       bool
	Hotpluggable Tristate
	Order        uint // of plugging in, 0 when not given
	Pin          *CPUSet
	Sched        *Sched
}

// Max gives the maximum number of virtual processors.
func (v *VCPU) Max() int { return len(v.List) }

// Online gives the number of virtual processors that are plugged in.
func (v *VCPU) Online() int {
	n := 0
	for i := range v.List {
		if v.List[i].Online {
			n++
		}
	}
	return n
}

// Set makes it max processors of which the first online ones are plugged in, keeping what was tuned.
func (v *VCPU) Set(maximum, online int) {
	for len(v.List) < maximum {
		v.List = append(v.List, VirtualCPU{})
	}
	v.List = v.List[:maximum]
	for i := range v.List {
		v.List[i].Online = i < online
	}
}

// Sched is the scheduling policy of a thread.
type Sched struct {
	Policy   string // batch, idle, fifo, rr
	Priority int    // of fifo and rr
}

// ThreadPool bounds the worker threads of an event loop; -1 stands for not given.
type ThreadPool struct {
	Min, Max int
}

// IOThread is a thread for disks. Its pinning and scheduler are those of <cputune>.
type IOThread struct {
	ID   uint
	Auto bool // not listed in <iothreadids>, only counted by <iothreads>
	Pool ThreadPool
	// The polling parameters are nil when not given.
	PollMax, PollGrow, PollShrink *uint64
	Pin                           *CPUSet
	Sched                         *Sched
}

// IOThread finds an iothread by id, or nil.
func (d *Domain) IOThread(id uint) *IOThread {
	for i := range d.IOThreads {
		if d.IOThreads[i].ID == id {
			return &d.IOThreads[i]
		}
	}
	return nil
}

// ThrottleGroup is a named set of I/O limits that disks share.
type ThrottleGroup struct {
	Name string
	// Limits by element name (total_bytes_sec, ...), only those that are not zero.
	Limits map[string]uint64
}

// CPUTune is how much time the threads get. Zero values are not given.
type CPUTune struct {
	Shares                         *uint64
	Period, GlobalPeriod           uint64
	EmulatorPeriod, IOThreadPeriod uint64
	Quota, GlobalQuota             int64
	EmulatorQuota, IOThreadQuota   int64
	EmulatorPin                    *CPUSet
	EmulatorSched                  *Sched
	// Resctrl are <cachetune> and <memorytune>, joined by the processors they are about.
	Resctrl []Resctrl
}

// Resctrl is the share of caches and memory bandwidth of some virtual processors.
type Resctrl struct {
	VCPUs          *CPUSet
	ID             string // of a running domain
	Caches         []CacheShare
	Nodes          []BandwidthShare
	CacheMonitors  []*CPUSet // virtual processors of each monitor
	MemoryMonitors []*CPUSet
}

// CacheShare is a part of a host cache.
type CacheShare struct {
	ID    uint
	Level uint   // 3
	Type  string // both, code, data
	Size  uint64 // bytes
}

// BandwidthShare is a part of the bandwidth of a host memory node.
type BandwidthShare struct {
	ID        uint
	Bandwidth uint // percent
}

// NumaTune places the guest's memory on host nodes.
type NumaTune struct {
	Memory *NumaMemory
	Nodes  []NumaNode
}

// NumaMemory is the placement of all memory.
type NumaMemory struct {
	Mode      string // strict, preferred, interleave, restrictive
	Placement string // static, auto
	Nodes     *CPUSet
}

// NumaNode is the placement of the memory of one guest cell.
type NumaNode struct {
	Cell  uint
	Mode  string
	Nodes *CPUSet
}

// Numa are the nodes the guest sees: <cpu><numa>.
type Numa struct {
	Cells         []NumaCell // by their id
	Interconnects []Interconnect
}

// NumaCell is a guest node. Its id is its place in Numa.Cells.
type NumaCell struct {
	CPUs      *CPUSet
	Memory    uint64 // KiB
	MemAccess string // shared, private
	Discard   Tristate
	Distances []NumaDistance
	Caches    []NumaCache
}

// NumaDistance is how far another cell is: 10 is the cell itself.
type NumaDistance struct {
	ID, Value uint
}

// NumaCache is a memory side cache.
type NumaCache struct {
	Level         uint
	Associativity string // none, direct, full
	Policy        string // none, writeback, writethrough
	Size, Line    uint64 // KiB, bytes
}

// Interconnect is the speed of the way between a processor's cell and memory.
type Interconnect struct {
	Bandwidth bool // else latency
	Initiator uint
	Target    uint
	Cache     uint   // level of the memory side cache, 0 for none
	Type      string // access, read, write
	Value     uint64 // nanoseconds, or KiB/s
}
