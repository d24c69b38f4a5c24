package command

import (
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// optionList collects the parts of an option such as -machine.
type optionList struct{ strings.Builder }

func (o *optionList) add(name, value string) {
	if value != "" {
		o.WriteString("," + name + "=" + value)
	}
}

func (b *builder) machineType() {
	o := &optionList{}
	o.WriteString(b.doc.OS.Machine + ",usb=off")
	b.machineKeyWrap(o)
	b.machineFeatures(o)
	if i := b.doc.Devices.IOMMU; i != nil && i.Model == "smmuv3" {
		o.add("iommu", "smmuv3")
	}
	b.machineMemory(o)
	if c := b.doc.CPU; c != nil && c.Model != "" && c.Mode == "host-model" && b.machine.PSeries() {
		o.add("max-cpu-compat", c.Model)
	}
	if !b.caps.Has("virtio-ccw.loadparm") {
		o.add("loadparm", b.loadParm())
	}
	if b.doc.LaunchSecurity != nil {
		option := "confidential-guest-support"
		if b.doc.LaunchSecurity.Type != "s390-pv" && !b.caps.Has("confidential-guest-support") {
			option = "memory-encryption"
		}
		o.add(option, "lsec0")
	}
	b.machineFlash(o)
	if b.hmat() {
		o.add("hmat", "on")
	}
	if b.doc.OS.BIOSUseSerial == domain.Yes {
		o.add("graphics", "off")
	}
	if t := b.doc.Clock.Timer("hpet"); t != nil && t.Present.Given() && b.caps.Has("machine-hpet") {
		o.add("hpet", t.Present.OnOff())
	}
	for _, s := range b.doc.Devices.Sounds {
		if s.Model == "pcspk" {
			o.add("pcspk-audiodev", b.audioName(s.AudioID))
			break
		}
	}
	o.add("acpi", b.acpi())
	b.arg("-machine", o.String())
}

// acpi is given only where the machine type can go without.
func (b *builder) acpi() string {
	m := b.caps.Machine(b.doc.Type, b.doc.OS.Machine)
	if m == nil || m.ACPI != domain.Yes {
		return ""
	}
	return xmltree.TristateOf(b.doc.Features.ACPI == domain.On).OnOff()
}

func (b *builder) machineKeyWrap(o *optionList) {
	k := b.doc.KeyWrap
	if k == nil || !k.AES.Given() && !k.DEA.Given() {
		return
	}
	if !b.machine.S390() {
		b.unsupported("'aes-key-wrap'/'dea-key-wrap' is not available on this architecture")
		return
	}
	o.add("aes-key-wrap", k.AES.OnOff())
	o.add("dea-key-wrap", k.DEA.OnOff())
}

func (b *builder) machineFeatures(o *optionList) {
	f := &b.doc.Features
	o.add("vmport", f.VMPort.OnOff())
	o.add("smm", f.SMM.OnOff())
	if f.GIC != nil && f.GIC.Version != "" {
		choice := b.caps.Arch == "aarch64"
		switch {
		case choice:
			o.add("gic-version", f.GIC.Version)
		case f.GIC.Version != "2":
			b.unsupported("gic-version option is not available with this QEMU binary")
		}
	}
	o.add("kernel_irqchip", map[string]string{"qemu": "split", "kvm": "on"}[f.IOAPIC])
	if h := f.HPT; h != nil {
		o.add("resize-hpt", h.Resizing)
		if h.MaxPageSize > 0 {
			o.add("cap-hpt-max-page-size", strconv.FormatUint(h.MaxPageSize, 10)+"k")
		}
	}
	o.add("cap-htm", f.HTM.OnOff())
	o.add("cap-nested-hv", f.NestedHV.OnOff())
	o.add("cap-ccf-assist", f.CCFAssist.OnOff())
	o.add("cap-cfpc", f.CFPC)
	o.add("cap-sbbc", f.SBBC)
	o.add("cap-ibs", f.IBS)
	o.add("ras", f.RAS.OnOff())
	o.add("i8042", f.PS2.OnOff())
	o.add("aia", f.AIA)
}

func (b *builder) machineMemory(o *optionList) {
	dump := b.doc.Memory.DumpCore
	if !dump.Given() {
		dump = xmltree.TristateOf(b.env.Config.DumpGuestCore)
	}
	o.add("dump-guest-core", dump.OnOff())
	if b.doc.MemoryBacking.NoSharePages {
		o.add("mem-merge", "off")
	}
	nvdimm, sections := false, 0
	for _, m := range b.doc.Devices.Memories {
		switch m.Model {
		case "nvdimm":
			if !nvdimm {
				o.add("nvdimm", "on")
			}
			nvdimm = true
		case "sgx-epc":
			fmt.Fprintf(o, ",sgx-epc.%d.memdev=mem%s,sgx-epc.%d.node=%d", sections, m.Alias, sections, max(targetNode(m), 0))
			sections++
		}
	}
	if m := b.caps.Machine(b.doc.Type, b.doc.OS.Machine); m != nil && len(b.doc.Numa.Cells) == 0 {
		o.add("memory-backend", m.DefaultRAM)
	}
}

// loadParm is what the firmware of a mainframe is told, from the device that boots first.
func (b *builder) loadParm() string {
	if !b.machine.S390() {
		return ""
	}
	for dev := range b.doc.Devices.All() {
		switch dev.(type) {
		case *domain.Disk, *domain.Interface, *domain.Hostdev:
			if i := dev.Info(); b.bootIndex(i) == 1 && i.LoadParm != "" {
				return i.LoadParm
			}
		}
	}
	return ""
}

func (b *builder) accel() {
	o := &optionList{}
	f := &b.doc.Features
	switch b.doc.Type {
	case "qemu":
		o.WriteString("tcg")
		if f.TCG != nil && f.TCG.TBCache > 0 {
			o.add("tb-size", strconv.FormatUint(f.TCG.TBCache>>10, 10))
		}
	case "kvm":
		o.WriteString("kvm")
		if f.KVM != nil && f.KVM.DirtyRing == domain.On {
			o.add("dirty-ring-size", strconv.FormatUint(uint64(f.KVM.DirtyRingSize), 10))
		}
	case "hvf":
		o.WriteString("hvf")
	}
	b.arg("-accel", o.String())
}

func (b *builder) tseg() {
	if t := b.doc.Features.TSEG; t != nil {
		b.arg("-global", fmt.Sprintf("mch.extended-tseg-mbytes=%d", *t>>20))
	}
}

func (b *builder) smp() {
	o := &optionList{}
	maximum, now := b.doc.VCPU.Max(), 0
	for _, v := range b.doc.VCPU.List {
		if v.Online && v.Hotpluggable == domain.No {
			now++
		}
	}
	o.WriteString(strconv.Itoa(now))
	if now != maximum {
		o.add("maxcpus", strconv.Itoa(maximum))
	}
	c := b.doc.CPU
	if c == nil || c.Topology == nil || c.Topology.Sockets == 0 {
		fmt.Fprintf(o, ",sockets=%d,cores=1,threads=1", maximum)
		b.arg("-smp", o.String())
		return
	}
	t := c.Topology
	fmt.Fprintf(o, ",sockets=%d", t.Sockets)
	b.level(o, t.Dies, "dies", "smp-dies", "Only 1 die per socket is supported")
	b.level(o, t.Clusters, "clusters", "smp-clusters", "Only 1 cluster per die is supported")
	fmt.Fprintf(o, ",cores=%d,threads=%d", t.Cores, t.Threads)
	b.arg("-smp", o.String())
}

// level adds a level of the topology that not every QEMU knows.
func (b *builder) level(o *optionList, n uint, name, flag, complaint string) {
	switch known := b.has(flag); {
	case known:
		o.add(name, strconv.FormatUint(uint64(n), 10))
	case n != 1:
		b.fail(virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, "%s", complaint))
	}
}

func (b *builder) ioThreads() {
	for _, t := range b.doc.IOThreads {
		p := props("qom-type", "iothread", "id", ioThreadAlias(t.ID))
		poolProps(p, t.Pool)
		for _, poll := range []struct {
			name string
			v    *uint64
		}{{"poll-max-ns", t.PollMax}, {"poll-grow", t.PollGrow}, {"poll-shrink", t.PollShrink}} {
			if poll.v != nil {
				p.Uint(poll.name, *poll.v)
			}
		}
		b.object(p)
	}
	if b.doc.DefaultIOThread != nil {
		p := props("qom-type", "main-loop", "id", "main-loop")
		poolProps(p, *b.doc.DefaultIOThread)
		b.object(p)
	}
}

func poolProps(p *Props, t domain.ThreadPool) {
	if t.Min >= 0 {
		p.Int("thread-pool-min", int64(t.Min))
	}
	if t.Max >= 0 {
		p.Int("thread-pool-max", int64(t.Max))
	}
}
