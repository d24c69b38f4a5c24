package command

import (
	"fmt"

	"virtree.dev/protocol/xml/domain"
)

// Devices of which a step is a few lines.

func (b *builder) memballoon() {
	m := b.doc.Devices.Memballoon
	if m == nil || m.Model == "none" {
		return
	}
	p := b.virtioDevice("virtio-balloon", m.Model, &m.DeviceInfo, &m.Virtio)
	p.Str("id", m.Alias).Switch("deflate-on-oom", m.AutoDeflate).Switch("free-page-reporting", m.FreePageReporting)
	b.addressProps(p, &m.DeviceInfo)
	b.zpci(&m.DeviceInfo)
	b.device(p)
}

// defaultRNGPeriod is what a rate without a period is about, in milliseconds.
const defaultRNGPeriod = 1000

func (b *builder) rngs() {
	for _, r := range b.doc.Devices.RNGs {
		object := props("qom-type", "rng-"+r.Backend, "id", "obj"+r.Alias)
		switch r.Backend {
		case "random":
			object.Str("filename", r.File)
		case "egd":
			b.deviceChardev(r.Source, r.Alias)
			object.Str("chardev", "char"+r.Alias)
		}
		b.object(object)
		b.zpci(&r.DeviceInfo)
		p := b.virtioDevice("virtio-rng", r.Model, &r.DeviceInfo, &r.Virtio).Str("rng", "obj"+r.Alias).Str("id", r.Alias)
		if r.Rate > 0 {
			period := r.Period
			if period == 0 {
				period = defaultRNGPeriod
			}
			p.Uint("max-bytes", uint64(r.Rate)).Uint("period", uint64(period))
		}
		b.addressProps(p, &r.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) watchdogs() {
	all := b.doc.Devices.Watchdogs
	if len(all) == 0 {
		return
	}
	chipset := false
	for _, w := range all {
		if w.Model == "itco" {
			chipset = true
			continue
		}
		b.zpci(&w.DeviceInfo)
		p := props("driver", w.Model, "id", w.Alias)
		b.addressProps(p, &w.DeviceInfo)
		b.device(p)
	}
	if chipset {
		b.arg("-global", "ICH9-LPC.noreboot=off")
	}
	action := all[len(all)-1].Action
	if action == "dump" {
		action = "pause" // the dump is made while the guest stands still
	}
	b.arg("-watchdog-action", action)
}

func (b *builder) panics() {
	for _, d := range b.doc.Devices.Panics {
		switch d.Model {
		case "isa":
			p := props("driver", "pvpanic")
			if d.Address.Type == "isa" {
				p.Uint("ioport", uint64(d.Address.ISA.IOBase))
			}
			b.device(p)
		case "pvpanic":
			p := props("driver", "pvpanic-pci")
			b.addressProps(p, &d.DeviceInfo)
			b.device(p)
		}
	}
}

func (b *builder) vsock() {
	v := b.doc.Devices.VSock
	if v == nil {
		return
	}
	fd := b.passNumber(Pass{Kind: "vsock", Alias: v.Alias}) // the guest may get its number by that
	p := b.virtioDevice("vhost-vsock", v.Model, &v.DeviceInfo, &v.Virtio)
	p.Str("id", v.Alias).Uint("guest-cid", uint64(v.CID)).Str("vhostfd", fd)
	b.addressProps(p, &v.DeviceInfo)
	b.zpci(&v.DeviceInfo)
	b.device(p)
}

func (b *builder) cryptos() {
	for _, c := range b.doc.Devices.Cryptos {
		object := props("qom-type", "cryptodev-backend-"+c.Backend, "id", "obj"+c.Alias)
		b.object(object.OptUint("queues", uint64(c.Queues)))
		b.zpci(&c.DeviceInfo)
		p := b.virtioDevice("virtio-crypto", c.Model, &c.DeviceInfo, &c.Virtio)
		p.Str("cryptodev", "obj"+c.Alias).Str("id", c.Alias)
		b.addressProps(p, &c.DeviceInfo)
		b.device(p)
	}
}

func (b *builder) pstore() {
	s := b.doc.Devices.PStore
	if s == nil {
		return
	}
	memory := "mem" + s.Alias
	b.object(props("qom-type", "memory-backend-file", "id", memory, "mem-path", s.Path).
		Uint("size", s.Size*1024).Bool("share", true))
	p := props("driver", "acpi-erst", "id", s.Alias, "memdev", memory)
	b.addressProps(p, &s.DeviceInfo)
	b.device(p)
}

func (b *builder) shmems() {
	for _, s := range b.doc.Devices.Shmems {
		if s.Address.Type != "pci" {
			b.unsupported("only 'pci' addresses are supported for the shared memory device")
			return
		}
		b.shmem(s)
	}
}

func (b *builder) shmem(s *domain.Shmem) {
	memory := "shmmem-" + s.Alias
	if s.Model == "ivshmem-plain" {
		b.object(props("qom-type", "memory-backend-file", "id", memory, "mem-path", "/dev/shm/"+s.Name).
			Uint("size", s.Size).Bool("share", true))
	}
	p := props("driver", s.Model, "id", s.Alias)
	if s.Server {
		p.Str("chardev", "char"+s.Alias)
	} else {
		p.Str("memdev", memory)
		p.OptStr("master", map[string]string{"master": "on", "peer": "off"}[s.Role])
	}
	p.OptUint("vectors", uint64(s.MSIVectors)).Switch("ioeventfd", s.MSIIOEventFD)
	b.addressProps(p, &s.DeviceInfo)
	b.zpci(&s.DeviceInfo)
	b.device(p)
	if s.Server {
		path := s.ServerPath
		if path == "" {
			path = fmt.Sprintf("/var/lib/libvirt/shmem-%s-sock", s.Name)
		}
		b.deviceChardev(&domain.ChardevSource{Type: "unix", Path: path}, s.Alias)
	}
}

func (b *builder) nvram() {
	if n := b.doc.Devices.NVRAM; n != nil && n.Address.SpaprVIO.Reg != nil {
		b.arg("-global", fmt.Sprintf("spapr-nvram.reg=0x%x", *n.Address.SpaprVIO.Reg))
	}
}

func (b *builder) vmCoreInfo() {
	if b.doc.Features.VMCoreInfo == domain.On {
		b.device(props("driver", "vmcoreinfo"))
	}
}

func (b *builder) launchSecurity() {
	s := b.doc.LaunchSecurity
	if s == nil {
		return
	}
	switch s.Type {
	case "sev":
		p := b.sevProps("sev-guest", s).Uint("policy", s.Policy)
		if s.DHCert != "" {
			p.Str("dh-cert-file", b.env.LibDir+"/dh_cert.base64")
		}
		if s.Session != "" {
			p.Str("session-file", b.env.LibDir+"/session.base64")
		}
		b.object(p.Switch("kernel-hashes", s.KernelHashes))
	case "sev-snp":
		p := b.sevProps("sev-snp-guest", s).Switch("kernel-hashes", s.KernelHashes).Uint("policy", s.Policy)
		p.OptStr("guest-visible-workarounds", s.GuestVisibleWorkarounds).OptStr("id-block", s.IDBlock)
		p.OptStr("id-auth", s.IDAuth).OptStr("host-data", s.HostData).Switch("author-key-enabled", s.AuthorKey)
		if s.VCEK.Given() {
			p.Bool("vcek-disabled", s.VCEK == domain.No)
		}
		b.object(p)
	case "s390-pv":
		b.object(props("qom-type", "s390-pv-guest", "id", "lsec0"))
	}
}

// sevProps begins with what the processor says where the document does not.
func (b *builder) sevProps(kind string, s *domain.LaunchSecurity) *Props {
	var bit, reduced uint
	if c := b.caps.SEV; c != nil {
		bit, reduced = c.CBitPos, c.ReducedBits
	}
	if s.CBitPos != nil {
		bit = *s.CBitPos
	}
	if s.ReducedPhysBits != nil {
		reduced = *s.ReducedPhysBits
	}
	return props("qom-type", kind, "id", "lsec0").Uint("cbitpos", uint64(bit)).Uint("reduced-phys-bits", uint64(reduced))
}
