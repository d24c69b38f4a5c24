package hostinfo

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// SideCache is a cache in front of a node's memory.
type SideCache struct {
	Level                 uint
	Associativity, Policy string
	Size, Line            uint64 // KiB, bytes
}

// Link is how fast processors of a node reach the memory of one: nanoseconds, or KiB a second.
type Link struct {
	Initiator, Target int
	Bandwidth, Write  bool
	Value             uint64
}

// The kernel's numbers.
var (
	associativities = []string{"direct", "full", "none"}
	writePolicies   = []string{"writeback", "writethrough", "none"}
)

// indexed calls for each entry of a folder that is a word and a number; a folder that is not there has none.
func (h Host) indexed(folder, word string, each func(number uint) error) error {
	entries, err := os.ReadDir(h.path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), word)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 31)
		if err != nil {
			return fmt.Errorf("unable to parse %s", e.Name())
		}
		if err := each(uint(n)); err != nil {
			return err
		}
	}
	return nil
}

func (h Host) sideCaches(node int) ([]SideCache, error) {
	var out []SideCache
	folder := fmt.Sprintf("/sys/devices/system/node/node%d/memory_side_cache", node)
	err := h.indexed(folder, "index", func(level uint) error {
		var v [4]uint64
		for i, file := range []string{"size", "line_size", "indexing", "write_policy"} {
			var err error
			if v[i], err = h.Number(fmt.Sprintf("%s/index%d/%s", folder, level, file)); err != nil {
				return err
			}
		}
		if v[2] >= uint64(len(associativities)) || v[3] >= uint64(len(writePolicies)) {
			return fmt.Errorf("unknown indexing %d or write policy %d", v[2], v[3])
		}
		out = append(out, SideCache{
			Level: level, Size: v[0] >> 10, Line: v[1], Associativity: associativities[v[2]], Policy: writePolicies[v[3]],
		})
		return nil
	})
	slices.SortFunc(out, func(a, b SideCache) int { return cmp.Compare(a.Level, b.Level) })
	return out, err
}

// links lists how fast memory is reached, latencies first; the kernel tells the best way to each node alone.
func (h Host) links() ([]Link, error) {
	var out []Link
	err := h.indexed("/sys/devices/system/node", "node", func(target uint) error {
		return h.linksTo(int(target), &out)
	})
	rank := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	slices.SortFunc(out, func(a, b Link) int {
		return cmp.Or(cmp.Compare(rank(a.Bandwidth), rank(b.Bandwidth)), cmp.Compare(a.Initiator, b.Initiator),
			cmp.Compare(a.Target, b.Target), cmp.Compare(rank(a.Write), rank(b.Write)))
	})
	return out, err
}

func (h Host) linksTo(target int, out *[]Link) error {
	// access0 would count devices too
	access := fmt.Sprintf("/sys/devices/system/node/node%d/access1", target)
	if !h.exists(access) {
		return nil
	}
	folder := access + "/initiators"
	var kinds []Link
	for _, k := range []struct {
		file             string
		bandwidth, write bool
	}{{"read_bandwidth", true, false}, {"write_bandwidth", true, true}, {"read_latency", false, false}, {"write_latency", false, true}} {
		n, err := h.Number(folder + "/" + k.file)
		if err != nil {
			return err
		}
		if k.bandwidth {
			n <<= 10
		}
		kinds = append(kinds, Link{Target: target, Bandwidth: k.bandwidth, Write: k.write, Value: n})
	}
	return h.indexed(folder, "node", func(from uint) error {
		for _, l := range kinds {
			l.Initiator = int(from)
			*out = append(*out, l)
		}
		return nil
	})
}

func (h Host) exists(path string) bool {
	_, err := os.Stat(h.path(path))
	return err == nil
}
