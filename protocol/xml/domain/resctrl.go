package domain

import (
	"cmp"
	"math"
	"slices"

	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// monitorLevel is the only cache level that can be watched.
const monitorLevel = 3

// resctrlCPUs reads the virtual processors of a tune or monitor, limited to those the guest has.
func (p *parser) resctrlCPUs(n *xmltree.Node, d *Domain) *CPUSet {
	text, ok := n.Attr("vcpus")
	if !ok {
		p.XMLError("Missing %s attribute 'vcpus'", n.Name)
		return nil
	}
	set, err := cpuset.Parse(text)
	if err != nil {
		p.XMLError("Invalid %s attribute 'vcpus' value '%s'", n.Name, text)
	}
	for _, m := range set.Members() {
		if m >= len(d.VCPU.List) {
			set.Remove(m)
		}
	}
	return set
}

// resctrlOf finds the entry of exactly these processors; overlapping others is refused.
func (p *parser) resctrlOf(set *CPUSet, d *Domain) *Resctrl {
	for i := range d.CPUTune.Resctrl {
		r := &d.CPUTune.Resctrl[i]
		if r.VCPUs.Equal(set) {
			return r
		}
		if r.VCPUs.Overlaps(set) {
			p.XMLError("Overlapping vcpus in resctrls")
		}
	}
	return nil
}

func (p *parser) newResctrl(n *xmltree.Node, set *CPUSet) *Resctrl {
	r := &Resctrl{VCPUs: set}
	if !p.opts.Inactive {
		r.ID = n.Get("id")
	}
	if r.ID == "" {
		r.ID = "vcpus_" + set.String()
	}
	return r
}

func (p *parser) cacheTune(n *xmltree.Node, d *Domain) {
	set := p.resctrlCPUs(n, d)
	if set.Empty() {
		return
	}
	if p.resctrlOf(set, d) != nil {
		p.XMLError("Identical vcpus in cachetunes found")
	}
	r := p.newResctrl(n, set)
	for c := range n.Children("cache") {
		p.cacheShare(c, r)
	}
	r.CacheMonitors = p.monitors(n, d, r, true)
	if r.CacheMonitors != nil || n.Child("cache") != nil {
		d.CPUTune.Resctrl = append(d.CPUTune.Resctrl, *r)
	}
}

func (p *parser) cacheShare(n *xmltree.Node, r *Resctrl) {
	var c CacheShare
	c.ID, _ = p.Uint(n, "id", 10, xmltree.Required)
	c.Level, _ = p.Uint(n, "level", 10, xmltree.Required)
	c.Type = p.Enum(n, "type", resctrlCaches, xmltree.Required)
	c.Size, _ = p.scaled(n.Get("size"), n.Get("unit"), "./@size", 1024, math.MaxUint64, true)
	for _, o := range r.Caches {
		if o.Level == c.Level && o.ID == c.ID && (o.Type == c.Type || o.Type == "both" || c.Type == "both") {
			if o.Type == c.Type {
				p.XMLError("Colliding cache allocations for cache level '%d' id '%d', type '%s'", c.Level, c.ID, c.Type)
			} else {
				p.XMLError("Can't specify both 'both' and '%s' for cache level '%d' id '%d'", c.Type, c.Level, c.ID)
			}
		}
	}
	r.Caches = append(r.Caches, c)
	slices.SortStableFunc(r.Caches, func(a, b CacheShare) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level),
			cmp.Compare(slices.Index(resctrlCaches, a.Type), slices.Index(resctrlCaches, b.Type)),
			cmp.Compare(a.ID, b.ID))
	})
}

func (p *parser) monitors(n *xmltree.Node, d *Domain, r *Resctrl, cache bool) []*CPUSet {
	var out []*CPUSet
	for m := range n.Children("monitor") {
		if cache {
			if level, ok := p.Uint(m, "level", 10, xmltree.Required); ok && level != monitorLevel {
				p.XMLError("Invalid monitor cache level '%d'", level)
			}
		}
		set := p.resctrlCPUs(m, d)
		p.checkMonitor(set, r, slices.Concat(out, r.CacheMonitors, r.MemoryMonitors), out)
		out = append(out, set)
	}
	return out
}

