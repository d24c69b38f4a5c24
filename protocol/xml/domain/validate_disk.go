package domain

import (
	"slices"
	"strings"

	"virtree.dev/protocol/virerr"
)

const (
	maxVendor      = 8
	maxSCSIProduct = 16
	maxATAProduct  = 40
)

var (
	// authProtocols are the network protocols that know a user.
	authProtocols = []string{"iscsi", "http", "https", "ftp", "ftps", "ssh", "rbd"}
	// secretOf is the kind of secret a protocol takes.
	secretOf = map[string]string{"iscsi": "iscsi", "rbd": "ceph"}
	driveBus = []string{"ide", "fdc", "scsi", "sata"}
)

func (c *check) disk(k *Disk) {
	if k.Target == "" {
		c.diskWithoutTarget(k)
		return
	}
	for s := k.Source; s != nil; s = s.Backing {
		c.image(s)
	}
	c.unsupported(fault{k.SGIO == "unfiltered", "unfiltered sgio is no longer supported"})
	if k.Device == "lun" {
		c.lun(k.Source)
	} else {
		c.unsupported(
			fault{k.Source.Reservations != nil, "<reservations/> allowed only for lun devices"},
			fault{k.RawIO.Given(), "rawio can be used only with device='lun'"},
			fault{k.SGIO != "", "sgio can be used only with device='lun'"},
		)
	}
	c.Keep(CheckThrottle(k.IOTune))
	if t := k.DeviceInfo.Address.Type; t != "" && t != "drive" && slices.Contains(driveBus, k.Bus) {
		c.Unsupported("Invalid address type '%s' for the disk '%s' with the bus type '%s'", t, k.Target, k.Bus)
	}
	if k.Bus != "virtio" {
		c.notVirtioDisk(k)
	}
	if k.Source.Type == "nvme" && k.Source.NVMe.Namespace == 0 {
		c.Unsupported("NVMe namespace can't be zero")
	}
	if k.Source.Type == "vhostuser" {
		c.vhostUserDisk(k)
	}
	for s := k.Source; s != nil; s = s.Backing {
		c.relabels(s.SecLabels)
	}
	c.diskIdentity(k)
	c.diskPlace(k)
	c.diskDriver(k)
	c.throttleFilters(k)
}

func (c *check) diskWithoutTarget(k *Disk) {
	if k.Source.Type == "volume" {
		c.Keep(virerr.New(virerr.FromDomain, virerr.NoTarget, "pool = '%s', volume = '%s'", k.Source.Pool, k.Source.Volume))
		return
	}
	path := k.Source.Path
	if k.Source.Network != nil {
		path = k.Source.Network.Name
	}
	c.noTarget(path)
}

// image checks one image of a chain.
func (c *check) image(s *DiskSource) {
	if net := s.Network; net != nil {
		if net.Protocol == "sheepdog" {
			c.Unsupported("'sheepdog' protocol is no longer supported by any hypervisor driver")
		}
		if s.Auth != nil {
			c.imageAuth(net.Protocol, s.Auth)
		}
	}
	if e := s.Encryption; e != nil && e.Format == "luks" && e.Cipher != nil {
		c.Unsupported("supplying <cipher> for domain disk definition is unnecessary")
	}
	if data := s.Data; data != nil {
		c.unsupported(
			fault{s.Format != "qcow2", "<dataStore> feature available only with qcow2 images"},
			fault{data.Format != "raw", "only 'raw' images supported as <dataStore>"},
		)
		c.wrong(
			fault{
				data.Data != nil || data.Backing != nil,
				"The <source> of <dataStore> can't have another nested <dataStore> or <backingStore> element",
			},
			fault{data.Slice != nil, "slices are not supported for <dataStore>"},
		)
	}
}

func (c *check) imageAuth(protocol string, a *SourceAuth) {
	switch kind := a.Secret.Type; {
	case !slices.Contains(authProtocols, protocol):
		c.Unsupported("authentication is not supported for protocol '%s'", protocol)
	case !slices.Contains(secretUsageTypes, kind):
		c.Unsupported("unknown secret type '%s'", orNull(kind))
	case secretOf[protocol] != "" && secretOf[protocol] != kind:
		c.Unsupported("invalid secret type '%s'", kind)
	}
}

func (c *check) lun(s *DiskSource) {
	switch {
	case s.Type == "network" && s.Network.Protocol != "iscsi":
		c.Unsupported("disk device='lun' is not supported for protocol='%s'", s.Network.Protocol)
	case s.Type != "network" && s.Type != "block" && s.Type != "volume":
		c.Unsupported("disk device='lun' is only valid for block type disk source")
	}
	c.unsupported(
		fault{s.Format != "raw" && s.Format != "", "disk device 'lun' must use 'raw' format"},
		fault{s.Slice != nil, "disk device 'lun' doesn't support storage slice"},
		fault{s.Encryption != nil && s.Encryption.Format != "default", "disk device 'lun' doesn't support encryption"},
	)
}

func (c *check) notVirtioDisk(k *Disk) {
	if k.Model != "" {
		c.Unsupported("disk model '%s' not supported for bus '%s'", k.Model, k.Bus)
	}
	c.unsupported(
		fault{k.Driver.Queues != 0, "queues attribute in disk driver element is only supported for virtio bus"},
		fault{k.Driver.QueueSize != 0, "queue_size attribute in disk driver is only supported for virtio bus"},
		fault{k.Driver.EventIdx.Given(), "disk event_idx mode supported only for virtio bus"},
		fault{k.Driver.IOEventFD.Given(), "disk ioeventfd mode supported only for virtio bus"},
	)
	c.noVirtio(&k.Driver.Virtio)
}

