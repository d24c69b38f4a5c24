package domain

import (
	"math"
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

const (
	localDistance       = 10
	unreachableDistance = 255
)

func (p *parser) numa(n *xmltree.Node, g *Numa) {
	if n == nil {
		return
	}
	cells := slices.Collect(n.Children("cell"))
	if len(cells) == 0 {
		p.XMLError("NUMA topology defined without NUMA cells")
		return
	}
	g.Cells = make([]NumaCell, len(cells))
	for i, c := range cells {
		p.numaCell(c, uint(i), g)
		if !p.OK() {
			return
		}
	}
	for c := range n.Child("interconnects").Elements() {
		if c.Is("latency") || c.Is("bandwidth") {
			g.Interconnects = append(g.Interconnects, p.interconnect(c))
		}
	}
}

func (p *parser) numaCell(n *xmltree.Node, place uint, g *Numa) {
	id := place
	if given, ok := p.Uint(n, "id", 10, xmltree.Optional); ok {
		id = given
	}
	if id >= uint(len(g.Cells)) {
		p.XMLError("Exactly one 'cell' element per guest NUMA cell allowed, non-contiguous ranges or ranges not starting from 0 are not allowed")
		return
	}
	c := &g.Cells[id]
	if c.Memory != 0 {
		p.XMLError("Duplicate NUMA cell info for cell id '%d'", id)
	}
	if text, ok := n.Attr("cpus"); ok {
		if set := p.bitmap(text); !set.Empty() {
			c.CPUs = set
		}
	}
	for j := range g.Cells {
		if uint(j) != id && c.CPUs.Overlaps(g.Cells[j].CPUs) {
			p.Unsupported("NUMA cells %d and %d have overlapping vCPU ids", id, j)
		}
	}
	c.Memory = p.kib(n.Get("memory"), n.Get("unit"), "./@memory", true)
	c.MemAccess = p.Enum(n, "memAccess", memoryAccesses, xmltree.NonZero)
	c.Discard = p.YesNo(n, "discard")
	p.distances(n.Child("distances"), id, g)
	for k := range n.Children("cache") {
		c.Caches = append(c.Caches, p.numaCache(k))
	}
}

func (p *parser) distances(n *xmltree.Node, cell uint, g *Numa) {
	if n == nil {
		return
	}
	if n.Child("sibling") == nil {
		p.XMLError("NUMA distances defined without siblings")
	}
	for s := range n.Children("sibling") {
		id, _ := p.Uint(s, "id", 10, xmltree.Required)
		if id >= uint(len(g.Cells)) {
			p.XMLError("'sibling_id %d' does not refer to a valid cell within NUMA 'cell id %d'", id, cell)
			return
		}
		value, _ := p.Uint(s, "value", 10, xmltree.Required)
		if value < localDistance || value > unreachableDistance || (id == cell) != (value == localDistance) {
			p.XMLError("'value %d' is invalid for 'sibling id %d' under NUMA 'cell id %d'", value, id, cell)
			return
		}
		g.distance(cell, id, value, true)
		g.distance(id, cell, value, false)
	}
}

// distance notes how far one cell is from another; what was said before stays unless force is given.
// A cell that has any distance has one to itself.
func (g *Numa) distance(from, to, value uint, force bool) {
	c := &g.Cells[from]
	if c.Distances == nil {
		c.Distances = []NumaDistance{{ID: from, Value: localDistance}}
	}
	for i := range c.Distances {
		if c.Distances[i].ID == to {
			if force {
				c.Distances[i].Value = value
			}
			return
		}
	}
	c.Distances = append(c.Distances, NumaDistance{ID: to, Value: value})
	slices.SortFunc(c.Distances, func(a, b NumaDistance) int { return int(a.ID) - int(b.ID) })
}

func (p *parser) numaCache(n *xmltree.Node) NumaCache {
	var c NumaCache
	c.Level, _ = p.Uint(n, "level", 10, xmltree.Required|xmltree.NonZero)
	c.Associativity = p.Enum(n, "associativity", associativity, xmltree.Required)
	c.Policy = p.Enum(n, "policy", cachePolicies, xmltree.Required)
	size, line := n.Child("size"), n.Child("line")
	// the units stand in attributes, but libvirt looks for them in elements and so takes its defaults
	c.Size = p.kib(size.Get("value"), size.ChildText("unit"), "./size/@value", true)
	c.Line, _ = p.scaled(line.Get("value"), line.ChildText("unit"), "./line/@value", 1, math.MaxUint64, true)
	return c
}

func (p *parser) interconnect(n *xmltree.Node) Interconnect {
	var c Interconnect
	if c.Bandwidth = n.Name == "bandwidth"; c.Bandwidth {
		c.Value = p.kib(n.Get("value"), n.Get("unit"), "./@value", true)
	} else {
		c.Value, _ = p.Ulong(n, "value", 10, xmltree.Required)
	}
	c.Initiator, _ = p.Uint(n, "initiator", 10, xmltree.Required)
	c.Target, _ = p.Uint(n, "target", 10, xmltree.Required)
	c.Cache, _ = p.Uint(n, "cache", 10, xmltree.Optional)
	c.Type = p.Enum(n, "type", memoryLatency, xmltree.Required)
	return c
}

func (p *parser) checkNumaCPUs(d *Domain) {
	count, last := 0, 0 // a guest without processors is refused by this too
	for i := range d.Numa.Cells {
		count += d.Numa.Cells[i].CPUs.Count()
		last = max(last, d.Numa.Cells[i].CPUs.Last())
	}
	switch {
	case count > d.VCPU.Max():
		p.Internal("Number of CPUs in <numa> exceeds the <vcpu> count")
	case last >= d.VCPU.Max():
		p.Internal("CPU IDs in <numa> exceed the <vcpu> count")
	}
}

// Memory gives the memory of all cells in KiB.
func (g *Numa) Memory() uint64 {
	var sum uint64
	for i := range g.Cells {
		sum += g.Cells[i].Memory
	}
	return sum
}

func (p *parser) numaTune(n *xmltree.Node, d *Domain) {
	if n.Count("numatune") > 1 {
		p.XMLError("only one numatune is supported")
	}
	t := n.Child("numatune")
	p.numaMemory(t.Child("memory"), d)
	p.numaNodes(t, d)
	m := d.NumaTune.Memory
	if m != nil && m.Placement == "auto" && d.VCPU.CPUSet == nil && !d.hasPins() {
		d.VCPU.Placement = "auto"
	}
}

func (d *Domain) hasPins() bool {
	return d.CPUTune.EmulatorPin != nil ||
		slices.ContainsFunc(d.VCPU.List, func(v VirtualCPU) bool { return v.Pin != nil }) ||
		slices.ContainsFunc(d.IOThreads, func(t IOThread) bool { return t.Pin != nil })
}

func (p *parser) numaMemory(n *xmltree.Node, d *Domain) {
	static := d.VCPU.Placement != "auto"
	if n == nil {
		if !static {
			d.NumaTune.Memory = &NumaMemory{Mode: "strict", Placement: "auto"}
		}
		return
	}
	mode, hasMode := n.Attr("mode")
	place, hasPlace := n.Attr("placement")
	switch {
	case hasMode && !slices.Contains(numaModes, mode):
		p.Unsupported("Unsupported NUMA memory tuning mode '%s'", mode)
	case hasPlace && !slices.Contains(numaPlacements, place):
		p.Unsupported("Unsupported NUMA memory placement mode '%s'", place)
	}
	m := &NumaMemory{Mode: mode, Placement: place, Nodes: p.cpuSet(n, "nodeset")}
	if !hasMode && !hasPlace && m.Nodes == nil {
		return
	}
	if !hasMode {
		m.Mode = "strict"
	}
	if m.Placement == "" || m.Placement == "default" {
		m.Placement = "auto"
		if m.Nodes != nil || static {
			m.Placement = "static"
		}
	}
	if m.Placement == "static" && m.Nodes == nil {
		p.Unsupported("nodeset for NUMA memory tuning must be set if 'placement' is 'static'")
	}
	if m.Placement == "auto" {
		m.Nodes = nil
	}
	d.NumaTune.Memory = m
}

func (p *parser) numaNodes(n *xmltree.Node, d *Domain) {
	if n.Child("memnode") == nil {
		return
	}
	if m := d.NumaTune.Memory; m != nil && m.Placement == "auto" {
		p.Unsupported("Per-node binding is not compatible with automatic NUMA placement.")
	}
	if len(d.Numa.Cells) == 0 {
		p.XMLError("Element 'memnode' is invalid without any guest NUMA cells")
	}
	for c := range n.Children("memnode") {
		var node NumaNode
		node.Cell, _ = p.Uint(c, "cellid", 10, xmltree.Required)
		if node.Cell >= uint(len(d.Numa.Cells)) {
			p.XMLError("Argument 'cellid' in memnode element must correspond to existing guest's NUMA cell")
		}
		if slices.ContainsFunc(d.NumaTune.Nodes, func(o NumaNode) bool { return o.Cell == node.Cell }) {
			p.XMLError("Multiple memnode elements with cellid %d", node.Cell)
		}
		if node.Mode = p.Enum(c, "mode", numaModes, xmltree.Optional); node.Mode == "" {
			node.Mode = "strict"
		}
		if !c.Has("nodeset") {
			p.XMLError("Missing required nodeset attribute in memnode element")
		}
		node.Nodes = p.cpuSet(c, "nodeset")
		d.NumaTune.Nodes = append(d.NumaTune.Nodes, node)
	}
	slices.SortFunc(d.NumaTune.Nodes, func(a, b NumaNode) int { return int(a.Cell) - int(b.Cell) })
}

func formatNumaTune(w *xmlout.Writer, t *NumaTune) {
	w.Start("numatune")
	if m := t.Memory; m != nil {
		w.Start("memory")
		w.Attr("mode", m.Mode)
		if m.Placement == "static" {
			w.Attr("nodeset", m.Nodes.String())
		} else {
			w.OptAttr("placement", m.Placement)
		}
		w.End()
	}
	for _, n := range t.Nodes {
		w.Start("memnode")
		w.UintAttr("cellid", uint64(n.Cell))
		w.Attr("mode", n.Mode)
		w.Attr("nodeset", n.Nodes.String())
		w.End()
	}
	w.EndOrDrop()
}

func formatNuma(w *xmlout.Writer, g *Numa) {
	if len(g.Cells) == 0 {
		return
	}
	w.Start("numa")
	for i := range g.Cells {
		formatCell(w, i, &g.Cells[i])
	}
	w.Start("interconnects")
	for _, c := range g.Interconnects {
		if c.Bandwidth {
			w.Start("bandwidth")
		} else {
			w.Start("latency")
		}
		w.UintAttr("initiator", uint64(c.Initiator))
		w.UintAttr("target", uint64(c.Target))
		w.OptUintAttr("cache", uint64(c.Cache))
		w.Attr("type", c.Type)
		w.UintAttr("value", c.Value)
		if c.Bandwidth {
			w.Attr("unit", "KiB")
		}
		w.End()
	}
	w.EndOrDrop()
	w.End()
}

func formatCell(w *xmlout.Writer, id int, c *NumaCell) {
	w.Start("cell")
	w.UintAttr("id", uint64(id))
	formatSet(w, "cpus", c.CPUs)
	w.UintAttr("memory", c.Memory)
	w.Attr("unit", "KiB")
	w.OptAttr("memAccess", c.MemAccess)
	w.OptAttr("discard", c.Discard.YesNo())
	w.Start("distances")
	for _, d := range c.Distances {
		w.Start("sibling")
		w.UintAttr("id", uint64(d.ID))
		w.UintAttr("value", uint64(d.Value))
		w.End()
	}
	w.EndOrDrop()
	for _, k := range c.Caches {
		w.Start("cache")
		w.UintAttr("level", uint64(k.Level))
		w.Attr("associativity", k.Associativity)
		w.Attr("policy", k.Policy)
		formatUnit(w, "size", k.Size, "KiB")
		if k.Line != 0 {
			formatUnit(w, "line", k.Line, "B")
		}
		w.End()
	}
	w.End()
}

func formatUnit(w *xmlout.Writer, name string, v uint64, unit string) {
	w.Start(name)
	w.UintAttr("value", v)
	w.Attr("unit", unit)
	w.End()
}
