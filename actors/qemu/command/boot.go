package command

import (
	"fmt"
	"strings"
	"time"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/protocol/xml/domain"
)

func (b *builder) has(flag string) bool { return b.caps.Has(caps.Flag(flag)) }

// loader names firmware in memory, and protects the one in flash.
func (b *builder) loader() {
	l := b.doc.OS.Loader
	switch {
	case l == nil:
	case l.Type == "rom":
		b.arg("-bios", l.Path)
	case l.Type == "pflash" && l.Secure == domain.Yes:
		b.arg("-global", "driver=cfi.pflash01,property=secure,value=on")
	}
}

// flashed says whether the firmware is in flash, with UEFI's variables beside it.
func (b *builder) flashed() bool {
	l := b.doc.OS.Loader
	return l != nil && l.Type == "pflash"
}

// flashImages are the firmware and its variables as images.
func (b *builder) flashImages() []*image {
	l := b.doc.OS.Loader
	if !b.flashed() {
		return nil
	}
	code := &domain.DiskSource{Type: "file", Path: l.Path, Format: l.Format}
	if code.Format == "" {
		code.Format = "raw"
	}
	images := []*image{b.flashImage(code, 0, l.Readonly == domain.Yes)}
	if n := l.NVRAM; n != nil {
		vars := n.Source
		if vars == nil {
			vars = &domain.DiskSource{Type: "file", Path: n.Path}
		}
		copied := *vars
		if copied.Format = n.Format; copied.Format == "" {
			copied.Format = "raw"
		}
		images = append(images, b.flashImage(&copied, 1, false))
	}
	return images
}

func (b *builder) flashImage(s *domain.DiskSource, n int, readOnly bool) *image {
	ended := *s
	ended.Backing = &domain.DiskSource{Type: "none"} // nothing is looked for in the image
	i := &image{DiskSource: &ended, readOnly: readOnly, top: true}
	name := fmt.Sprintf("libvirt-pflash%d", n)
	b.layers(i, name)
	if n == 0 {
		i.format = name + "-format" // the firmware's node has always been this one
	}
	return i
}

func (b *builder) pflash() {
	for _, i := range b.flashImages() {
		b.blockdevs(i, nil)
	}
}

func (b *builder) machineFlash(o *optionList) {
	for n, i := range b.flashImages() {
		o.add(fmt.Sprintf("pflash%d", n), i.node())
	}
}

// acpiSignatures are the tables that QEMU is to make a header for.
var acpiSignatures = map[string]string{"slic": "SLIC", "msdm": "MSDM"}

func (b *builder) boot() {
	os := &b.doc.OS
	var parts []string
	if os.BootMenu.Given() {
		parts = append(parts, "menu="+os.BootMenu.OnOff())
	}
	if os.BIOSRebootTimeout != nil {
		parts = append(parts, fmt.Sprintf("reboot-timeout=%d", *os.BIOSRebootTimeout))
	}
	if os.BootMenuTimeout != nil {
		parts = append(parts, fmt.Sprintf("splash-time=%d", *os.BootMenuTimeout))
	}
	b.arg("-boot", strings.Join(append(parts, "strict=on"), ","))
	for _, f := range []struct{ option, value string }{
		{"-kernel", os.Kernel}, {"-initrd", os.Initrd}, {"-append", os.Cmdline}, {"-shim", os.Shim}, {"-dtb", os.DTB},
	} {
		if f.value != "" {
			b.arg(f.option, f.value)
		}
	}
	for _, t := range os.ACPITables {
		text := "file=" + escape(t.Path)
		if sig := acpiSignatures[t.Type]; sig != "" {
			text = "sig=" + sig + "," + text
		}
		b.arg("-acpitable", text)
	}
}

const clockLayout = "2006-01-02T15:04:05"

func (b *builder) clock() {
	c := &b.doc.Clock
	b.arg("-rtc", b.clockBase()+b.clockTrack())
	if c.Offset == "timezone" && c.Timezone != "" {
		b.setenv("TZ", c.Timezone)
	}
	for i := range c.Timers {
		b.timer(&c.Timers[i])
	}
}

