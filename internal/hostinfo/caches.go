package hostinfo

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// CacheBank is a cache of the host's processors.
type CacheBank struct {
	ID, Level uint
	Type      string // both, code, data
	Size      uint64 // bytes
	CPUs      []int  // that share it
}

// firstCache is the lowest level that is told of: those below belong to one core each.
const firstCache = 2

// cacheTypes translates the kernel's words.
var cacheTypes = map[string]string{"Unified": "both", "Instruction": "code", "Data": "data"}

// Caches lists the caches, by level and number.
func (h Host) Caches() ([]CacheBank, error) {
	online, err := h.OnlineCPUs()
	if err != nil {
		return nil, err
	}
	var out []CacheBank
	for _, cpu := range online {
		folder := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/cache", cpu)
		entries, err := os.ReadDir(h.path(folder))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			bank, err := h.cacheBank(folder + "/" + e.Name())
			if errors.Is(err, os.ErrNotExist) || err == nil && bank.Level < firstCache || !strings.HasPrefix(e.Name(), "index") {
				continue // the kernel does not know all of it
			}
			if err != nil {
				return nil, err
			}
			if !slices.ContainsFunc(out, func(b CacheBank) bool { return b.ID == bank.ID && b.Level == bank.Level && b.Type == bank.Type }) {
				out = append(out, bank)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b CacheBank) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (h Host) cacheBank(folder string) (CacheBank, error) {
	var b CacheBank
	level, err := h.number(folder + "/level")
	if err != nil {
		return b, err
	}
	id, err := h.number(folder + "/id")
	if err != nil {
		return b, err
	}
	b.Level, b.ID = uint(level), uint(id)
	kind, err := h.text(folder + "/type")
	if err != nil {
		return b, err
	}
	if b.Type = cacheTypes[kind]; b.Type == "" {
		return b, fmt.Errorf("Unknown cache type '%s'", kind)
	}
	size, err := h.text(folder + "/size")
	if err != nil {
		return b, err
	}
	if b.Size, err = scaled(size); err != nil {
		return b, err
	}
	b.CPUs, err = h.numbers(folder + "/shared_cpu_list")
	return b, err
}

// scaled reads a size with a unit: 32768K.
func scaled(s string) (uint64, error) {
	digits := strings.TrimRight(s, "KMGT")
	n, err := strconv.ParseUint(digits, 10, 44)
	if err != nil {
		return 0, err
	}
	if unit := s[len(digits):]; unit != "" {
		n <<= 10 * (1 + strings.Index("KMGT", unit[:1]))
	}
	return n, nil
}
