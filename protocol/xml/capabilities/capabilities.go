package capabilities

import (
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/xmlout"
)

// Capabilities is the whole document.
type Capabilities struct {
	Host   Host
	Guests []Guest
}

// Host is what the host is and has.
type Host struct {
	UUID       string
	CPU        *cpu.CPU
	PageSizes  []uint64 // KiB
	Power      []string // suspend_mem, suspend_disk, suspend_hybrid
	IOMMU      bool
	Transports []string // of live migration
	Cells      []Cell
	Links      []Link
	Banks      []Bank
	Bandwidths []Bandwidth
	SecModels  []SecModel

	CacheMonitor, BandwidthMonitor Monitor
}

// Cell is a NUMA node.
type Cell struct {
	ID        int
	Memory    uint64 // KiB
	Pages     []Pages
	Distances []Distance
	Caches    []SideCache
	CPUs      []CPU
}

// Pages is how many pages of a size a cell has.
type Pages struct{ Size, Count uint64 }

// Distance is how far another cell is.
type Distance struct{ ID, Value int }

// CPU is a processor's place.
type CPU struct {
	ID, Socket, Die, Cluster, Core int
	Siblings                       []int
}

// SecModel is a way to confine machines, with the label that each type of them gets.
type SecModel struct {
	Model, DOI string
	Labels     []BaseLabel
}

// BaseLabel is the label of machines of a type.
type BaseLabel struct{ Type, Label string }

// Format writes the document.
func (c *Capabilities) Format() string {
	w := xmlout.New(0)
	w.Start("capabilities")
	w.Raw("\n")
	c.Host.format(w)
	w.Raw("\n")
	for i := range c.Guests {
		c.Guests[i].format(w)
		w.Raw("\n")
	}
	w.End()
	return w.String()
}

func (h *Host) format(w *xmlout.Writer) {
	w.Start("host")
	w.Elem("uuid", h.UUID)
	h.CPU.Format(w, func() {
		for _, size := range h.PageSizes {
			w.Start("pages")
			w.Attr("unit", "KiB")
			w.UintAttr("size", size)
			w.End()
		}
	})
	w.Start("power_management")
	for _, target := range h.Power {
		w.Empty(target)
	}
	w.End()
	w.AttrElem("iommu", "support", yesNo(h.IOMMU))
	w.Start("migration_features")
	w.Empty("live")
	w.Start("uri_transports")
	for _, t := range h.Transports {
		w.Elem("uri_transport", t)
	}
	w.End()
	w.End()
	h.formatTopology(w)
	h.formatCaches(w)
	h.formatBandwidths(w)
	for _, m := range h.SecModels {
		w.Start("secmodel")
		w.FullElem("model", m.Model)
		w.FullElem("doi", m.DOI)
		for _, l := range m.Labels {
			w.Start("baselabel")
			w.Attr("type", l.Type)
			w.Text(l.Label)
			w.End()
		}
		w.End()
	}
	w.End()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (h *Host) formatTopology(w *xmlout.Writer) {
	w.Start("topology")
	w.Start("cells")
	w.IntAttr("num", int64(len(h.Cells)))
	for i := range h.Cells {
		h.Cells[i].format(w)
	}
	w.EndFull()
	w.Start("interconnects")
	for i := range h.Links {
		h.Links[i].format(w)
	}
	w.EndOrDrop()
	w.End()
}

func (c *Cell) format(w *xmlout.Writer) {
	w.Start("cell")
	w.IntAttr("id", int64(c.ID))
	if c.Memory > 0 {
		w.SizeElem("memory", "KiB", c.Memory)
	}
	for _, p := range c.Pages {
		w.Start("pages")
		w.Attr("unit", "KiB")
		w.UintAttr("size", p.Size)
		w.Uint(p.Count)
		w.End()
	}
	w.Start("distances")
	for _, d := range c.Distances {
		w.Start("sibling")
		w.IntAttr("id", int64(d.ID))
		w.IntAttr("value", int64(d.Value))
		w.End()
	}
	w.EndOrDrop()
	for i := range c.Caches {
		c.Caches[i].format(w)
	}
	w.Start("cpus")
	w.IntAttr("num", int64(len(c.CPUs)))
	for _, p := range c.CPUs {
		w.Start("cpu")
		w.IntAttr("id", int64(p.ID))
		w.IntAttr("socket_id", int64(p.Socket))
		w.IntAttr("die_id", int64(p.Die))
		w.IntAttr("cluster_id", int64(p.Cluster))
		w.IntAttr("core_id", int64(p.Core))
		w.Attr("siblings", cpuset.Of(p.Siblings...).String())
		w.End()
	}
	w.End()
	w.End()
}
