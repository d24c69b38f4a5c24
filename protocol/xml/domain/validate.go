package domain

import (
	"encoding/base64"
	"math"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/xmltree"
)

// Bounds of what cgroups and firmware take.
const (
	minPeriod      = 1000
	maxPeriod      = 1000000
	minQuota       = 1000
	maxQuota       = 18446744073709551
	maxAppID       = 128
	maxBootTimeout = 65535
	maxNumaCache   = 3
)

// check gathers what is wrong with a document.
type check struct {
	xmltree.Reader
	d *Domain
}

// ValidateCore refuses a finished document whose parts cannot go together, whatever the hypervisor; single
// devices are ValidateDevices' part. It belongs after the defaults of the hypervisor.
func (d *Domain) ValidateCore() error {
	c := &check{d: d}
	c.resource()
	c.targets()
	c.hostdevs()
	c.drives()
	c.topology()
	c.aliases()
	c.singles()
	c.lifecycle()
	c.hugePages()
	c.os()
	c.cpuTune()
	c.bootTimeouts()
	c.primaryVideo()
	c.blkio()
	c.idMap()
	c.numa()
	c.threadPools()
	c.launchSecurity()
	for i := range d.ThrottleGroups {
		c.Keep(CheckThrottle(d.ThrottleGroups[i].Limits))
	}
	return c.Err()
}

func (c *check) resource() {
	r := c.d.Resource
	if r == nil || r.AppID == "" {
		return
	}
	if strings.ContainsFunc(r.AppID, func(x rune) bool { return x < 0x20 || x > 0x7e }) {
		c.XMLError("Fibre Channel 'appid' is not a printable string")
	}
	if len(r.AppID) > maxAppID {
		c.InvalidArg("Fibre Channel 'appid' string length must be between [%d, %d]", 1, maxAppID)
	}
}

func (c *check) topology() {
	if c.d.CPU == nil || c.d.CPU.Topology == nil {
		return
	}
	t := c.d.CPU.Topology
	total := uint64(t.Sockets)
	for _, n := range []uint{t.Dies, t.Clusters, t.Cores, t.Threads} {
		if total *= uint64(n); total > math.MaxUint32 {
			c.Unsupported("cpu topology results in more than %d cpus", uint32(math.MaxUint32))
			return
		}
	}
}

func (c *check) lifecycle() {
	for _, a := range []struct{ event, action string }{{"poweroff", c.d.OnPoweroff}, {"reboot", c.d.OnReboot}} {
		if strings.HasPrefix(a.action, "coredump-") {
			c.Unsupported("Lifecycle event '%s' doesn't support '%s' action", a.event, a.action)
		}
	}
}

func (c *check) hugePages() {
	pages := c.d.MemoryBacking.HugePages
	for i, h := range pages {
		for _, o := range pages[:i] {
			switch {
			case h.Nodes.Overlaps(o.Nodes):
				c.XMLDetail("nodeset attribute of hugepages of sizes %d and %d intersect", h.Size, o.Size)
			case h.Nodes == nil && o.Nodes == nil:
				c.XMLDetail("two master hugepages detected: %d and %d", h.Size, o.Size)
			}
		}
		for _, node := range h.Nodes.Members() {
			if node >= len(c.d.Numa.Cells) {
				c.XMLDetail("hugepages: node %d not found", node)
			}
		}
	}
}

func (c *check) os() {
	o := &c.d.OS
	l := o.Loader
	if o.Firmware != "" {
		wanted := func(f FirmwareFeature) bool { return f == FirmwareFeature{"enrolled-keys", Yes} }
		refused := func(f FirmwareFeature) bool { return f == FirmwareFeature{"secure-boot", No} }
		if slices.ContainsFunc(o.FirmwareFeatures, wanted) && slices.ContainsFunc(o.FirmwareFeatures, refused) {
			c.XMLDetail("firmware feature 'enrolled-keys' cannot be enabled when firmware feature 'secure-boot' is disabled")
		}
		if l != nil && l.NVRAM != nil && o.Firmware != "efi" {
			c.XMLDetail("firmware type '%s' does not support nvram", o.Firmware)
		}
	} else {
		if len(o.FirmwareFeatures) > 0 {
			c.XMLDetail("cannot use feature-based firmware autoselection when firmware autoselection is disabled")
		}
		if l != nil && l.Path == "" {
			c.XMLDetail("no loader path specified and firmware auto selection disabled")
		}
	}
	if l != nil {
		c.stateless(l)
		if o.Shim != "" && o.Kernel == "" {
			c.Unsupported("shim only allowed with kernel option")
		}
	}
}

func (c *check) stateless(l *Loader) {
	firmware := c.d.OS.Firmware
	switch {
	case l.Stateless == Yes && l.NVRAMTemplate != "":
		c.XMLDetail("NVRAM template is not permitted when loader is stateless")
	case l.Stateless == Yes && l.NVRAM != nil:
		c.XMLDetail("NVRAM is not permitted when loader is stateless")
	case l.Stateless == No && firmware == "" && l.Type != "pflash":
		c.XMLDetail("Only pflash loader type permits NVRAM")
	case l.Stateless == No && firmware != "" && firmware != "efi":
		c.XMLDetail("Only EFI firmware permits NVRAM")
	}
}

