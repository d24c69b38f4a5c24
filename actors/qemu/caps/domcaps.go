package caps

import (
	"cmp"
	"slices"

	"virtree.dev/actors/qemu/machine"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpumodel"
	"virtree.dev/protocol/xml/domcaps"
)

// Surroundings is what guests depend on beside the binary.
type Surroundings struct {
	Processor    Processor
	KVMVCPUs     uint     // how many processors KVM gives a guest; 0 when not known
	Firmware     []string // bios, efi: what is there for the machine type
	Loaders      []string // paths of images
	SecureLoader bool     // one of them needs SMM
	VFIO         bool     // host devices can be passed through
	SWTPM        bool     // TPMs can be emulated
	TPMVersions  []string // of those: 1.2, 2.0
	RDP          bool     // QEMU's RDP server is there
	SecureGuests bool     // a mainframe whose KVM runs guests that it cannot look into
	Encrypted    hostinfo.Encrypted
}

// describer fills in one document.
type describer struct {
	*Caps
	at      Surroundings
	machine machine.Type
	out     *domcaps.Capabilities
}

// Describe tells what guests of an architecture, virt type and machine type can have. The machine type is its canonical name.
func (c *Caps) Describe(arch, virtType, machineType string, at Surroundings) (*domcaps.Capabilities, error) {
	refuse := func(code virerr.Code, format, what string) error {
		return virerr.New(virerr.FromQEMU, code, format, c.Binary, what)
	}
	m := c.Machine(virtType, machineType)
	switch {
	case !c.runsArch(arch):
		return nil, refuse(virerr.InvalidArg, "Emulator '%s' does not support arch '%s'", arch)
	case !c.RunsVirtType(virtType):
		return nil, refuse(virerr.InvalidArg, "Emulator '%s' does not support virt type '%s'", virtType)
	case m == nil:
		return nil, refuse(virerr.ConfigUnsupported, "Emulator '%s' does not support machine type '%s'", cmp.Or(machineType, "<null>"))
	}
	d := &describer{Caps: c, at: at, machine: machine.Type{Arch: c.Arch, Name: machineType}}
	d.out = &domcaps.Capabilities{Path: c.Binary, Type: virtType, Machine: machineType, Arch: arch, MaxVCPUs: m.MaxCPUs}
	if virtType == "kvm" {
		d.out.MaxVCPUs = min(m.MaxCPUs, at.KVMVCPUs)
	}
	d.boot()
	d.processors()
	d.devices()
	d.features()
	return d.out, nil
}

// runsArch says whether the binary runs guests of an architecture.
func (c *Caps) runsArch(arch string) bool {
	switch c.Arch {
	case arch:
		return true
	case "x86_64":
		return arch == "i686"
	case "aarch64":
		return arch == "armv7l"
	case "armv7l":
		return arch == "armv6l"
	case "ppc64":
		return arch == "ppc64le"
	}
	return false
}

// virtTypeFlags are the flags of what executes guests.
var virtTypeFlags = map[string]Flag{"qemu": "tcg", "kvm": "kvm", "hvf": "hvf"}

// RunsVirtType says whether the binary runs guests of a virt type.
func (c *Caps) RunsVirtType(virtType string) bool {
	f, ok := virtTypeFlags[virtType]
	return ok && c.Has(f)
}

// choices lists the values of which the binary can do what they need, all of them without a need.
func (c *Caps) choices(all ...choice) []string {
	var out []string
	for _, a := range all {
		if slices.IndexFunc(a.needs, func(f Flag) bool { return c.Has(f) }) >= 0 || a.needs == nil {
			out = append(out, a.value)
		}
	}
	return out
}

// choice is a value with flags of which one is needed.
type choice struct {
	value string
	needs []Flag
}

func always(value string) choice { return choice{value: value} }

func when(ok bool, value string) choice {
	if ok {
		return always(value)
	}
	return choice{value, []Flag{}}
}

