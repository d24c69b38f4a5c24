package command

import (
	"fmt"
	"strings"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/domain"
)

// cpu is left out when QEMU's default will do.
func (b *builder) cpu() {
	model := ""
	switch c := b.doc.CPU; {
	case c != nil && (c.Mode != "custom" || c.Model != ""):
		model = b.cpuModel(c)
	case b.doc.OS.Arch == "i686" && (strings.Contains(b.doc.Devices.Emulator, "kvm") ||
		strings.Contains(b.doc.Devices.Emulator, "x86_64")):
		model = "qemu32"
	}
	flags := b.cpuTimers() + b.cpuParavirt() + b.hyperv() + b.kvmFlags()
	if pmu := b.doc.Features.PMU; pmu.Given() && !b.machine.PPC64() {
		flags += ",pmu=" + pmu.OnOff()
	}
	if c := b.doc.CPU; c != nil {
		flags += cpuCache(c) + cpuAddress(c.PhysAddr)
	}
	if model == "" && flags != "" {
		model = b.standardCPU()
	}
	if model != "" {
		b.arg("-cpu", model+flags)
	}
}

// standardCPU names the model that options are for when the document has none.
func (b *builder) standardCPU() string {
	switch b.doc.OS.Arch {
	case "i686":
		return "qemu32"
	case "x86_64":
		return "qemu64"
	}
	b.unsupported("CPU flags requested but can't determine default CPU for arch %s", b.doc.OS.Arch)
	return ""
}

// cpuModel is the model with its features.
func (b *builder) cpuModel(c *cpu.CPU) string {
	text := c.Model
	switch c.Mode {
	case "host-passthrough":
		text = "host" + b.cpuOfHost(c)
	case "maximum":
		text = "max" + b.cpuOfHost(c)
	case "host-model": // anywhere else it is a model with features by now
		if text = "host"; !b.machine.PPC64() {
			b.internal("unexpected host-model CPU for %s architecture", b.doc.OS.Arch)
		}
	}
	if len(c.Features) > 0 && (b.machine.S390() || b.machine.ARM()) && !b.caps.Has("query-cpu-model-expansion") {
		b.internal("CPU features not supported by hypervisor for %s architecture", b.doc.OS.Arch)
	}
	if c.VendorID != "" {
		text += ",vendor=" + c.VendorID
	}
	known := b.knownFeatures()
	for _, f := range c.Features {
		name := caps.FeatureToQEMU(b.doc.OS.Arch, f.Name)
		switch f.Policy {
		case "force", "require":
			text += "," + name + "=on"
		case "disable", "forbid":
			if known == nil || known[name] { // what QEMU does not know is off
				text += "," + name + "=off"
			}
		}
	}
	return text
}

func (b *builder) cpuOfHost(c *cpu.CPU) string {
	text := ""
	if b.doc.OS.Arch == "armv7l" && b.caps.Arch == "aarch64" {
		text = ",aarch64=off"
	}
	if c.Migratable.Given() && b.caps.Has("cpu.migratable") {
		text += ",migratable=" + c.Migratable.OnOff()
	}
	return text
}

// knownFeatures are the features QEMU has by its own names; nil when it cannot tell.
func (b *builder) knownFeatures() map[string]bool {
	a := b.caps.Accels[b.doc.Type]
	if a == nil || a.Host == nil || !b.machine.X86() {
		return nil
	}
	known := map[string]bool{}
	for _, p := range a.Host.Properties {
		known[p.Name] = true
	}
	return known
}

// cpuTimers are the clocks that come with the processor.
func (b *builder) cpuTimers() string {
	text := ""
	for _, t := range b.doc.Clock.Timers {
		switch {
		case t.Name == "kvmclock" && t.Present.Given():
			text += ",kvmclock=" + t.Present.OnOff()
		case t.Name == "hypervclock" && t.Present == domain.Yes:
			text += ",hv-time=on"
		case t.Name == "tsc" && t.Frequency > 0:
			text += fmt.Sprintf(",tsc-frequency=%d", t.Frequency)
		case t.Name == "armvtimer" && t.TickPolicy == "delay":
			text += ",kvm-no-adjvtime=off"
		case t.Name == "armvtimer" && t.TickPolicy == "discard":
			text += ",kvm-no-adjvtime=on"
		}
	}
	return text
}

func (b *builder) cpuParavirt() string {
	text, f := "", &b.doc.Features
	if f.APICEOI.Given() {
		text += ",kvm-pv-eoi=" + f.APICEOI.OnOff()
	}
	if f.PVSpinlock.Given() {
		text += ",kvm-pv-unhalt=" + f.PVSpinlock.OnOff()
	}
	return text
}

// cpuCache tells how caches show in the guest.
func cpuCache(c *cpu.CPU) string {
	if c.Cache == nil {
		return ""
	}
	hostOff := ""
	if c.Mode == "host-passthrough" || c.Mode == "maximum" {
		hostOff = ",host-cache-info=off"
	}
	switch c.Cache.Mode {
	case "emulate":
		return ",l3-cache=on" + hostOff
	case "passthrough":
		return ",host-cache-info=on,l3-cache=off"
	case "disable":
		return hostOff + ",l3-cache=off"
	}
	return ""
}

// cpuAddress tells how wide physical addresses are.
func cpuAddress(a *cpu.PhysAddr) string {
	switch {
	case a == nil:
		return ""
	case a.Mode == "passthrough" && a.Limit > 0:
		return fmt.Sprintf(",host-phys-bits=on,host-phys-bits-limit=%d", a.Limit)
	case a.Mode == "passthrough":
		return ",host-phys-bits=on"
	case a.Bits > 0:
		return fmt.Sprintf(",phys-bits=%d", a.Bits)
	}
	return ",host-phys-bits=off"
}