// vhostUserDisk refuses what the other process decides, not the machine.
func (c *check) vhostUserDisk(k *Disk) {
	c.unsupported(
		fault{k.Bus != "virtio", "vhostuser disk supports only virtio bus"},
		fault{k.Snapshot != "no", "only snapshot=no is supported with vhostuser disk"},
	)
	r, s, b := &k.Driver, k.Source, &k.BlockIO
	for _, f := range []fault{
		{r.Cache != "", "cache"}, {r.ErrorPolicy != "" || r.RErrorPolicy != "", "error_policy"}, {r.IO != "", "io"},
		{r.IOEventFD.Given(), "ioeventfd"}, {r.CopyOnRead.Given(), "copy_on_read"}, {r.Discard != "", "discard"},
		{r.IOThread != 0, "iothread"}, {r.DetectZeroes != "", "detect_zeroes"}, {s.MetadataCacheMax != 0, "metadata_cache"},
		{k.IOTuneGroup != "" || len(k.IOTune) > 0, "iotune"}, {s.Backing != nil, "backingStore"},
		{s.Encryption != nil, "encryption"}, {k.ReadOnly, "readonly"}, {k.Shareable, "shareable"},
		{k.Transient, "transient"}, {k.Serial != "", "serial"}, {k.WWN != "", "wwn"}, {k.Vendor != "", "vendor"},
		{k.Product != "", "product"}, {s.Auth != nil, "auth"}, {k.Geometry != nil, "geometry"},
		{b.Logical|b.Physical|b.DiscardGranularity != 0, "blockio"},
	} {
		if f.bad {
			c.Unsupported("%s is not supported with vhostuser disk", f.text)
		}
	}
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

func (c *check) diskIdentity(k *Disk) {
	c.unsupported(fault{k.Tray != "" && k.Device != "floppy" && k.Device != "cdrom", "tray is only valid for cdrom and floppy"})
	product := maxATAProduct
	if k.Bus == "scsi" {
		product = maxSCSIProduct
	}
	for _, w := range []struct {
		name, text string
		limit      int
	}{{"vendor", k.Vendor, maxVendor}, {"product", k.Product, product}} {
		if !printable(w.text) {
			c.XMLError("disk %s is not printable string", w.name)
		}
		if len(w.text) > w.limit {
			c.Unsupported("disk %s is more than %d characters", w.name, w.limit)
		}
	}
}

func (c *check) diskPlace(k *Disk) {
	switch {
	case k.Device == "floppy" && k.Bus != "fdc":
		c.Internal("Invalid bus type '%s' for floppy disk", k.Bus)
	case k.Device != "floppy" && k.Bus == "fdc":
		c.Internal("Invalid bus type '%s' for disk", k.Bus)
	}
	if k.Removable.Given() && k.Bus != "usb" && (k.Bus != "scsi" || k.Device != "disk") {
		c.XMLError("removable is only valid for usb or scsi disks")
	}
	if k.StartupPolicy != "" {
		c.startupPolicy(k)
	}
	if k.WWN != "" && !worldWideName(k.WWN) {
		c.Keep(virerr.New(virerr.FromNone, virerr.InternalError, "Malformed wwn: %s", k.WWN))
	}
	hard := slices.ContainsFunc(diskPrefixes, func(x struct{ prefix, bus string }) bool {
		return strings.HasPrefix(k.Target, x.prefix)
	})
	switch {
	case (k.Device == "disk" || k.Device == "lun") && !hard:
		c.Internal("Invalid harddisk device name: %s", k.Target)
	case k.Device == "floppy" && !strings.HasPrefix(k.Target, "fd"):
		c.Internal("Invalid floppy device name: %s", k.Target)
	case k.Device == "disk" && k.Source.Empty():
		c.NoSource(k.Target)
	}
}

func (c *check) startupPolicy(k *Disk) {
	switch {
	case !slices.Contains([]string{"file", "block", "dir", "volume"}, k.Source.Type):
		c.XMLError("disk startupPolicy '%s' is not allowed for disk of '%s' type", k.StartupPolicy, k.Source.Type)
	case k.Device != "cdrom" && k.Device != "floppy" && k.StartupPolicy == "requisite":
		c.XMLError("disk startupPolicy 'requisite' is allowed only for cdrom or floppy")
	}
}

func (c *check) diskDriver(k *Disk) {
	if k.Driver.DiscardNoUnref == On {
		c.unsupported(
			fault{k.Source.Format != "qcow2", "'discard_no_unref' only works with qcow2 disk format"},
			fault{k.ReadOnly, "'discard_no_unref' is not compatible with read-only disk"},
		)
	}
	c.wrong(fault{
		k.Driver.IOThread != 0 && len(k.Driver.IOThreads) > 0,
		"disk driver 'iothread' attribute can't be used together with 'iothreads' subelement",
	})
}

func (c *check) throttleFilters(k *Disk) {
	if len(k.ThrottleNames) == 0 {
		return
	}
	refuse := func(format string, args ...any) {
		c.Keep(virerr.New(virerr.FromDomain, virerr.OperationUnsupported, format, args...))
	}
	if k.IOTuneGroup != "" || len(k.IOTune) > 0 {
		refuse("block 'throttlefilters' can't be used together with 'iotune' for disk '%s'", k.Target)
	}
	if k.Device == "cdrom" {
		refuse("cdrom device with throttle filters isn't supported")
	}
	for _, name := range k.ThrottleNames {
		if !slices.ContainsFunc(c.d.ThrottleGroups, func(g ThrottleGroup) bool { return g.Name == name }) {
			c.XMLError("throttle group '%s' not found", name)
		}
	}
}
