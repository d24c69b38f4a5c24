package domain

import (
	"math"
	"slices"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// scaled reads a number with a unit into bytes; where is how messages call the place.
func (p *parser) scaled(text, unit, where string, scale, limit uint64, required bool) (uint64, bool) {
	defer p.As(virerr.FromXML)()
	if text == "" {
		if required {
			p.XMLError("missing element or attribute '%s'", where)
		}
		return 0, false
	}
	v, ok := xmltree.ParseUint(text, 10, 64)
	if !ok {
		p.XMLError("Invalid value '%s' for element or attribute '%s'", text, where)
		return 0, false
	}
	return p.ScaleBytes(v, unit, scale, limit), true
}

// kib reads a memory size into KiB, rounded up.
func (p *parser) kib(text, unit, where string, required bool) uint64 {
	defer p.As(virerr.FromXML)()
	bytes, _ := p.scaled(text, unit, where, 1024, math.MaxInt64, required)
	size := bytes/1024 + (bytes%1024+1023)/1024
	if size >= (math.MaxInt64+1023)/1024 {
		p.Overflow("size value too large")
	}
	return size
}

// childKiB is kib of the text of the first child of that name.
func (p *parser) childKiB(n *xmltree.Node, name, where string) uint64 {
	c := n.Child(name)
	return p.kib(c.Content(), c.Get("unit"), where, false)
}

// limit reads a memory limit in KiB, Unlimited when there is none.
func (p *parser) limit(n *xmltree.Node, name string) uint64 {
	c := n.Child(name)
	bytes, given := p.scaled(c.Content(), c.Get("unit"), "./memtune/"+name+"[1]", 1024, Unlimited<<10, false)
	if !given {
		return Unlimited
	}
	return min(bytes/1024+(bytes%1024+1023)/1024, Unlimited)
}

func (p *parser) memory(n *xmltree.Node, d *Domain) {
	d.Memory.Total = p.childKiB(n, "memory", "./memory[1]")
	d.Memory.Current = p.childKiB(n, "currentMemory", "./currentMemory[1]")
	d.Memory.Max = p.childKiB(n, "maxMemory", "./maxMemory[1]")
	d.Memory.Slots = uint(p.number(n.Child("maxMemory").Get("slots"), 32, func() {
		p.XMLError("Failed to parse memory slot count")
	}))
	d.Memory.DumpCore = p.OnOff(n.Child("memory"), "dumpCore")
	p.memoryBacking(n.Child("memoryBacking"), &d.MemoryBacking)
}

func (p *parser) memoryBacking(n *xmltree.Node, m *MemoryBacking) {
	for _, a := range []struct {
		element, attr string
		words         []string
		field         *string
	}{
		{"source", "type", memorySources, &m.Source},
		{"access", "mode", memoryAccesses[1:], &m.Access},
		{"allocation", "mode", memoryAllocations, &m.Allocation},
	} {
		v := n.Child(a.element).Get(a.attr)
		if v != "" && !slices.Contains(a.words, v) {
			p.Unsupported("unknown memoryBacking/%s/%s '%s'", a.element, a.attr, v)
		}
		*a.field = v
	}
	m.AllocationThreads = uint(p.number(n.Child("allocation").Get("threads"), 32, func() {
		p.XMLError("Failed to parse memory allocation threads")
	}))
	if h := n.Child("hugepages"); h != nil {
		for page := range h.Children("page") {
			m.HugePages = append(m.HugePages, p.hugePage(page))
		}
		if m.HugePages == nil {
			m.HugePages = []HugePage{{}}
		}
	}
	m.NoSharePages = n.Child("nosharepages") != nil
	m.Locked = n.Child("locked") != nil
	m.Discard = n.Child("discard") != nil
}

func (p *parser) hugePage(n *xmltree.Node) HugePage {
	size := p.kib(n.Get("size"), n.Get("unit"), "./@size", true)
	if size == 0 {
		p.XMLDetail("hugepage size can't be zero")
	}
	return HugePage{Size: size, Nodes: p.cpuSet(n, "nodeset")}
}

func (p *parser) memTune(n *xmltree.Node, m *MemTune) {
	m.HardLimit = p.limit(n, "hard_limit")
	m.SoftLimit = p.limit(n, "soft_limit")
	m.MinGuarantee = p.childKiB(n, "min_guarantee", "./memtune/min_guarantee[1]")
	m.SwapHardLimit = p.limit(n, "swap_hard_limit")
}

func (p *parser) blkioTune(n *xmltree.Node, b *BlkioTune) {
	weight, _ := xmltree.ParseUint(n.ChildText("weight"), 10, 32)
	b.Weight = uint(weight)
	for c := range n.Children("device") {
		b.Devices = append(b.Devices, p.blkioDevice(c))
	}
}

func (p *parser) blkioDevice(n *xmltree.Node) BlkioDevice {
	b := BlkioDevice{Path: n.ChildText("path")}
	if b.Path == "" {
		p.Unsupported("missing per-device path")
	}
	read := func(name, title string, bits int) uint64 {
		text := n.ChildText(name)
		return p.number(text, bits, func() { p.Unsupported("could not parse %s %s", title, text) })
	}
	b.Weight = uint(read("weight", "weight", 32))
	b.ReadBPS = read("read_bytes_sec", "read bytes sec", 64)
	b.WriteBPS = read("write_bytes_sec", "write bytes sec", 64)
	b.ReadIOPS = uint(read("read_iops_sec", "read iops sec", 32))
	b.WriteIOPS = uint(read("write_iops_sec", "write iops sec", 32))
	return b
}

func formatMemory(w *xmlout.Writer, m *Memory) {
	if m.Max > 0 || m.Slots > 0 {
		w.Start("maxMemory")
		w.OptUintAttr("slots", uint64(m.Slots))
		w.Attr("unit", "KiB")
		w.Uint(m.Max)
		w.End()
	}
	w.Start("memory")
	w.OptAttr("dumpCore", m.DumpCore.OnOff())
	w.Attr("unit", "KiB")
	w.Uint(m.Total)
	w.End()
	w.SizeElem("currentMemory", "KiB", m.Current)
}

func formatBlkioTune(w *xmlout.Writer, b *BlkioTune) {
	w.Start("blkiotune")
	w.OptUintElem("weight", uint64(b.Weight))
	for _, d := range b.Devices {
		if d == (BlkioDevice{Path: d.Path}) {
			continue
		}
		w.Start("device")
		w.Elem("path", d.Path)
		w.OptUintElem("weight", uint64(d.Weight))
		w.OptUintElem("read_iops_sec", uint64(d.ReadIOPS))
		w.OptUintElem("write_iops_sec", uint64(d.WriteIOPS))
		w.OptUintElem("read_bytes_sec", d.ReadBPS)
		w.OptUintElem("write_bytes_sec", d.WriteBPS)
		w.End()
	}
	w.EndOrDrop()
}

func formatMemTune(w *xmlout.Writer, m *MemTune) {
	limit := func(name string, v uint64) {
		if v < Unlimited {
			w.SizeElem(name, "KiB", v)
		}
	}
	w.Start("memtune")
	limit("hard_limit", m.HardLimit)
	limit("soft_limit", m.SoftLimit)
	if m.MinGuarantee != 0 {
		limit("min_guarantee", m.MinGuarantee)
	}
	limit("swap_hard_limit", m.SwapHardLimit)
	w.EndOrDrop()
}

func formatMemoryBacking(w *xmlout.Writer, m *MemoryBacking) {
	w.Start("memoryBacking")
	formatHugePages(w, m.HugePages)
	if m.NoSharePages {
		w.Empty("nosharepages")
	}
	if m.Locked {
		w.Empty("locked")
	}
	w.AttrElem("source", "type", m.Source)
	w.AttrElem("access", "mode", m.Access)
	w.Start("allocation")
	w.OptAttr("mode", m.Allocation)
	w.OptUintAttr("threads", uint64(m.AllocationThreads))
	w.EndOrDrop()
	if m.Discard {
		w.Empty("discard")
	}
	w.EndOrDrop()
}

func formatHugePages(w *xmlout.Writer, pages []HugePage) {
	if len(pages) == 0 {
		return
	}
	w.Start("hugepages")
	if len(pages) > 1 || pages[0].Size != 0 {
		for _, h := range pages {
			w.Start("page")
			w.UintAttr("size", h.Size)
			w.Attr("unit", "KiB")
			formatSet(w, "nodeset", h.Nodes)
			w.End()
		}
	}
	w.End()
}

// formatSet adds a set as an attribute unless it is absent.
func formatSet(w *xmlout.Writer, name string, s *CPUSet) {
	if s != nil {
		w.Attr(name, s.String())
	}
}
