package hostinfo

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Topology is the host's processors in virNodeInfo's few numbers.
type Topology struct {
	CPUs, MHz, Nodes, Sockets, Cores, Threads int
}

// Topology counts the processors. Where the numbers do not multiply to the
// processors there are (clustered cores, asymmetric nodes), it is told flat, as
// libvirt does.
func (h Host) Topology() (Topology, error) {
	present, err := h.PresentCPUs()
	if err != nil {
		return Topology{}, err
	}
	t := Topology{MHz: h.mhz()}
	offline := 0
	nodes, _ := h.Nodes()
	for _, n := range nodes {
		cpus, err := h.NodeCPUs(n)
		if err != nil {
			return Topology{}, err
		}
		t.Nodes++
		offline += t.add(h, cpus)
	}
	if t.CPUs == 0 {
		t.Nodes = 1
		offline = t.add(h, present)
	}
	if t.CPUs == 0 {
		return t, errors.New("no CPUs found")
	}
	if all := t.CPUs + offline; t.Nodes*t.Sockets*t.Cores*t.Threads != all {
		t.Nodes, t.Sockets, t.Cores, t.Threads = 1, 1, all, 1
	}
	return t, nil
}

// add counts the processors of a node and gives the number of those that are offline.
func (t *Topology) add(h Host, cpus []int) (offline int) {
	cores := map[int]map[int]bool{}
	for _, cpu := range cpus {
		c, err := h.CPU(cpu)
		if err != nil {
			offline++
			continue
		}
		t.CPUs++
		if cores[c.Socket] == nil {
			cores[c.Socket] = map[int]bool{}
		}
		cores[c.Socket][c.Core] = true
		t.Threads = max(t.Threads, len(c.Siblings))
	}
	t.Sockets = max(t.Sockets, len(cores))
	for _, in := range cores {
		t.Cores = max(t.Cores, len(in))
	}
	return offline
}

// CPU is a processor's place.
type CPU struct {
	ID, Socket, Die, Cluster, Core int
	Siblings                       []int
}

// CPU reads the place of a processor that is online.
func (h Host) CPU(id int) (CPU, error) {
	at := fmt.Sprintf("/sys/devices/system/cpu/cpu%d/topology/", id)
	c := CPU{ID: id}
	var err error
	if c.Core, err = h.number(at + "core_id"); err != nil {
		return c, err
	}
	c.Socket, _ = h.number(at + "physical_package_id")
	c.Socket = max(c.Socket, 0) // some kernels say -1 where there are no sockets
	c.Die, _ = h.number(at + "die_id")
	c.Die = max(c.Die, 0)
	c.Cluster, _ = h.number(at + "cluster_id")
	c.Cluster = max(c.Cluster, 0)
	c.Siblings, err = h.numbers(at + "thread_siblings_list")
	return c, err
}

// PresentCPUs lists the processors that are plugged in.
func (h Host) PresentCPUs() ([]int, error) { return h.numbers("/sys/devices/system/cpu/present") }

// OnlineCPUs lists the processors that run.
func (h Host) OnlineCPUs() ([]int, error) { return h.numbers("/sys/devices/system/cpu/online") }

// NodeCPUs lists the processors of a NUMA node.
func (h Host) NodeCPUs(node int) ([]int, error) {
	return h.numbers(fmt.Sprintf("/sys/devices/system/node/node%d/cpulist", node))
}

func (h Host) mhz() int {
	b, _ := h.read("/proc/cpuinfo")
	mhz := 0
	fields(b, func(name, value string) bool {
		if name != "cpu MHz" {
			return true
		}
		f, _ := strconv.ParseFloat(value, 64)
		mhz = int(f)
		return false
	})
	return mhz
}

// CPUModelName gives the processor's own name from /proc/cpuinfo.
func (h Host) CPUModelName() string {
	b, _ := h.read("/proc/cpuinfo")
	model := ""
	fields(b, func(name, value string) bool {
		if name == "model name" {
			model = strings.TrimSpace(value)
		}
		return model == ""
	})
	return model
}

// AddressBits gives how many bits the processors' physical addresses have, 0 when unknown.
func (h Host) AddressBits() int {
	b, err := h.read("/proc/cpuinfo")
	bits := 0
	if err != nil {
		return 0
	}
	fields(b, func(name, value string) bool {
		if name != "address sizes" {
			return true
		}
		if _, err := fmt.Sscanf(value, "%d bits physical", &bits); err != nil {
			bits = 0
		}
		return false
	})
	return bits
}
