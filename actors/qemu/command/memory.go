package command

import (
	"fmt"
	"slices"

	"virtree.dev/protocol/xml/domain"
)

// ramID is the name QEMU has for the machine's main memory; empty when it does not say.
func (b *builder) ramID() string {
	if m := b.caps.Machine(b.doc.Type, b.doc.OS.Machine); m != nil {
		return m.DefaultRAM
	}
	return ""
}

// memory adds main memory. Cells have objects of their own.
func (b *builder) memory() {
	m, size := &b.doc.Memory, b.doc.InitialMemory()
	if m.Max == 0 && m.Slots == 0 {
		size &^= 0x1ff // was given in MiB once
	}
	text := fmt.Sprintf("size=%dk", size)
	if m.Slots > 0 {
		text += fmt.Sprintf(",slots=%d", m.Slots)
	}
	if m.Max > 0 {
		text += fmt.Sprintf(",maxmem=%dk", m.Max)
	}
	b.arg("-m", text)
	if len(b.doc.Numa.Cells) == 0 {
		if id := b.ramID(); id != "" {
			main := domain.MemoryDevice{Size: b.doc.InitialMemory()}
			main.Alias = id
			b.memoryObject(b.memoryBackend(id, &main, true))
		} else {
			b.memoryPathOption()
		}
	}
	lock := "off"
	if b.doc.MemoryBacking.Locked {
		lock = "on"
	}
	b.arg("-overcommit", "mem-lock="+lock)
}

// memoryObject adds a backend, after the threads that allocate it where the host's nodes count.
func (b *builder) memoryObject(be backend) {
	if be.nodes != nil && b.caps.Has("thread-context") && be.props.has("prealloc", true) {
		if nodes := b.reachableNodes(be.nodes); !nodes.Empty() {
			id := "tc-" + be.props.Get("id")
			b.object(props("qom-type", "thread-context", "id", id).List("node-affinity", members(nodes)...))
			be.props.Str("prealloc-context", id)
		}
	}
	b.object(be.props)
}

// reachableNodes are those that QEMU's threads may run on: it cannot leave the processors it is pinned to.
func (b *builder) reachableNodes(nodes *domain.CPUSet) *domain.CPUSet {
	pinned := b.doc.CPUTune.EmulatorPin
	switch {
	case pinned != nil:
	case b.doc.VCPU.Placement == "auto":
		pinned = b.autoCPUs()
	default:
		pinned = b.doc.VCPU.CPUSet
	}
	if pinned == nil || b.env.NodeOfCPU == nil {
		return nodes
	}
	out := &domain.CPUSet{}
	for _, cpu := range pinned.Members() {
		if n := b.env.NodeOfCPU(cpu); nodes.Has(n) {
			out.Add(n)
		}
	}
	return out
}

// autoCPUs are the processors of the nodes advised; nil when all are in reach.
func (b *builder) autoCPUs() *domain.CPUSet {
	if b.env.AutoCPUs == nil {
		return nil
	}
	return b.env.AutoCPUs()
}

// has says whether there is a member of that value.
func (p *Props) has(name string, value any) bool {
	return slices.Contains(p.members, member{name, value})
}

// members gives the members of a set as those of a JSON array.
func members(s *domain.CPUSet) []any {
	var out []any
	for _, n := range s.Members() {
		out = append(out, uint64(n))
	}
	return out
}

// memoryPathOption is how memory was told apart before it had objects.
func (b *builder) memoryPathOption() {
	m, path := &b.doc.MemoryBacking, ""
	prealloc := m.Allocation == "immediate"
	switch {
	case len(m.HugePages) > 0 && m.HugePages[0].Size != systemPage():
		size := m.HugePages[0].Size
		if size == 0 {
			size = b.defaultHugePage()
		}
		path, prealloc = b.hugePath(size), true
	case m.Source == "file":
		path = b.memoryPath("ram")
	}
	if prealloc && !b.preallocated() {
		b.arg("-mem-prealloc")
	}
	if path != "" {
		b.arg("-mem-path", path)
	}
}

// policies are QEMU's names of the modes of <numatune>; restrictive is left to cgroups.
var policies = map[string]string{"strict": "bind", "preferred": "preferred", "interleave": "interleave"}

// cellNodes are the host's nodes asked for a cell, nil when none are.
func (b *builder) cellNodes(cell int) *domain.CPUSet {
	if n := b.cellTune(cell); n != nil {
		return n.Nodes
	}
	return nil
}

func (b *builder) cellTune(cell int) *domain.NumaNode {
	if cell < 0 {
		return nil
	}
	for i := range b.doc.NumaTune.Nodes {
		if n := &b.doc.NumaTune.Nodes[i]; n.Cell == uint(cell) && n.Nodes != nil {
			return n
		}
	}
	return nil
}

// tunedNodes are the host's nodes for memory of a cell (-1 for any).
func (b *builder) tunedNodes(cell int) *domain.CPUSet {
	all := b.doc.NumaTune.Memory
	switch {
	case all != nil && all.Placement == "auto":
		return b.autoNodes()
	case b.cellTune(cell) != nil:
		return b.cellNodes(cell)
	case all != nil:
		return all.Nodes
	}
	return nil
}

// autoNodes are the nodes advised for a placement that is left to the host.
func (b *builder) autoNodes() *domain.CPUSet {
	if b.env.AutoNodes == nil {
		b.internal("Advice from numad is needed in case of automatic numa placement")
		return nil
	}
	nodes, err := b.env.AutoNodes()
	if err != nil {
		b.fail(err)
	}
	return nodes
}

// hostNodesProps tells where memory is to be; it gives the nodes too.
func (b *builder) hostNodesProps(p *Props, m *domain.MemoryDevice) *domain.CPUSet {
	nodes := m.Nodes
	if nodes == nil {
		nodes = b.tunedNodes(targetNode(m))
	}
	if nodes == nil {
		return nil
	}
	mode := "strict"
	if n := b.cellTune(targetNode(m)); n != nil {
		mode = n.Mode
	} else if t := b.doc.NumaTune.Memory; t != nil {
		mode = t.Mode
	}
	if policy := policies[firstOf(mode, "strict")]; policy != "" {
		p.List("host-nodes", members(nodes)...).Str("policy", policy)
	}
	return nodes
}
