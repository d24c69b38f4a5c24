package command

import (
	"os"
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// pages tells what pages memory is made of.
type pages struct {
	size     uint64 // KiB
	need     bool   // this memory itself asks for huge pages
	use      bool   // it or all memory does
	prealloc bool
}

// systemPage is the size of an ordinary page in KiB.
func systemPage() uint64 { return uint64(os.Getpagesize()) / 1024 }

// hugePage finds the size asked for of a guest node (-1 for none); mine says that it is by name.
func (b *builder) hugePage(node int) (page *domain.HugePage, mine bool) {
	list := b.doc.MemoryBacking.HugePages
	for i := range list {
		switch h := &list[i]; {
		case h.Nodes == nil:
			page = h
		case node >= 0 && h.Nodes.Has(node):
			return h, true
		}
	}
	return page, false
}

func (b *builder) pagesOf(m *domain.MemoryDevice) pages {
	p := pages{prealloc: b.doc.MemoryBacking.Allocation == "immediate"}
	if m.Model == "dimm" || m.Model == "virtio-mem" {
		p.size = m.PageSize
	}
	if p.need, p.use = p.size != 0, p.size != 0; !p.use {
		if h, mine := b.hugePage(targetNode(m)); h != nil {
			p.size, p.need, p.use = h.Size, mine, true
		}
	}
	switch {
	case p.size == systemPage():
		p.size, p.need, p.use = 0, false, false
	case p.use && p.size == 0:
		p.size = b.defaultHugePage()
	}
	switch m.Model {
	case "nvdimm": // a real device would only wear off, but one that says it is can be trusted
		p.prealloc = p.prealloc || !m.PMem
	case "virtio-pmem":
	default:
		p.prealloc = p.prealloc || p.use
	}
	return p
}

func (b *builder) defaultHugePage() uint64 {
	if b.env.DefaultHugePage == 0 {
		b.internal("hugetlbfs filesystem is not mounted or disabled by administrator config")
	}
	return b.env.DefaultHugePage
}

// hugePath is the folder of this machine where pages of that size in KiB are.
func (b *builder) hugePath(size uint64) string {
	if b.env.HugeTLB == nil {
		b.internal("hugetlbfs filesystem is not mounted or disabled by administrator config")
		return ""
	}
	path, err := b.env.HugeTLB(size)
	if err != nil {
		b.fail(err)
	}
	return path
}

func targetNode(m *domain.MemoryDevice) int {
	if m.TargetNode == nil {
		return -1
	}
	return int(*m.TargetNode)
}

// backend is an object that stands behind memory of the guest.
type backend struct {
	props  *Props
	nodes  *domain.CPUSet // of the host, where the memory is to be
	needed bool           // the document asks for what cannot be had without
}

// memoryBackend makes the object behind a memory device, or behind main memory or a
// cell, for which the device has no model. Alias is the object's, system says that it
// is main memory without cells.
func (b *builder) memoryBackend(alias string, m *domain.MemoryDevice, system bool) backend {
	var cell domain.NumaCell
	if n := targetNode(m); n >= 0 && n < len(b.doc.Numa.Cells) {
		cell = b.doc.Numa.Cells[n]
	}
	access := firstOf(m.Access, cell.MemAccess, b.doc.MemoryBacking.Access)
	discard := m.Discard
	if !discard.Given() {
		discard = cell.Discard
	}
	if !discard.Given() && b.doc.MemoryBacking.Discard {
		discard = domain.Yes
	}
	pg := b.pagesOf(m)
	kind, p := b.backendKind(m, pg, access, discard)
	if kind == "memory-backend-memfd" || kind == "memory-backend-file" {
		if system && b.caps.Has("memory-backend-file.x-use-canonical-path-for-ramblock-id") {
			p.Bool("x-use-canonical-path-for-ramblock-id", false)
		}
	}
	b.preallocProps(p, m, kind, pg)
	p.Uint("size", m.Size*1024)
	if m.Model == "nvdimm" {
		p.OptUint("align", m.AlignSize*1024)
		if m.PMem && !b.caps.Has("memory-backend-file.pmem") {
			b.unsupported("nvdimm pmem property is not available with this QEMU binary")
		}
		p.OptBool("pmem", m.PMem)
	}
	nodes := b.hostNodesProps(p, m)
	source := b.doc.MemoryBacking.Source
	be := backend{props("qom-type", kind, "id", alias).Merge(p), nodes, pg.need || m.Nodes != nil ||
		b.cellNodes(targetNode(m)) != nil || m.Path != "" || access != "" || source == "file" || source == "memfd"}
	if be.needed && kind == "memory-backend-memfd" && !b.caps.Has("memory-backend-memfd") {
		b.unsupported("this qemu doesn't support the memory-backend-memfd object")
	}
	return be
}

// backendKind chooses the type of the object and starts its properties.
func (b *builder) backendKind(m *domain.MemoryDevice, pg pages, access string, discard domain.Tristate) (string, *Props) {
	p := props()
	source := b.doc.MemoryBacking.Source
	switch {
	case m.Model == "sgx-epc":
		return "memory-backend-epc", p
	case m.Path == "" && source == "memfd":
		if pg.use {
			p.Bool("hugetlb", true).OptUint("hugetlbsize", pg.size<<10)
		}
		shareProps(p, access)
		return "memory-backend-memfd", p
	case m.Path != "":
		p.Str("mem-path", m.Path)
	case pg.use:
		p.Str("mem-path", b.hugePath(pg.size)).Switch("discard-data", discard)
	case access != "" || source == "file":
		p.Str("mem-path", b.memoryPath(m.Alias)).Switch("discard-data", discard)
	default:
		return "memory-backend-ram", p
	}
	shareProps(p, access)
	return "memory-backend-file", p
}

// memoryPath is the file that stands for memory.
func (b *builder) memoryPath(alias string) string {
	if alias == "" {
		b.internal("memory device alias is not assigned")
	}
	path, err := b.env.MemoryFile(alias)
	if err != nil {
		b.fail(err)
	}
	return path
}

func shareProps(p *Props, access string) {
	if access != "" {
		p.Bool("share", access == "shared")
	}
}

// preallocated says whether all memory is touched at the start already.
func (b *builder) preallocated() bool { return slices.Contains(b.line.Argv, "-mem-prealloc") }

func (b *builder) preallocProps(p *Props, m *domain.MemoryDevice, kind string, pg pages) {
	all := b.preallocated()
	switch {
	case m.Model == "virtio-mem":
		if all && !b.caps.Has("virtio-mem-pci.prealloc") {
			p.Bool("prealloc", false)
		}
		if b.caps.Has("memory-backend-file.reserve") {
			p.Bool("reserve", false)
		}
	case !all:
		p.OptBool("prealloc", pg.prealloc || kind == "memory-backend-epc")
		p.OptUint("prealloc-threads", uint64(b.doc.MemoryBacking.AllocationThreads))
	}
}

// firstOf gives the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
