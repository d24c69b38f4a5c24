package hostinfo

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Cell is a NUMA node with what belongs to it.
type Cell struct {
	ID        int
	Memory    uint64 // KiB
	Pages     []PagePool
	Distances []Distance
	Caches    []SideCache
	CPUs      []CPU
}

// Distance is how far another node is; the own one is 10.
type Distance struct{ Node, Value int }

// PagePool is how many pages of a size there are.
type PagePool struct {
	Size  uint64 // KiB
	Count uint64
}

// Cells lists the NUMA nodes and how fast they reach each other; a kernel without NUMA, or with one that cannot be
// read, has one node.
func (h Host) Cells() ([]Cell, []Link, error) {
	cells, err := h.realCells()
	if err == nil && len(cells) > 0 {
		var links []Link
		if links, err = h.links(); err == nil {
			return cells, links, nil
		}
	}
	cells, err = h.plainCells()
	return cells, nil, err
}

func (h Host) realCells() ([]Cell, error) {
	nodes, err := h.Nodes()
	if err != nil {
		return nil, err
	}
	var out []Cell
	for _, n := range nodes {
		c, err := h.cell(n, nodes)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func (h Host) cell(node int, nodes []int) (Cell, error) {
	c := Cell{ID: node}
	cpus, err := h.NodeCPUs(node)
	if err != nil {
		return c, err
	}
	for _, id := range cpus {
		cpu, err := h.CPU(id)
		if err != nil {
			return c, err
		}
		c.CPUs = append(c.CPUs, cpu)
	}
	memory, err := h.NodeMemory(node)
	if err != nil {
		return c, err
	}
	c.Memory = memory.Total
	if c.Distances, err = h.distances(node, nodes); err != nil {
		return c, err
	}
	if c.Pages, err = h.Pages(node); err != nil {
		return c, err
	}
	c.Caches, err = h.sideCaches(node)
	return c, err
}

// distances reads one number for each node that is online.
func (h Host) distances(node int, nodes []int) ([]Distance, error) {
	s, err := h.text(fmt.Sprintf("/sys/devices/system/node/node%d/distance", node))
	if err != nil {
		return nil, err
	}
	var out []Distance
	for i, word := range strings.Fields(s) {
		value, err := strconv.Atoi(word)
		if err != nil || i >= len(nodes) {
			return nil, fmt.Errorf("bad distances %q", s)
		}
		if value != 0 {
			out = append(out, Distance{nodes[i], value})
		}
	}
	return out, nil
}

// plainCells makes cells of what the processors alone tell.
func (h Host) plainCells() ([]Cell, error) {
	t, err := h.Topology()
	if err != nil {
		return nil, err
	}
	memory, err := h.PhysicalMemory()
	if err != nil {
		return nil, err
	}
	online, err := h.OnlineCPUs()
	if err != nil {
		return nil, err
	}
	var out []Cell
	id := 0
	for range t.Nodes {
		c := Cell{Memory: memory.Total}
		for i := range t.Sockets * t.Cores * t.Threads {
			core := i / t.Threads
			cpu := CPU{ID: id, Socket: core / t.Cores, Core: core % t.Cores}
			for s := range t.Threads {
				cpu.Siblings = append(cpu.Siblings, id-i%t.Threads+s)
			}
			if slices.Contains(online, id) {
				c.CPUs = append(c.CPUs, cpu)
			}
			id++
		}
		out = append(out, c)
	}
	return out, nil
}

// AllNodes asks Pages for the sum of all nodes.
const AllNodes = -1

func hugePages(node int) string {
	if node == AllNodes {
		return "/sys/kernel/mm/hugepages"
	}
	return fmt.Sprintf("/sys/devices/system/node/node%d/hugepages", node)
}

// Pages lists the page sizes with the number of pages there are; what is set aside as huge pages is not small ones.
func (h Host) Pages(node int) ([]PagePool, error) {
	folder := hugePages(node)
	entries, _ := os.ReadDir(h.path(folder)) // a kernel may have no huge pages
	var out []PagePool
	huge := uint64(0)
	for _, e := range entries {
		size, ok := strings.CutPrefix(e.Name(), "hugepages-")
		if !ok {
			continue
		}
		kib, err := strconv.ParseUint(strings.TrimSuffix(size, "kB"), 10, 32)
		if err != nil {
			return nil, fmt.Errorf("unable to parse %s", e.Name())
		}
		count, err := h.Number(folder + "/" + e.Name() + "/nr_hugepages")
		if err != nil {
			return nil, err
		}
		out = append(out, PagePool{Size: kib, Count: count})
		huge += kib * count
	}
	read := h.PhysicalMemory
	if node != AllNodes {
		read = func() (Memory, error) { return h.NodeMemory(node) }
	}
	memory, err := read()
	if err != nil {
		return nil, err
	}
	small := uint64(os.Getpagesize() / 1024)
	out = append(out, PagePool{Size: small, Count: (memory.Total - min(huge, memory.Total)) / small})
	slices.SortFunc(out, func(a, b PagePool) int { return cmp.Compare(a.Size, b.Size) })
	return out, nil
}

// IOMMU says whether devices are behind an IOMMU.
func (h Host) IOMMU() bool {
	groups, _ := os.ReadDir(h.path("/sys/kernel/iommu_groups"))
	return len(groups) > 0
}

// SecureGuests says whether a mainframe runs guests that it cannot look into.
func (h Host) SecureGuests() bool {
	s, _ := h.text("/sys/firmware/uv/prot_virt_host")
	return s == "1"
}
