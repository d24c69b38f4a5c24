package capabilities

import (
	"slices"
	"strconv"

	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/xmlout"
)

// Bank is a cache of processors.
type Bank struct {
	ID, Level uint
	Type      string
	Size      uint64 // bytes
	CPUs      []int
	Controls  []CacheControl
}

// CacheControl is how a cache can be divided.
type CacheControl struct {
	Type             string
	Granularity, Min uint64 // bytes
	MaxAllocs        uint
}

// Bandwidth is how a way to memory can be divided, in percent.
type Bandwidth struct {
	ID                          uint
	CPUs                        []int
	Granularity, Min, MaxAllocs uint
}

// Monitor is what of caches or ways to memory can be watched. Only caches have a level.
type Monitor struct {
	Level, Max, ReuseThreshold uint
	Features                   []string
}

// SideCache is a cache in front of a cell's memory.
type SideCache struct {
	Level                 uint
	Associativity, Policy string
	Size, Line            uint64 // KiB, bytes
}

// Link is how fast a cell's processors reach a cell's memory.
type Link struct {
	Initiator, Target int
	Bandwidth, Write  bool
	Value             uint64
}

func (s *SideCache) format(w *xmlout.Writer) {
	w.Start("cache")
	w.UintAttr("level", uint64(s.Level))
	w.Attr("associativity", s.Associativity)
	w.Attr("policy", s.Policy)
	size := func(element string, n uint64, unit string) {
		w.Start(element)
		w.UintAttr("value", n)
		w.Attr("unit", unit)
		w.End()
	}
	size("size", s.Size, "KiB")
	if s.Line > 0 {
		size("line", s.Line, "B")
	}
	w.End()
}

func (l *Link) format(w *xmlout.Writer) {
	element, access := "latency", "read"
	if l.Bandwidth {
		element = "bandwidth"
	}
	if l.Write {
		access = "write"
	}
	w.Start(element)
	w.IntAttr("initiator", int64(l.Initiator))
	w.IntAttr("target", int64(l.Target))
	w.Attr("type", access)
	w.UintAttr("value", l.Value)
	if l.Bandwidth {
		w.Attr("unit", "KiB")
	}
	w.End()
}

func (h *Host) formatCaches(w *xmlout.Writer) {
	w.Start("cache")
	for i := range h.Banks {
		b := &h.Banks[i]
		size, unit := pretty(b.Size)
		w.Start("bank")
		w.UintAttr("id", uint64(b.ID))
		w.UintAttr("level", uint64(b.Level))
		w.Attr("type", b.Type)
		w.Attr("size", strconv.FormatUint(size, 10))
		w.Attr("unit", unit)
		w.Attr("cpus", cpuset.Of(b.CPUs...).String())
		for _, c := range b.Controls {
			c.format(w)
		}
		w.End()
	}
	h.CacheMonitor.format(w)
	w.EndOrDrop()
}

// format writes both sizes in the smaller one's unit.
func (c CacheControl) format(w *xmlout.Writer) {
	granularity, unit := pretty(c.Granularity)
	least, leastUnit := pretty(c.Min)
	if by := slices.Index(units, unit) - slices.Index(units, leastUnit); c.Min > 0 && by != 0 {
		if by > 0 {
			granularity, unit = granularity<<(10*by), leastUnit
		} else {
			least <<= -10 * by
		}
	}
	w.Start("control")
	w.UintAttr("granularity", granularity)
	w.OptUintAttr("min", least)
	w.Attr("unit", unit)
	w.Attr("type", c.Type)
	w.UintAttr("maxAllocs", uint64(c.MaxAllocs))
	w.End()
}

func (m *Monitor) format(w *xmlout.Writer) {
	if m.Features == nil {
		return
	}
	w.Start("monitor")
	if m.Level > 0 {
		w.UintAttr("level", uint64(m.Level))
		w.UintAttr("reuseThreshold", uint64(m.ReuseThreshold))
	}
	w.UintAttr("maxMonitors", uint64(m.Max))
	for _, f := range m.Features {
		w.AttrElem("feature", "name", f)
	}
	w.End()
}

func (h *Host) formatBandwidths(w *xmlout.Writer) {
	w.Start("memory_bandwidth")
	for _, b := range h.Bandwidths {
		w.Start("node")
		w.UintAttr("id", uint64(b.ID))
		w.Attr("cpus", cpuset.Of(b.CPUs...).String())
		w.Start("control")
		w.UintAttr("granularity", uint64(b.Granularity))
		w.UintAttr("min", uint64(b.Min))
		w.UintAttr("maxAllocs", uint64(b.MaxAllocs))
		w.End()
		w.End()
	}
	h.BandwidthMonitor.format(w)
	w.EndOrDrop()
}

var units = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}

// pretty gives a size in the largest unit that leaves no rest.
func pretty(bytes uint64) (uint64, string) {
	i := 0
	for ; bytes != 0 && bytes%1024 == 0 && i < len(units)-1; i++ {
		bytes /= 1024
	}
	return bytes, units[i]
}