func (c *check) cpuTune() {
	within := func(name string, v, low, high uint64) {
		if v > 0 && (v < low || v > high) {
			c.Unsupported("Value of cputune '%s' must be in range [%d, %d]", name, low, high)
		}
	}
	for _, q := range quotas {
		within(q.prefix+"period", *q.period(&c.d.CPUTune), minPeriod, maxPeriod)
	}
	for _, q := range quotas {
		within(q.prefix+"quota", uint64(max(*q.quota(&c.d.CPUTune), 0)), minQuota, maxQuota)
	}
}

func (c *check) bootTimeouts() {
	o := &c.d.OS
	if o.BootMenuTimeout != nil && *o.BootMenuTimeout > maxBootTimeout {
		c.Unsupported("invalid value for boot menu timeout, must be in range [0,65535]")
	}
	if t := o.BIOSRebootTimeout; t != nil && (*t < -1 || *t > maxBootTimeout) {
		c.Unsupported("invalid value for rebootTimeout, must be in range [-1,65535]")
	}
}

func (c *check) blkio() {
	seen := map[string]bool{}
	for _, b := range c.d.BlkioTune.Devices {
		if seen[b.Path] {
			c.Unsupported("duplicate blkio device path '%s'", b.Path)
		}
		seen[b.Path] = true
	}
}

func (c *check) idMap() {
	uids, gids := c.d.IDMap.UIDs, c.d.IDMap.GIDs
	if (len(uids) == 0) != (len(gids) == 0) {
		c.Unsupported("uid and gid should be mapped both")
	}
	if len(uids) > 0 && uids[0].Start != 0 || len(gids) > 0 && gids[0].Start != 0 {
		c.Unsupported("You must map the root user of container")
	}
}

func (c *check) numa() {
	memory := c.d.NumaTune.Memory
	whole := memory != nil && memory.Mode == "restrictive"
	for _, n := range c.d.NumaTune.Nodes {
		switch {
		case whole && n.Mode != "restrictive":
			c.XMLError("'restrictive' mode is required in memnode element when mode is 'restrictive' in memory element")
		case !whole && n.Mode == "restrictive":
			c.XMLError("'restrictive' mode is required in memory element when mode is 'restrictive' in memnode element")
		}
	}
	for i := range c.d.Numa.Cells {
		c.numaCaches(&c.d.Numa.Cells[i])
	}
	for i := range c.d.Numa.Interconnects {
		c.interconnect(i)
	}
}

func (c *check) numaCaches(cell *NumaCell) {
	seen := map[uint]bool{}
	for _, k := range cell.Caches {
		if k.Level > maxNumaCache {
			c.XMLError("Ain't nobody heard of that much cache level")
		}
		if seen[k.Level] {
			c.XMLError("Cache level '%d' already defined", k.Level)
		}
		seen[k.Level] = true
	}
}

func (c *check) interconnect(i int) {
	links, cells := c.d.Numa.Interconnects, c.d.Numa.Cells
	l := links[i]
	switch {
	case l.Initiator >= uint(len(cells)):
		c.XMLError("'initiator' refers to a non-existent NUMA node")
		return
	case l.Target >= uint(len(cells)):
		c.XMLError("'target' refers to a non-existent NUMA node")
		return
	case cells[l.Initiator].CPUs == nil:
		c.XMLError("NUMA nodes without CPUs can't be initiator")
	}
	cached := func(k NumaCache) bool { return k.Level == l.Cache }
	if l.Cache > 0 && !slices.ContainsFunc(cells[l.Target].Caches, cached) {
		c.XMLError("'cache' refers to a non-existent NUMA node cache")
	}
	for _, o := range links[:i] {
		same := o
		same.Value = l.Value
		switch {
		case same == l:
			c.XMLError("Duplicate info for NUMA latencies")
		case l.Initiator != l.Target && l.Initiator == o.Target && l.Target == o.Initiator:
			c.XMLError("Link already defined")
		}
	}
}

func (c *check) threadPools() {
	pool := func(p ThreadPool) {
		switch {
		case p.Max == 0:
			c.Unsupported("thread_pool_max must be a positive integer")
		case p.Min > p.Max:
			c.Unsupported("thread_pool_min must be smaller or equal to thread_pool_max")
		}
	}
	for i := range c.d.IOThreads {
		pool(c.d.IOThreads[i].Pool)
	}
	if c.d.DefaultIOThread != nil {
		pool(*c.d.DefaultIOThread)
	}
}

func (c *check) launchSecurity() {
	s := c.d.LaunchSecurity
	if s == nil || s.Type != "sev-snp" {
		return
	}
	for _, f := range []struct {
		name, value string
		want        int
	}{
		{"guestVisibleWorkarounds", s.GuestVisibleWorkarounds, 16},
		{"idBlock", s.IDBlock, 96},
		{"idAuth", s.IDAuth, 4096},
		{"hostData", s.HostData, 32},
	} {
		raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(f.value))
		if f.value != "" && err == nil && len(raw) != f.want {
			c.Unsupported("Unexpected length of '%s', expected %d got %d", f.name, f.want, len(raw))
		}
	}
}

// CheckThrottle refuses I/O limits, by element name, that set a total beside its parts.
func CheckThrottle(limits map[string]uint64) error {
	var r xmltree.Reader
	for _, kind := range []string{"bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"} {
		if limits["total_"+kind] != 0 && (limits["read_"+kind] != 0 || limits["write_"+kind] != 0) {
			r.XMLError("total and read/write %s cannot be set at the same time", kind)
		}
	}
	return r.Err()
}
