package qemu

import (
	"context"
	"fmt"
	"slices"
	"strings"

	outside "virtree.dev/internal/command"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpuset"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// advice is where on the host a machine fits best.
type advice struct{ nodes, cpus *xml.CPUSet }

// status is how a machine's status tells it.
func (a *advice) status() *domstatus.Numad {
	if a == nil {
		return nil
	}
	return &domstatus.Numad{NodeSet: a.nodes.String(), CPUSet: a.cpus.String()}
}

// leftToHost says whether a machine's processors or memory go where there is room.
func leftToHost(def *xml.Domain) bool {
	memory := def.NumaTune.Memory
	return def.VCPU.Placement == "auto" || memory != nil && memory.Placement == "auto"
}

// askAdvice asks numad for the nodes with room for a machine; nil where the document says them.
func (d *Driver) askAdvice(ctx context.Context, def *xml.Domain) (*advice, error) {
	if !leftToHost(def) {
		return nil, nil
	}
	numad := inPath("numad")
	if numad == "" {
		return nil, errNoAdvice()
	}
	const mib = 1024
	size := fmt.Sprintf("%d:%d", def.VCPU.Online(), (def.Memory.Total+mib-1)/mib)
	ran, err := outside.Host{}.Run(ctx, outside.Command{Path: numad, Args: []string{"-w", size}})
	if err != nil {
		return nil, errNoAdvice()
	}
	d.log.Debug("numad advises nodes " + string(ran.Stdout))
	nodes, err := cpuset.Parse(strings.TrimSpace(string(ran.Stdout)))
	if err != nil {
		return nil, err
	}
	return d.adviceOf(nodes)
}

func errNoAdvice() error {
	return virerr.New(virerr.FromNone, virerr.OperationFailed, "Failed to query numad for the advisory nodeset")
}

// adviceOf finds the processors of nodes. Memory cannot come from those that have none.
func (d *Driver) adviceOf(nodes *cpuset.Set) (*advice, error) {
	a := &advice{nodes: &cpuset.Set{}, cpus: &cpuset.Set{}}
	there, err := d.host.Nodes()
	if err != nil {
		return nil, errSystem(err, "cannot get NUMA nodes")
	}
	for _, n := range nodes.Members() {
		if !slices.Contains(there, n) {
			continue
		}
		cpus, err := d.host.NodeCPUs(n)
		if err != nil {
			return nil, errSystem(err, "cannot get the processors of NUMA node %d", n)
		}
		for _, c := range cpus {
			a.cpus.Add(c)
		}
		if m, err := d.host.NodeMemory(n); err == nil && m.Total > 0 {
			a.nodes.Add(n)
		}
	}
	return a, nil
}

// memoryPolicies are the kernel's, by their names in documents.
var memoryPolicies = map[string]sys.MemoryMode{
	"strict": sys.MemoryBind, "preferred": sys.MemoryPreferred, "interleave": sys.MemoryInterleave,
}

// memoryPolicy is where memory of the machine's process is to come from.
func (s *starter) memoryPolicy() sys.MemoryPolicy {
	tuned := s.def.NumaTune.Memory
	if tuned == nil {
		return sys.MemoryPolicy{}
	}
	nodes := tuned.Nodes
	if tuned.Placement == "auto" && s.advice != nil {
		nodes = s.advice.nodes
	}
	if nodes == nil {
		return sys.MemoryPolicy{}
	}
	return sys.MemoryPolicy{Mode: memoryPolicies[tuned.Mode], Nodes: nodes.Members()}
}
