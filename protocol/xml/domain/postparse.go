package domain

import (
	"slices"
	"strings"
)

// postParse infers and checks what holds for all hypervisors once the whole document is read.
func (p *parser) postParse(d *Domain) {
	d.AssignControllerIndexes()
	p.Keep(d.AssignISASerialPorts())
	if p.OK() {
		p.Keep(d.PostParseDevices(p.opts, nil))
	}
	if p.OK() {
		p.Keep(d.PostParseCommon(p.opts, nil))
	}
}

// PostParseCommon infers what depends on more than one device and checks the rest of the document. The
// driver completes the devices that are added on the way.
func (d *Domain) PostParseCommon(o ParseOptions, driver Complete) error {
	p := &parser{opts: o}
	if d.OS.Type == "exe" && d.OS.Init == "" {
		p.XMLError("init binary must be specified")
	}
	p.postVCPUs(d)
	p.postMemory(d)
	if l := d.OS.Loader; l != nil && l.Path != "" && l.Type == "" {
		l.Type = "rom"
	}
	d.forgetNodeZero()
	p.rejectDuplicates(d)
	if d.OS.Type == "hvm" {
		p.postBoot(d)
	}
	for i := range d.Clock.Timers {
		p.checkTimer(&d.Clock.Timers[i])
	}
	if p.OK() {
		p.implicitDevices(d, driver)
	}
	sanitizeMetadata(d.Metadata)
	d.closeSpice()
	if c := d.CPU; c != nil && c.Mode == "custom" && c.Model == "" && c.Check != "" {
		p.Unsupported("check attribute specified for CPU with no model")
	}
	if strings.Contains(d.Name, "/") && d.Type != "lxc" {
		p.XMLError("name %s cannot contain '/'", d.Name)
	}
	return p.Err()
}

func (p *parser) postVCPUs(d *Domain) {
	for i := range d.VCPU.List {
		v := &d.VCPU.List[i]
		switch {
		case v.Hotpluggable == Absent && v.Online:
			v.Hotpluggable = No
		case v.Hotpluggable == Absent:
			v.Hotpluggable = Yes
		case v.Hotpluggable == No && !v.Online:
			p.Unsupported("vcpu '%d' is both offline and not hotpluggable", i)
		}
	}
}

func (p *parser) postMemory(d *Domain) {
	m := &d.Memory
	devices := d.memoryDevices()
	var cells uint64
	if m.Total == 0 || p.opts.ABIUpdate || p.opts.ABIUpdateMigration {
		cells = d.Numa.Memory()
	}
	switch {
	case cells > 0:
		m.Total = cells + devices
	case devices > m.Total:
		p.XMLError("Total size of memory devices exceeds the total memory size")
	}
	if m.Total == devices {
		p.XMLError("Memory size must be specified via <memory> or in the <numa> configuration")
	}
	if m.Current == 0 || m.Current > m.Total {
		m.Current = m.Total
	}
	switch {
	case m.Max == 0 && m.Slots > 0:
		p.XMLError("maximum memory size must be specified when specifying number of memory slots")
	case m.Max > 0 && m.Max < m.Total:
		p.XMLError("maximum memory size must be equal or greater than the actual memory size")
	}
}

// InitialMemory gives what the guest starts with, without memory devices, in KiB.
func (d *Domain) InitialMemory() uint64 { return d.Memory.Total - d.memoryDevices() }

// forgetNodeZero drops huge page sets that name node 0 only of a guest without nodes.
func (d *Domain) forgetNodeZero() {
	if len(d.Numa.Cells) > 0 {
		return
	}
	for i := range d.MemoryBacking.HugePages {
		if h := &d.MemoryBacking.HugePages[i]; h.Nodes.Last() <= 0 {
			h.Nodes = nil
		}
	}
}

// postBoot wants boot orders to be distinct and either of devices or of the document, which defaults to the disk.
func (p *parser) postBoot(d *Domain) {
	var seen []uint
	for order := range d.bootOrders() {
		if slices.Contains(seen, order) {
			p.Unsupported("boot order '%d' used for more than one device", order)
		}
		seen = append(seen, order)
	}
	switch {
	case len(d.OS.BootDevs) > 0 && len(seen) > 0:
		p.Unsupported("per-device boot elements cannot be used together with os/boot elements")
	case len(d.OS.BootDevs) == 0 && len(seen) == 0:
		d.OS.BootDevs = []string{"hd"}
	}
}