func with(value string, needs ...Flag) choice { return choice{value, needs} }

func (d *describer) boot() {
	d.out.OS = domcaps.OS{Firmware: d.at.Firmware, Loaders: d.at.Loaders, Loader: []domcaps.Enum{
		{Name: "type", Values: []string{"rom", "pflash"}},
		{Name: "readonly", Values: []string{"yes", "no"}},
		{Name: "secure", Values: d.choices(when(d.at.SecureLoader, "yes"), always("no"))},
	}}
	d.out.MemoryBacking = domcaps.Section{Name: "memoryBacking", Supported: true, Enums: []domcaps.Enum{
		{Name: "sourceType", Values: d.choices(always("file"), always("anonymous"), with("memfd", "memory-backend-memfd"))},
	}}
}

func (d *describer) processors() {
	virtType, out := d.out.Type, &d.out.CPU
	if d.modeSupported("host-passthrough") {
		out.Passthrough = d.choices(with("on", "cpu.migratable"), always("off"))
	}
	if d.modeSupported("maximum") {
		out.Maximum = []string{"on", "off"}
	}
	if d.modeSupported("host-model") {
		host := d.HostModel(virtType, d.at.Processor)
		out.HostModel = host.Reported.Clone()
		if host.PhysBits > 0 {
			out.HostModel.PhysAddr = &cpu.PhysAddr{Mode: "passthrough", Bits: -1, Limit: host.PhysBits}
		}
	}
	if d.modeSupported("custom") {
		out.Custom = d.customModels()
	}
}

func (d *describer) modeSupported(mode string) bool {
	return d.CPUMode(d.out.Type, mode, d.machine.Name, d.at.Processor)
}

// passthroughOnly are the mainframes on which KVM knows no models.
var passthroughOnly = []string{"s390-ccw-virtio-2.4", "s390-ccw-virtio-2.5", "s390-ccw-virtio-2.6", "s390-ccw-virtio-2.7"}

// CPUMode says whether guests can have a processor of a mode.
func (c *Caps) CPUMode(virtType, mode, machineType string, host Processor) bool {
	if c.Arch == "s390x" && virtType == "kvm" && mode != "host-passthrough" && slices.Contains(passthroughOnly, machineType) {
		return false
	}
	switch mode {
	case "host-passthrough":
		return Accelerated(virtType) && host != nil && Native(host.Arch(), c.Arch)
	case "host-model":
		return c.HostModel(virtType, host).Reported != nil
	case "maximum":
		return c.Has("cpu-max")
	}
	a := c.AccelOf(virtType)
	return a != nil && len(a.CPUs) > 0
}

// customModels lists the models that are known here too, by name.
func (d *describer) customModels() []domcaps.Model {
	known, err := cpumodel.Models(d.out.Arch)
	if err != nil {
		return nil
	}
	var out []domcaps.Model
	for i := range d.AccelOf(d.out.Type).CPUs {
		m := &d.AccelOf(d.out.Type).CPUs[i]
		if m.Name == "host" || known != nil && !slices.Contains(known, m.Name) {
			continue
		}
		out = append(out, domcaps.Model{
			Name: m.Name, Usable: cmp.Or(m.Usable.YesNo(), "unknown"), Deprecated: m.Deprecated,
			Vendor:    cmp.Or(cpumodel.Vendor(d.Arch, m.Name), "unknown"),
			Canonical: cpumodel.Canonical(d.Arch, m.Name), Blockers: d.blockers(m),
		})
	}
	slices.SortStableFunc(out, func(a, b domcaps.Model) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// DisableDeprecated turns off what QEMU will drop from a processor.
func (c *Caps) DisableDeprecated(virtType string, d *cpu.CPU) {
	a := c.AccelOf(virtType)
	if a == nil || a.Host == nil || d == nil {
		return
	}
	for _, name := range a.Host.Deprecated {
		d.SetFeature(name, cpu.Disable)
	}
}