// checkMonitor wants monitors of the same processors as the allocation, or of some of them that no other
// watches; same are those of its type.
func (p *parser) checkMonitor(set *CPUSet, r *Resctrl, all, same []*CPUSet) {
	if set.Empty() {
		p.InvalidArg("vcpus is empty")
		return
	}
	if !set.Within(r.VCPUs) {
		p.InvalidArg("Monitor vcpus conflicts with allocation")
		return
	}
	if slices.ContainsFunc(same, set.Equal) {
		p.InvalidArg("Identical vcpus found in same type monitors")
		return
	}
	watchOnly := len(r.Caches)+len(r.Nodes) == 0
	for _, o := range all {
		if o.Equal(set) || !o.Overlaps(set) {
			continue
		}
		if watchOnly || !set.Equal(r.VCPUs) && !o.Equal(r.VCPUs) {
			p.InvalidArg("vcpus overlaps in resctrl groups")
			return
		}
	}
}

func (p *parser) memoryTune(n *xmltree.Node, d *Domain) {
	set := p.resctrlCPUs(n, d)
	if set.Empty() {
		return
	}
	r := p.resctrlOf(set, d)
	fresh := r == nil
	if fresh {
		r = p.newResctrl(n, set)
	}
	for c := range n.Children("node") {
		var b BandwidthShare
		b.ID, _ = p.Uint(c, "id", 10, xmltree.Required)
		b.Bandwidth, _ = p.Uint(c, "bandwidth", 10, xmltree.Required)
		if b.Bandwidth > 100 {
			p.XMLError("Memory Bandwidth value exceeding 100 is invalid.")
		}
		if slices.ContainsFunc(r.Nodes, func(o BandwidthShare) bool { return o.ID == b.ID }) {
			p.XMLError("Memory Bandwidth already defined for node %d", b.ID)
		}
		r.Nodes = append(r.Nodes, b)
	}
	slices.SortFunc(r.Nodes, func(a, b BandwidthShare) int { return cmp.Compare(a.ID, b.ID) })
	more := p.monitors(n, d, r, false)
	r.MemoryMonitors = append(r.MemoryMonitors, more...)
	if fresh && (more != nil || n.Child("node") != nil) {
		d.CPUTune.Resctrl = append(d.CPUTune.Resctrl, *r)
	}
}

func formatResctrl(w *xmlout.Writer, d *Domain, o FormatOptions) {
	tune := func(name string, r *Resctrl, content func()) {
		w.Start(name)
		w.Attr("vcpus", r.VCPUs.String())
		if !o.Inactive {
			w.Attr("id", r.ID)
		}
		content()
		w.End()
	}
	for i := range d.CPUTune.Resctrl {
		if r := &d.CPUTune.Resctrl[i]; len(r.Caches)+len(r.CacheMonitors) > 0 {
			tune("cachetune", r, func() { formatCaches(w, r) })
		}
	}
	for i := range d.CPUTune.Resctrl {
		if r := &d.CPUTune.Resctrl[i]; len(r.Nodes)+len(r.MemoryMonitors) > 0 {
			tune("memorytune", r, func() { formatBandwidth(w, r) })
		}
	}
}

func formatCaches(w *xmlout.Writer, r *Resctrl) {
	for _, c := range r.Caches {
		size, unit := pretty(c.Size)
		w.Start("cache")
		w.UintAttr("id", uint64(c.ID))
		w.UintAttr("level", uint64(c.Level))
		w.Attr("type", c.Type)
		w.UintAttr("size", size)
		w.Attr("unit", unit)
		w.End()
	}
	for _, m := range r.CacheMonitors {
		w.Start("monitor")
		w.UintAttr("level", monitorLevel)
		w.Attr("vcpus", m.String())
		w.End()
	}
}

func formatBandwidth(w *xmlout.Writer, r *Resctrl) {
	for _, b := range r.Nodes {
		w.Start("node")
		w.UintAttr("id", uint64(b.ID))
		w.UintAttr("bandwidth", uint64(b.Bandwidth))
		w.End()
	}
	for _, m := range r.MemoryMonitors {
		w.AttrElem("monitor", "vcpus", m.String())
	}
}

// pretty gives bytes in the largest unit that leaves no fraction.
func pretty(bytes uint64) (uint64, string) {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for bytes != 0 && bytes%1024 == 0 && i < len(units)-1 {
		bytes /= 1024
		i++
	}
	return bytes, units[i]
}
