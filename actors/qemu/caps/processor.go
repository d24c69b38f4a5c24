package caps

import (
	"runtime"
	"sync"

	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	"virtree.dev/protocol/xml/xmltree"
)

// HostArch names the host's architecture as documents do.
func HostArch() string {
	switch runtime.GOARCH {
	case "amd64":
		return "x86_64"
	case "arm64":
		return "aarch64"
	case "386":
		return "i686"
	}
	return runtime.GOARCH
}

// HostProcessor is the processor that we run on. It is read once.
type HostProcessor struct {
	host hostinfo.Host
	arch string
	read func() cpumodel.Data
	tsc  func() *cpu.Counter
}

// NewHostProcessor makes the processor of a host, which is this one.
func NewHostProcessor(host hostinfo.Host) *HostProcessor {
	p := &HostProcessor{host: host, arch: HostArch()}
	p.read = sync.OnceValue(readProcessor)
	p.tsc = sync.OnceValue(p.timestamps)
	return p
}

// Arch names the architecture.
func (p *HostProcessor) Arch() string { return p.arch }

// Readable says whether a processor of that architecture can be described here.
func (p *HostProcessor) Readable(arch string) bool { return isX86(arch) && isX86(p.arch) }

// PhysBits is the width of physical addresses.
func (p *HostProcessor) PhysBits() uint { return uint(max(p.host.AddressBits(), 0)) }

// Describe describes the processor for a guest.
func (p *HostProcessor) Describe(models []cpumodel.HypervisorModel) (*cpu.CPU, error) {
	if !p.Readable(p.arch) {
		return nil, virerr.New(virerr.FromCPU, virerr.NoSupport, "cannot detect host CPU model for %s architecture", p.arch)
	}
	c := &cpu.CPU{Kind: cpu.Guest, Mode: "custom", Match: "exact"}
	return c, cpumodel.Decode(c, p.read(), models)
}

// Whole describes the host's processor with all that is known of it. Where no model fits, it has none.
func (p *HostProcessor) Whole() (*cpu.CPU, error) {
	t, err := p.host.Topology()
	if err != nil {
		return nil, err
	}
	c := &cpu.CPU{Kind: cpu.Host, Arch: p.arch, Topology: &cpu.Topology{
		Sockets: uint(t.Sockets), Dies: 1, Clusters: 1, Cores: uint(t.Cores), Threads: uint(t.Threads),
	}}
	if !p.Readable(p.arch) {
		return c, nil
	}
	data := p.read()
	_ = cpumodel.Decode(c, data, nil) // a processor without a model still has the rest
	c.Microcode = p.host.Microcode()
	if data.HasFeature("invtsc") {
		c.Counter = p.tsc()
	}
	if bits := p.host.AddressBits(); bits > 0 {
		c.PhysAddr = &cpu.PhysAddr{Mode: "emulate", Bits: bits}
	}
	return c, nil
}

// timestamps asks KVM, which not everybody may.
func (p *HostProcessor) timestamps() *cpu.Counter {
	frequency, scaling, err := sys.KVMTimestamps()
	if err != nil {
		return nil
	}
	return &cpu.Counter{Name: "tsc", Frequency: frequency, Scaling: xmltree.TristateOf(scaling)}
}

func readProcessor() cpumodel.Data {
	var all []cpumodel.Reading
	for _, l := range hostinfo.ReadCPUID(sys.CPUID, cpumodel.Leaves()) {
		all = append(all, cpumodel.Reading{Leaf: l.Leaf, Sub: l.Sub, Registers: [4]uint32{l.EAX, l.EBX, l.ECX, l.EDX}})
	}
	for _, index := range cpumodel.MSRs() {
		if v, err := sys.ReadMSR(index); err == nil { // not everybody may read them
			all = append(all, cpumodel.Reading{MSR: true, Leaf: index, Registers: [4]uint32{uint32(v), 0, 0, uint32(v >> 32)}})
		}
	}
	return cpumodel.Read(all)
}
