package hostinfo

import (
	"os"
	"reflect"
	"strconv"
	"testing"
)

func TestCells(t *testing.T) {
	small := os.Getpagesize() / 1024
	const node, cpu = "/sys/devices/system/node/", "/sys/devices/system/cpu/"
	files := map[string]string{
		node + "online":         "0,2\n",
		node + "node0/cpulist":  "0\n",
		node + "node0/meminfo":  "Node 0 MemTotal: 1048576 kB\nNode 0 MemFree: 4096 kB\n",
		node + "node0/distance": "10 21\n",
		node + "node0/hugepages/hugepages-2048kB/nr_hugepages":   "5\n",
		node + "node2/cpulist":                                   "\n",
		node + "node2/meminfo":                                   "Node 2 MemTotal: 8192 kB\nNode 2 MemFree: 4096 kB\n",
		node + "node2/distance":                                  "21 10\n",
		cpu + "cpu0/topology/core_id":                            "3\n",
		cpu + "cpu0/topology/die_id":                             "-1\n",
		cpu + "cpu0/topology/physical_package_id":                "1\n",
		cpu + "cpu0/topology/thread_siblings_list":               "0,4\n",
		"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "5\n",

		node + "node2/memory_side_cache/index1/size":         "2097152\n",
		node + "node2/memory_side_cache/index1/line_size":    "64\n",
		node + "node2/memory_side_cache/index1/indexing":     "0\n",
		node + "node2/memory_side_cache/index1/write_policy": "1\n",
		node + "node2/access1/initiators/read_latency":       "8\n",
		node + "node2/access1/initiators/write_latency":      "9\n",
		node + "node2/access1/initiators/read_bandwidth":     "2\n",
		node + "node2/access1/initiators/write_bandwidth":    "1\n",
		node + "node2/access1/initiators/node0/cpulist":      "0\n",
	}
	h := host(t, files)
	got, links, err := h.Cells()
	want := []Cell{
		{ID: 0, Memory: 1048576, Pages: []PagePool{{uint64(small), uint64((1048576 - 5*2048) / small)}, {2048, 5}},
			Distances: []Distance{{0, 10}, {2, 21}}, CPUs: []CPU{{ID: 0, Socket: 1, Core: 3, Siblings: []int{0, 4}}}},
		{ID: 2, Memory: 8192, Pages: []PagePool{{uint64(small), uint64(8192 / small)}}, Distances: []Distance{{0, 21}, {2, 10}},
			Caches: []SideCache{{1, "direct", "writethrough", 2048, 64}}},
	}
	ways := []Link{{0, 2, false, false, 8}, {0, 2, false, true, 9}, {0, 2, true, false, 2048}, {0, 2, true, true, 1024}}
	if !reflect.DeepEqual(links, ways) {
		t.Errorf("links %+v", links)
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("cells %+v, %v", got, err)
	}
	if m, err := h.PhysicalMemory(); err != nil || m.Total != 1048576+8192 || m.Free != 8192 {
		t.Errorf("memory %+v, %v", m, err)
	}
	pages, err := h.Pages(AllNodes)
	if err != nil || len(pages) != 2 || pages[1] != (PagePool{2048, 5}) {
		t.Errorf("pages %v, %v", pages, err)
	}
	if err := h.SetHugePages(0, 2048, 7); err != nil {
		t.Error(err)
	}
	if n, err := h.HugePages(0, 2048); n != 7 || err != nil {
		t.Error(n, err)
	}
	if err := h.SetHugePages(0, 1048576, 7); err == nil {
		t.Error("a pool that is not there was set")
	}
}

