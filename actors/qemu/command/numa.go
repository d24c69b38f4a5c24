package command

import (
	"fmt"
	"strings"

	"virtree.dev/protocol/xml/domain"
)

// numa adds the guest's nodes.
func (b *builder) numa() {
	cells := b.doc.Numa.Cells
	if len(cells) == 0 {
		return
	}
	master := -1 // what answers for memory without processors
	for i := range cells {
		if cells[i].CPUs != nil {
			master = i
			break
		}
	}
	backends, objects := b.cellBackends()
	if !objects {
		b.memoryPathOption()
	}
	if master < 0 {
		b.unsupported("At least one NUMA node has to have CPUs")
		return
	}
	for i := range cells {
		text := fmt.Sprintf("node,nodeid=%d%s", i, cellCPUs(cells[i].CPUs))
		if b.hmat() {
			text += fmt.Sprintf(",initiator=%d", b.initiator(uint(i), master))
		}
		if objects {
			b.memoryObject(backends[i])
			text += fmt.Sprintf(",memdev=ram-node%d", i)
		} else {
			text += fmt.Sprintf(",mem=%d", cells[i].Memory/1024)
		}
		b.arg("-numa", text)
	}
	b.distances()
	if b.hmat() {
		b.interconnects()
		for i := range cells {
			b.cellCaches(i)
		}
	}
}

// cellBackends makes the objects behind the cells, and says whether they are needed.
func (b *builder) cellBackends() ([]backend, bool) {
	m := b.caps.Machine(b.doc.Type, b.doc.OS.Machine)
	needed := m == nil || !m.NUMAMem || b.hmat()
	var out []backend
	for i := range b.doc.Numa.Cells {
		node := uint(i)
		mem := domain.MemoryDevice{Size: b.doc.Numa.Cells[i].Memory, TargetNode: &node}
		mem.Alias = fmt.Sprintf("ram-node%d", i)
		be := b.memoryBackend(mem.Alias, &mem, false)
		out, needed = append(out, be), needed || be.needed
	}
	return out, needed
}

// hmat says whether the guest is told how fast its memory is.
func (b *builder) hmat() bool {
	for i := range b.doc.Numa.Cells {
		if len(b.doc.Numa.Cells[i].Caches) > 0 {
			return true
		}
	}
	return len(b.doc.Numa.Interconnects) > 0
}

func cellCPUs(set *domain.CPUSet) string {
	if set == nil {
		return ""
	}
	return ",cpus=" + strings.ReplaceAll(set.String(), ",", ",cpus=")
}

// initiator is the cell that reaches the memory of another one best.
func (b *builder) initiator(cell uint, master int) uint {
	if b.doc.Numa.Cells[cell].CPUs != nil {
		return cell
	}
	var quick, wide *domain.Interconnect
	for i := range b.doc.Numa.Interconnects {
		switch c := &b.doc.Numa.Interconnects[i]; {
		case c.Target != cell:
		case c.Bandwidth && (wide == nil && c.Value > 0 || wide != nil && c.Value > wide.Value):
			wide = c
		case !c.Bandwidth && (quick == nil || c.Value < quick.Value):
			quick = c
		}
	}
	switch {
	case quick != nil:
		return quick.Initiator
	case wide != nil:
		return wide.Initiator
	}
	return uint(master)
}

const (
	nearby  = 10 // distance of a cell to itself
	faraway = 20 // default distance to others
)

// distances are all given as soon as one is not the default.
func (b *builder) distances() {
	cells := b.doc.Numa.Cells
	if !b.unusualDistances() {
		return
	}
	for i := range cells {
		for j := range cells {
			d := distanceTo(&cells[i], j)
			switch {
			case d == 0 && i == j:
				d = nearby
			case d == 0:
				d = faraway
			}
			b.arg("-numa", fmt.Sprintf("dist,src=%d,dst=%d,val=%d", i, j, d))
		}
	}
}

// unusualDistances also says yes where a cell tells of some others only.
func (b *builder) unusualDistances() bool {
	cells := b.doc.Numa.Cells
	for i := range cells {
		for j := range cells {
			if d := distanceTo(&cells[i], j); cells[i].Distances != nil && d != nearby && d != faraway {
				return true
			}
		}
	}
	return false
}

// distanceTo is the distance given, 0 when there is none.
func distanceTo(c *domain.NumaCell, other int) uint {
	for _, d := range c.Distances {
		if d.ID == uint(other) {
			return d.Value
		}
	}
	return 0
}

var hierarchies = [...]string{"memory", "first-level", "second-level", "third-level"}

func (b *builder) interconnects() {
	for _, c := range b.doc.Numa.Interconnects {
		if c.Cache >= uint(len(hierarchies)) {
			b.internal("Unable to format NUMA node cache")
			return
		}
		text := fmt.Sprintf("hmat-lb,initiator=%d,target=%d,hierarchy=%s,data-type=%s-",
			c.Initiator, c.Target, hierarchies[c.Cache], c.Type)
		if c.Bandwidth {
			text += fmt.Sprintf("bandwidth,bandwidth=%dK", c.Value)
		} else {
			text += fmt.Sprintf("latency,latency=%d", c.Value)
		}
		b.arg("-numa", text)
	}
}

// associativities and writePolicies translate words of documents to QEMU's.
var (
	associativities = map[string]string{"none": "none", "direct": "direct", "full": "complex"}
	writePolicies   = map[string]string{"none": "none", "writeback": "write-back", "writethrough": "write-through"}
)

func (b *builder) cellCaches(cell int) {
	for _, c := range b.doc.Numa.Cells[cell].Caches {
		text := fmt.Sprintf("hmat-cache,node-id=%d,size=%dK,level=%d,associativity=%s,policy=%s",
			cell, c.Size, c.Level, associativities[c.Associativity], writePolicies[c.Policy])
		if c.Line > 0 {
			text += fmt.Sprintf(",line=%d", c.Line)
		}
		b.arg("-numa", text)
	}
}
