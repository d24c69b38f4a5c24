package domain

import (
	"strings"

	"virtree.dev/protocol/virerr"
)

// fault is something that must not be, and what libvirt says of it.
type fault struct {
	bad  bool
	text string
}

func (c *check) unsupported(faults ...fault) {
	for _, f := range faults {
		if f.bad {
			c.Unsupported("%s", f.text)
			return
		}
	}
}

func (c *check) wrong(faults ...fault) {
	for _, f := range faults {
		if f.bad {
			c.XMLError("%s", f.text)
			return
		}
	}
}

// Validate refuses a finished document that no hypervisor could run.
func (d *Domain) Validate() error {
	if err := d.ValidateDevices(nil); err != nil {
		return err
	}
	return d.ValidateCore()
}

// ValidateDevices refuses devices that cannot be, each by what holds for all hypervisors and then by the
// driver, which may be nil. The driver sees every Device, and displays and audio backends, which are none.
func (d *Domain) ValidateDevices(driver func(dev any) error) error {
	if driver == nil {
		driver = func(any) error { return nil }
	}
	for dev := range d.Devices.All() {
		if err := d.ValidateDevice(dev); err != nil {
			return err
		}
		if err := driver(dev); err != nil {
			return err
		}
	}
	c := &check{d: d}
	for _, g := range d.Devices.Graphics {
		if c.graphics(g); c.OK() {
			c.Keep(driver(g))
		}
	}
	for _, a := range d.Devices.Audios {
		if c.audio(a); c.OK() {
			c.Keep(driver(a))
		}
	}
	return c.Err()
}

// ValidateDevice refuses one device, of the domain or about to be, that no hypervisor could have.
func (d *Domain) ValidateDevice(dev Device) error {
	c := &check{d: d}
	if _, ok := dev.(*Hostdev); !ok && dev.Info().Address.Type == "unassigned" {
		c.Unsupported("address of type 'unassigned' is supported only for hostdevs")
	}
	switch v := dev.(type) {
	case *Disk:
		c.disk(v)
	case *Redirdev:
		if !d.hasUSB() {
			c.Unsupported("cannot add redirected USB device: USB is disabled for this domain")
		}
		c.chardevSource(&v.Source, nil)
	case *Interface:
		c.netInterface(v)
	case *Controller:
		c.controller(v)
	case *Chardev:
		c.chardevSource(&v.Source, v)
	case *Smartcard:
		c.smartcard(v)
	case *RNG:
		if v.Source != nil {
			c.chardevSource(v.Source, nil)
		}
	case *Hostdev:
		c.hostdev(v)
	case *Video:
		c.video(v)
	case *MemoryDevice:
		c.memoryDevice(v)
	case *Input:
		c.input(v)
	case *Filesystem:
		c.filesystem(v)
	case *Sound:
		c.audioID(v.AudioID)
	default:
		c.smallDevice(dev)
	}
	return c.Err()
}

func (c *check) smallDevice(dev Device) {
	switch v := dev.(type) {
	case *VSock:
		c.unsupported(fault{v.CID > 0 && v.CID <= 2, "guest CIDs must be >= 3"})
		if v.Model == "" {
			c.noVirtio(&v.Virtio)
		}
	case *Shmem:
		c.unsupported(
			fault{strings.Contains(v.Name, "/"), "shmem name cannot include '/' character"},
			fault{v.Name == ".", "shmem name cannot be equal to '.'"},
			fault{v.Name == "..", "shmem name cannot be equal to '..'"},
		)
	case *IOMMU:
		c.iommu(v)
	case *TPM:
		c.tpm(v)
	case *PStore:
		c.wrong(
			fault{v.Path == "", "missing path for ACPI ERST pstore device"},
			fault{v.Size < 4 || v.Size&(v.Size-1) != 0, "invalid size of ACPI ERST pstore device"},
		)
	}
}

func (d *Domain) hasUSB() bool {
	for _, c := range d.Devices.Controllers {
		if c.Type == "usb" && c.Model != "none" {
			return true
		}
	}
	return false
}

// noVirtio refuses virtio's options on what is not virtio.
func (c *check) noVirtio(v *VirtioOptions) {
	c.unsupported(
		fault{v.IOMMU.Given(), "iommu driver option is only supported for virtio devices"},
		fault{v.ATS.Given(), "ats driver option is only supported for virtio devices"},
		fault{v.Packed.Given(), "packed driver option is only supported for virtio devices"},
		fault{v.PagePerVQ.Given(), "page_per_vq option is only supported for virtio devices"},
	)
}

// noTarget raises VIR_ERR_NO_TARGET for a source, which may be unknown.
func (c *check) noTarget(source string) {
	if source == "" {
		c.Keep(virerr.New(virerr.FromDomain, virerr.NoTarget, ""))
		return
	}
	c.Keep(virerr.New(virerr.FromDomain, virerr.NoTarget, "%s", source))
}

// relabels refuses labels of a device where the domain is not to be labelled.
func (c *check) relabels(labels []DeviceSecLabel) {
	for _, l := range labels {
		for i := range c.d.SecLabels {
			if s := &c.d.SecLabels[i]; s.Model == l.Model && s.Relabel == No {
				c.Unsupported("label overrides require relabeling to be enabled at the domain level")
			}
		}
	}
}

func (c *check) iommu(i *IOMMU) {
	extra := i.IntRemap.Given() || i.CachingMode.Given() || i.EIM.Given() || i.IOTLB.Given() || i.AWBits != 0 ||
		i.DMATranslation.Given()
	if extra && i.Model != "intel" {
		c.XMLError("iommu model '%s' doesn't support additional attributes", i.Model)
	}
	if i.Model != "virtio" && i.DeviceInfo.Address.Type != "" {
		c.XMLError("iommu model '%s' can't have address", i.Model)
	}
}

func (c *check) tpm(t *TPM) {
	switch t.Backend {
	case "emulator":
		c.wrong(
			fault{len(t.PCRBanks) > 0 && t.Version != "2.0", "<active_pcr_banks/> requires TPM version '2.0'"},
			fault{t.Profile != nil && t.Profile.Source != "" && t.Version != "2.0", "<profile/> requires TPM version '2.0'"},
		)
	case "external":
		s := t.Socket
		if s == nil {
			s = &ChardevSource{}
		}
		c.wrong(
			fault{s.Type != "unix", "only source type 'unix' is supported for external TPM device"},
			fault{s.Listen, "only 'connect' mode is supported for external TPM device"},
			fault{s.Path == "", "missing socket path for external TPM device"},
		)
	}
}

func (c *check) smartcard(s *Smartcard) {
	if t := s.DeviceInfo.Address.Type; t != "" && t != "ccid" {
		c.Unsupported("Controllers must use the 'ccid' address type")
	}
	if s.Mode == "passthrough" {
		c.chardevSource(s.Source, nil)
	}
}

func (c *check) filesystem(f *Filesystem) {
	if f.Target == "" {
		source := f.Source
		if source == "" {
			source = f.Socket
		}
		c.noTarget(source)
		return
	}
	if f.DeviceInfo.Boot != 0 && f.Driver.Type != "virtiofs" {
		c.Unsupported("boot order is only supported for virtiofs")
	}
	for _, o := range c.d.Devices.Filesystems {
		if o != f && o.Driver.Type == "virtiofs" && o.Target == f.Target {
			c.Unsupported("filesystem target '%s' specified twice", f.Target)
		}
	}
}