func TestCellsWithoutNUMA(t *testing.T) {
	files := map[string]string{
		"/sys/devices/system/cpu/present": "0-3\n", "/sys/devices/system/cpu/online": "0-2\n",
		"/proc/meminfo": "MemTotal: 4096 kB\n", "/proc/cpuinfo": "cpu MHz : 1\n",
	}
	for i := range 3 {
		at := "/sys/devices/system/cpu/cpu" + strconv.Itoa(i) + "/topology/"
		files[at+"core_id"], files[at+"physical_package_id"] = strconv.Itoa(i/2), "0"
		files[at+"thread_siblings_list"] = []string{"0-1", "0-1", "2-3"}[i]
	}
	got, _, err := host(t, files).Cells()
	if err != nil || len(got) != 1 || got[0].Memory != 4096 || len(got[0].CPUs) != 3 {
		t.Fatalf("cells %+v, %v", got, err)
	}
	if want := (CPU{ID: 2, Core: 1, Siblings: []int{2, 3}}); !reflect.DeepEqual(got[0].CPUs[2], want) {
		t.Errorf("processor %+v", got[0].CPUs[2])
	}
}

func TestCaches(t *testing.T) {
	files := map[string]string{"/sys/devices/system/cpu/online": "0-1\n"}
	for cpu := range 2 {
		at := "/sys/devices/system/cpu/cpu" + strconv.Itoa(cpu) + "/cache/"
		for i, c := range [][5]string{
			{"1", strconv.Itoa(cpu), "Data", "32K", strconv.Itoa(cpu)},
			{"3", "0", "Unified", "32768K", "0-1"},
			{"2", strconv.Itoa(cpu), "Unified", "1M", strconv.Itoa(cpu)},
		} {
			index := at + "index" + strconv.Itoa(i) + "/"
			for k, name := range []string{"level", "id", "type", "size", "shared_cpu_list"} {
				files[index+name] = c[k] + "\n"
			}
		}
	}
	got, err := host(t, files).Caches()
	want := []CacheBank{
		{0, 2, "both", 1 << 20, []int{0}}, {1, 2, "both", 1 << 20, []int{1}}, {0, 3, "both", 32 << 20, []int{0, 1}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("caches %+v, %v", got, err)
	}
}

func TestReadCPUID(t *testing.T) {
	ask := func(leaf, sub uint32) (eax, ebx, ecx, edx uint32) {
		switch {
		case leaf == 0:
			return 0x12, 1, 2, 3
		case leaf == 7 && sub == 0:
			return 1, 0, 0, 0 // one more sub-leaf, no SGX
		case leaf == extended:
			return extended + 1, 0, 0, 0
		}
		return leaf, sub, 0, 0
	}
	got := ReadCPUID(ask, [][2]uint32{{0, 0}, {7, 0}, {7, 1}, {7, 2}, {0xd, 1}, {0xf, 1}, {0x12, 0}, {0x14, 0}, {extended + 1, 0}, {extended + 7, 0}})
	want := []Leaf{{0, 0, 0x12, 1, 2, 3}, {7, 0, 1, 0, 0, 0}, {7, 1, 7, 1, 0, 0}, {0xd, 1, 0xd, 1, 0, 0},
		{extended + 1, 0, extended + 1, 0, 0, 0}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("leaves %+v", got)
	}
}

func TestProcessorOfText(t *testing.T) {
	h := host(t, map[string]string{
		"/proc/cpuinfo": "processor\t: 0\nmicrocode\t: 0xb00003e\naddress sizes\t: 46 bits physical, 48 bits virtual\n\nprocessor : 1\n",
	})
	if m, bits := h.Microcode(), h.AddressBits(); m != 0xb00003e || bits != 46 {
		t.Errorf("microcode %d, %d bits", m, bits)
	}
}

func TestReadEncrypted(t *testing.T) {
	for _, c := range []struct {
		last, keys, first uint32
		want              Encrypted
	}{
		{extended + 0x1f, 509, 100, Encrypted{410, 99}},
		{extended + 0x1f, 15, 1, Encrypted{15, 0}},
		{extended + 0x1f, 0, 0, Encrypted{}},
		{extended + 8, 509, 100, Encrypted{}}, // an older processor, which answers with another leaf's numbers
	} {
		got := ReadEncrypted(func(leaf, _ uint32) (a, b, cx, d uint32) {
			if leaf == extended {
				return c.last, 0, 0, 0
			}
			return 0, 0, c.keys, c.first
		})
		if got != c.want {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}
