package hostinfo

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Host is a machine by its /proc and /sys; the zero value is this one.
type Host struct {
	Root string // in front of /proc and /sys
}

func (h Host) path(p string) string { return filepath.Join("/", h.Root, p) }

func (h Host) read(p string) ([]byte, error) { return os.ReadFile(h.path(p)) }

// text reads a file of one line.
func (h Host) text(p string) (string, error) {
	b, err := h.read(p)
	return strings.TrimSpace(string(b)), err
}

func (h Host) number(p string) (int, error) {
	s, err := h.text(p)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(s)
}

// numbers reads a list of the kernel's form: "0-3,8".
func (h Host) numbers(p string) ([]int, error) {
	s, err := h.text(p)
	if err != nil {
		return nil, err
	}
	return ParseList(s)
}

// maxListed bounds a list: the kernel's largest NR_CPUS is 8192.
const maxListed = 1 << 16

// ParseList reads numbers in the kernel's form: "0-3,8"; an empty text is an empty list.
func ParseList(s string) ([]int, error) {
	var list []int
	if s == "" {
		return nil, nil
	}
	for item := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(item, "-")
		a, err := strconv.Atoi(first)
		b := a
		if err == nil && isRange {
			b, err = strconv.Atoi(last)
		}
		if err != nil || a < 0 || b < a || b-a+len(list) > maxListed {
			return nil, fmt.Errorf("bad list of numbers %q", s)
		}
		for n := a; n <= b; n++ {
			list = append(list, n)
		}
	}
	return list, nil
}

// Hostname gives the kernel's name of the host.
func (h Host) Hostname() (string, error) { return h.text("/proc/sys/kernel/hostname") }

// fields reads "Name: value" lines.
func fields(b []byte, each func(name, value string) bool) {
	for line := range bytes.Lines(b) {
		name, value, ok := strings.Cut(string(line), ":")
		if ok && !each(strings.TrimSpace(name), strings.TrimSpace(value)) {
			return
		}
	}
}

// CPUTimes are the ticks (1/100 s) that a processor spent.
type CPUTimes struct {
	User, Nice, System, Idle, IOWait, IRQ, SoftIRQ uint64
}

// AllCPUs asks CPUTimes for the sum of all processors.
const AllCPUs = -1

// ErrNoCPU is the error of a processor that the host lacks.
var ErrNoCPU = errors.New("no such processor")

// CPUTimes reads the times of one processor, or of all.
func (h Host) CPUTimes(cpu int) (CPUTimes, error) {
	b, err := h.read("/proc/stat")
	if err != nil {
		return CPUTimes{}, err
	}
	name := "cpu"
	if cpu != AllCPUs {
		name += strconv.Itoa(cpu)
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) < 5 || f[0] != name {
			continue
		}
		var t CPUTimes
		for i, to := range []*uint64{&t.User, &t.Nice, &t.System, &t.Idle, &t.IOWait, &t.IRQ, &t.SoftIRQ} {
			if i+1 < len(f) {
				*to, _ = strconv.ParseUint(f[i+1], 10, 64)
			}
		}
		return t, nil
	}
	return CPUTimes{}, ErrNoCPU
}

// Memory is memory of the host or of a NUMA node, in KiB.
type Memory struct {
	Total, Free, Buffers, Cached uint64
}

// Memory reads the host's memory.
func (h Host) Memory() (Memory, error) {
	b, err := h.read("/proc/meminfo")
	return parseMemory(b), err
}

// PhysicalMemory sums up what NUMA nodes have, which may be less than Memory's total; where there are none, it is the same.
func (h Host) PhysicalMemory() (Memory, error) {
	nodes, err := h.Nodes()
	if err != nil || len(nodes) == 0 {
		return h.Memory()
	}
	var sum Memory
	for _, n := range nodes {
		m, err := h.NodeMemory(n)
		if err != nil {
			return h.Memory()
		}
		sum.Total += m.Total
		sum.Free += m.Free
	}
	return sum, nil
}

// NodeMemory reads the memory of a NUMA node; the kernel does not tell buffers and cache there.
func (h Host) NodeMemory(node int) (Memory, error) {
	b, err := h.read(fmt.Sprintf("/sys/devices/system/node/node%d/meminfo", node))
	return parseMemory(b), err
}

func parseMemory(b []byte) Memory {
	var m Memory
	fields(b, func(name, value string) bool {
		words := strings.Fields(name)
		if len(words) == 0 {
			return true
		}
		n, _ := strconv.ParseUint(strings.TrimSuffix(value, " kB"), 10, 64)
		switch words[len(words)-1] { // a node's lines begin "Node 0 "
		case "MemTotal":
			m.Total = n
		case "MemFree":
			m.Free = n
		case "Buffers":
			m.Buffers = n
		case "Cached":
			m.Cached = n
		}
		return true
	})
	return m
}

// Nodes lists the NUMA nodes that are online; a kernel without NUMA has none.
func (h Host) Nodes() ([]int, error) {
	n, err := h.numbers("/sys/devices/system/node/online")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return n, err
}

// FreePages gives the free huge pages of a size in KiB on a node, or on the host with node -1.
func (h Host) FreePages(node int, sizeKiB uint64) (uint64, error) {
	if sizeKiB == uint64(os.Getpagesize()/1024) {
		return h.freeSmallPages(node, sizeKiB)
	}
	folder := "/sys/kernel/mm/hugepages"
	if node >= 0 {
		folder = fmt.Sprintf("/sys/devices/system/node/node%d/hugepages", node)
	}
	n, err := h.number(fmt.Sprintf("%s/hugepages-%dkB/free_hugepages", folder, sizeKiB))
	return uint64(n), err
}

func (h Host) freeSmallPages(node int, sizeKiB uint64) (uint64, error) {
	read := h.PhysicalMemory
	if node >= 0 {
		read = func() (Memory, error) { return h.NodeMemory(node) }
	}
	m, err := read()
	return m.Free / sizeKiB, err
}

// Number reads a file that holds a number, under the host's root.
func (h Host) Number(path string) (uint64, error) {
	s, err := h.text(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(s, 10, 64)
}

// Kernel gives the release of the running kernel, empty when it does not say.
func (h Host) Kernel() string {
	release, err := h.text("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return release
}
