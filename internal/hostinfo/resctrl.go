package hostinfo

import (
	"errors"
	"io/fs"
	"math/bits"
	"os"
	"slices"
	"strconv"
	"strings"
)

const resctrl = "/sys/fs/resctrl/info"

// CacheControl is how a cache can be divided.
type CacheControl struct {
	Type             string // both, code, data
	Granularity, Min uint64 // bytes; no minimum of its own is 0
	MaxAllocs        uint
}

// Resctrl is what the kernel can divide and watch.
type Resctrl struct {
	Bandwidth *Bandwidth
	Monitor   *Monitor
	parts     []partition
}

// Bandwidth is how memory bandwidth can be divided, in percent.
type Bandwidth struct{ Granularity, Min, MaxAllocs uint }

// Monitor is what the kernel can watch.
type Monitor struct {
	Max, ReuseThreshold uint
	Features            []string
}

// partition is a kind of cache by the bits of its masks.
type partition struct {
	level, bits, minBits, max uint
	kind                      string
}

// partitionKinds are the ends of folders' names.
var partitionKinds = []struct{ suffix, kind string }{{"", "both"}, {"CODE", "code"}, {"DATA", "data"}}

// Resctrl reads what the kernel can divide; a kernel without resctrl, or with it not mounted, can divide nothing.
func (h Host) Resctrl() (*Resctrl, error) {
	r := &Resctrl{}
	entries, err := os.ReadDir(h.path(resctrl))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	if r.Bandwidth, err = h.bandwidth(); err != nil {
		return nil, err
	}
	for _, e := range entries {
		if err := h.partition(e.Name(), r); err != nil {
			return nil, err
		}
	}
	r.Monitor, err = h.monitor()
	return r, err
}

// uints reads files of one number each. Without the first there is nothing to read: false.
func (h Host) uints(folder string, to ...any) (bool, error) {
	for i := 0; i < len(to); i += 2 {
		n, err := h.Number(folder + "/" + to[i].(string))
		if i == 0 && errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		*to[i+1].(*uint) = uint(n)
	}
	return true, nil
}

func (h Host) bandwidth() (*Bandwidth, error) {
	b := &Bandwidth{}
	ok, err := h.uints(resctrl+"/MB", "bandwidth_gran", &b.Granularity, "min_bandwidth", &b.Min, "num_closids", &b.MaxAllocs)
	if !ok {
		return nil, err
	}
	return b, nil
}

func (h Host) monitor() (*Monitor, error) {
	const folder = resctrl + "/L3_MON"
	m := &Monitor{}
	if ok, err := h.uints(folder, "num_rmids", &m.Max); !ok {
		return nil, err
	}
	if _, err := h.uints(folder, "max_threshold_occupancy", &m.ReuseThreshold); err != nil {
		return nil, err
	}
	features, err := h.text(folder + "/mon_features")
	if err != nil {
		return nil, err
	}
	if features == "" {
		return nil, errors.New("Got empty feature list from resctrl")
	}
	m.Features = strings.Split(features, "\n")
	return m, nil
}

// partition reads a folder such as L3 or L2CODE; others are not of caches.
func (h Host) partition(name string, r *Resctrl) error {
	rest, ok := strings.CutPrefix(name, "L")
	suffix := strings.TrimLeft(rest, "0123456789")
	level, err := strconv.ParseUint(strings.TrimSuffix(rest, suffix), 10, 8)
	kind := slices.IndexFunc(partitionKinds, func(k struct{ suffix, kind string }) bool { return k.suffix == suffix })
	if !ok || err != nil || kind < 0 {
		return nil //nolint:nilerr // no number, no cache
	}
	p := partition{level: uint(level), kind: partitionKinds[kind].kind}
	folder := resctrl + "/" + name
	if _, err := h.uints(folder, "num_closids", &p.max); err != nil {
		return err
	}
	text, err := h.text(folder + "/cbm_mask")
	if err != nil {
		return err
	}
	mask, err := strconv.ParseUint(text, 16, 64)
	if err != nil || mask == 0 {
		return errors.New("Cannot parse cbm_mask from resctrl cache info")
	}
	p.bits = uint(bits.OnesCount64(mask))
	if ok, err := h.uints(folder, "min_cbm_bits", &p.minBits); !ok {
		return errors.Join(err, errors.New("Cannot get min_cbm_bits from resctrl cache info"))
	}
	r.parts = append(r.parts, p)
	return nil
}

// Controls are how a cache of a level and size can be divided, all of it before code and data.
func (r *Resctrl) Controls(level uint, size uint64) []CacheControl {
	var out []CacheControl
	for _, k := range partitionKinds {
		for _, p := range r.parts {
			if p.level != level || p.kind != k.kind {
				continue
			}
			c := CacheControl{Type: p.kind, Granularity: size / uint64(p.bits), MaxAllocs: p.max}
			if p.minBits != 1 {
				c.Min = uint64(p.minBits) * c.Granularity
			}
			out = append(out, c)
		}
	}
	return out
}

// With gives the features that begin with a prefix: llc_ of caches, mbm_ of memory bandwidth.
func (m *Monitor) With(prefix string) []string {
	var out []string
	for _, f := range m.Features {
		if strings.HasPrefix(f, prefix) {
			out = append(out, f)
		}
	}
	return out
}