func (b *builder) clockBase() string {
	c := &b.doc.Clock
	switch c.Offset {
	case "localtime", "timezone":
		return "base=localtime"
	case "variable":
		now := b.now()
		adjustment := c.Adjustment
		if c.Basis == "localtime" {
			_, offset := now.Zone()
			adjustment += int64(offset)
		}
		return "base=" + now.UTC().Add(time.Duration(adjustment)*time.Second).Format(clockLayout)
	case "absolute":
		return "base=" + time.Unix(int64(c.Start), 0).UTC().Format(clockLayout)
	}
	return "base=utc"
}

func (b *builder) now() time.Time {
	if b.env.Now != nil {
		return b.env.Now()
	}
	return time.Now()
}

func (b *builder) clockTrack() string {
	t := b.doc.Clock.Timer("rtc")
	if t == nil {
		return ""
	}
	text := ""
	if kind := map[string]string{"guest": "vm", "wall": "host", "realtime": "rt"}[t.Track]; kind != "" {
		text = ",clock=" + kind
	}
	if t.TickPolicy == "catchup" {
		text += ",driftfix=slew"
	}
	return text
}

func (b *builder) timer(t *domain.Timer) {
	switch {
	case t.Name == "pit" && t.TickPolicy != "catchup" && b.caps.Has("kvm-pit-lost-tick-policy"):
		policy := t.TickPolicy
		if policy == "" {
			policy = "delay"
		}
		b.arg("-global", "kvm-pit.lost_tick_policy="+policy)
	case t.Name == "hpet" && t.Present == domain.No && !b.has("machine-hpet") && b.machine.X86():
		b.arg("-no-hpet")
	}
}

func (b *builder) powerManagement() {
	b.arg("-no-shutdown")
	m := b.caps.Machine(b.doc.Type, b.doc.OS.Machine)
	old := m == nil || !m.ACPI.Given()
	if old && (b.machine.X86() || b.doc.OS.Arch == "aarch64") && b.doc.Features.ACPI != domain.On {
		b.arg("-no-acpi")
	}
	chip := "PIIX4_PM"
	if b.machine.Q35() {
		chip = "ICH9-LPC"
	}
	for _, s := range []struct {
		name string
		v    domain.Tristate
	}{{"s3", b.doc.PM.SuspendToMem}, {"s4", b.doc.PM.SuspendToDisk}} {
		if !s.v.Given() {
			continue
		}
		disabled := 0
		if s.v == domain.No {
			disabled = 1
		}
		b.arg("-global", fmt.Sprintf("%s.disable_%s=%d", chip, s.name, disabled))
	}
}

func (b *builder) iommu() {
	i := b.doc.Devices.IOMMU
	if i == nil {
		return
	}
	switch i.Model {
	case "intel":
		p := props("driver", "intel-iommu", "id", i.Alias)
		p.OnOff("intremap", i.IntRemap).Switch("caching-mode", i.CachingMode).OnOff("eim", i.EIM)
		p.Switch("device-iotlb", i.IOTLB).OptUint("aw-bits", uint64(i.AWBits)).Switch("dma-translation", i.DMATranslation)
		b.device(p)
	case "virtio":
		p := props("driver", "virtio-iommu", "id", i.Alias)
		b.addressProps(p, &i.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) globalControllers() {
	for _, c := range b.doc.Devices.Controllers {
		if c.Type != "pci" || c.PCI.Hole64 == nil {
			continue
		}
		host := map[string]string{"pci-root": "i440FX-pcihost", "pcie-root": "q35-pcihost"}[c.Model]
		if host == "" {
			b.internal("64-bit PCI hole setting is only for root PCI controllers")
			return
		}
		b.arg("-global", fmt.Sprintf("%s.pci-hole64-size=%dK", host, *c.PCI.Hole64))
	}
}
