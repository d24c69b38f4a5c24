package domain

import (
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	diskDevices       = []string{"disk", "cdrom", "floppy", "lun"}
	virtioModels      = []string{"default", "virtio", "virtio-transitional", "virtio-non-transitional"}
	snapshotModes     = []string{"no", "internal", "external", "manual"}
	sgioModes         = []string{"filtered", "unfiltered"}
	startupPolicies   = []string{"mandatory", "requisite", "optional"}
	diskBuses         = []string{"ide", "fdc", "scsi", "virtio", "xen", "usb", "uml", "sata", "sd"}
	trayStates        = []string{"closed", "open"}
	geometries        = []string{"none", "auto", "lba"}
	diskCaches        = []string{"default", "none", "writethrough", "writeback", "directsync", "unsafe"}
	diskErrorPolicies = []string{"stop", "report", "ignore", "enospace"}
	diskIOModes       = []string{"native", "threads", "io_uring"}
	diskDiscards      = []string{"unmap", "ignore"}
	diskDetectZeroes  = []string{"off", "on", "unmap"}
	mirrorJobs        = []string{"copy", "active-commit"}
	mirrorReadyStates = []string{"none", "yes", "abort", "pivot"}
)

// unset drops the word that stands for not given.
func unset(v, word string) string {
	if v == word {
		return ""
	}
	return v
}

func (p *parser) disk(n *xmltree.Node) *Disk {
	d := &Disk{Device: "disk", Source: p.diskSource(n)}
	if v := p.Enum(n, "device", diskDevices, xmltree.Optional); v != "" {
		d.Device = v
	}
	d.Model = unset(p.Enum(n, "model", virtioModels, xmltree.Optional), "default")
	d.Snapshot = p.Enum(n, "snapshot", snapshotModes, xmltree.Optional)
	d.RawIO = p.YesNo(n, "rawio")
	d.SGIO = p.Enum(n, "sgio", sgioModes, xmltree.Optional)
	d.StartupPolicy = p.Enum(n.Child("source"), "startupPolicy", startupPolicies, xmltree.Optional)
	if d.Source.shapeless() && d.StartupPolicy == "" {
		d.Source.Type = "file" // as the next one who reads it would have it
	}
	p.diskTarget(n.Child("target"), d)
	p.diskShape(n, d)
	p.diskDriver(n.Child("driver"), d)
	if m := n.Child("mirror"); m != nil && !p.opts.Inactive {
		d.Mirror = p.diskMirror(m)
	}
	p.diskSecrets(n, d)
	d.ReadOnly, d.Shareable = n.Child("readonly") != nil, n.Child("shareable") != nil
	if t := n.Child("transient"); t != nil {
		d.Transient, d.ShareBacking = true, p.YesNo(t, "shareBacking")
	}
	p.ioTune(n, d)
	d.BackendDomain = n.Child("backenddomain").Get("name")
	d.Serial, d.WWN = n.ChildText("serial"), n.ChildText("wwn")
	d.Vendor, d.Product = n.ChildText("vendor"), n.ChildText("product")
	p.info(n, &d.DeviceInfo, withBoot)
	if p.opts.Status {
		d.Private = n.Child("privateData").Detach()
	}
	return d
}

func (p *parser) diskSource(n *xmltree.Node) *DiskSource {
	s := &DiskSource{Type: "file"}
	kind := p.Enum(n, "type", sourceTypes, xmltree.Optional)
	if c := n.Child("source"); c != nil {
		if kind != "" {
			s.Type = kind
		}
		p.source(c, s)
		index := p.liveIndex(c)
		s.Index = uint(p.number(index, 32, func() { p.XMLError("invalid disk index '%s'", index) }))
	}
	if a := n.Child("auth"); a != nil {
		if s.Auth != nil {
			p.Unsupported("an <auth> definition already found for disk source")
		}
		s.Auth = p.sourceAuth(a)
	}
	if e := n.Child("encryption"); e != nil {
		if s.Encryption != nil {
			p.Unsupported("an <encryption> definition already found for disk source")
		}
		s.Encryption = p.encryption(e)
	}
	if p.OK() {
		p.backing(n, s)
	}
	return s
}

// diskSecrets notes where the secrets stood; a status document says it in words of its own.
func (p *parser) diskSecrets(n *xmltree.Node, d *Disk) {
	d.AuthInDisk, d.EncryptionInDisk = n.Child("auth") != nil, n.Child("encryption") != nil
	if s := n.Child("diskSecretsPlacement"); s != nil && p.opts.Status {
		d.AuthInDisk, d.EncryptionInDisk = s.Has("auth"), s.Has("enc")
	}
}

func (p *parser) diskTarget(n *xmltree.Node, d *Disk) {
	if n == nil {
		return
	}
	d.Target = n.Get("dev")
	d.Bus = p.Enum(n, "bus", diskBuses, xmltree.Optional)
	d.Tray = unset(p.Enum(n, "tray", trayStates, xmltree.Optional), "closed")
	d.Removable = p.OnOff(n, "removable")
	d.RotationRate, _ = p.Uint(n, "rotation_rate", 10, xmltree.Optional)
}

func (p *parser) diskShape(n *xmltree.Node, d *Disk) {
	if g := n.Child("geometry"); g != nil {
		d.Geometry = &Geometry{Translation: p.Enum(g, "trans", geometries, xmltree.Optional)}
		d.Geometry.Cylinders, _ = p.Uint(g, "cyls", 10, xmltree.Optional)
		d.Geometry.Heads, _ = p.Uint(g, "heads", 10, xmltree.Optional)
		d.Geometry.Sectors, _ = p.Uint(g, "secs", 10, xmltree.Optional)
	}
	if b := n.Child("blockio"); b != nil {
		d.BlockIO.Logical, _ = p.Uint(b, "logical_block_size", 10, xmltree.Optional)
		d.BlockIO.Physical, _ = p.Uint(b, "physical_block_size", 10, xmltree.Optional)
		d.BlockIO.DiscardGranularity, _ = p.Uint(b, "discard_granularity", 10, xmltree.Optional)
	}
}

func (p *parser) diskDriver(n *xmltree.Node, d *Disk) {
	if n == nil {
		return
	}
	r := &d.Driver
	p.virtio(n, &r.Virtio)
	r.Name = n.Get("name")
	r.Cache = unset(p.Enum(n, "cache", diskCaches, xmltree.Optional), "default")
	r.ErrorPolicy = p.Enum(n, "error_policy", diskErrorPolicies, xmltree.Optional)
	if r.RErrorPolicy = p.Enum(n, "rerror_policy", diskErrorPolicies, xmltree.Optional); r.RErrorPolicy == "enospace" {
		p.Unsupported("Invalid disk read error policy: '%s'", r.RErrorPolicy)
	}
	r.IO = p.Enum(n, "io", diskIOModes, xmltree.Optional)
	r.IOEventFD, r.EventIdx = p.OnOff(n, "ioeventfd"), p.OnOff(n, "event_idx")
	r.CopyOnRead = p.OnOff(n, "copy_on_read")
	r.Discard = p.Enum(n, "discard", diskDiscards, xmltree.Optional)
	r.IOThread, _ = p.Uint(n, "iothread", 10, xmltree.NonZero)
	r.IOThreads = p.ioThreadQueues(n)
	r.DetectZeroes = p.Enum(n, "detect_zeroes", diskDetectZeroes, xmltree.Optional)
	r.Queues, _ = p.Uint(n, "queues", 10, xmltree.Optional)
	r.QueueSize, _ = p.Uint(n, "queue_size", 10, xmltree.Optional)
	r.DiscardNoUnref = p.OnOff(n, "discard_no_unref")
	if format, ok := n.Attr("type"); ok {
		switch {
		case format == "aio": // of Xen
			d.Source.Format = "raw"
		case format == "none" || !slices.Contains(StorageFormats, format):
			p.Unsupported("unknown driver format value '%s'", format)
		default:
			d.Source.Format = format
		}
	}
	d.Source.MetadataCacheMax = p.metadataCache(n, "")
}

func (p *parser) ioThreadQueues(n *xmltree.Node) []IOThreadQueues {
	var out []IOThreadQueues
	for t := range n.Child("iothreads").Children("iothread") {
		var q IOThreadQueues
		q.ID, _ = p.Uint(t, "id", 10, xmltree.Required)
		for c := range t.Children("queue") {
			id, _ := p.Uint(c, "id", 10, xmltree.Required)
			q.Queues = append(q.Queues, id)
		}
		out = append(out, q)
	}
	return out
}

func (p *parser) diskMirror(n *xmltree.Node) *DiskMirror {
	m := &DiskMirror{Job: "copy"}
	if job, ok := n.Attr("job"); ok {
		if m.Job = job; !slices.Contains(mirrorJobs, job) {
			p.Unsupported("unknown mirror job type '%s'", job)
		}
	}
	if kind, ok := n.Attr("type"); ok {
		source := n.Child("source")
		m.Source = p.sourceOf(kind, n.Child("format").Get("type"), source.Get("index"))
		if source == nil {
			p.XMLError("mirror requires source element")
			return m
		}
		p.source(source, m.Source)
		p.backing(n, m.Source)
	} else {
		if m.Job != "copy" {
			p.XMLError("mirror without type only supported by copy job")
		}
		m.Source = p.sourceOf("", n.Get("format"), "")
		if m.Source.Path = n.Get("file"); !n.Has("file") {
			p.XMLError("mirror requires file name")
		}
	}
	if m.Ready = n.Get("ready"); m.Ready != "" && !slices.Contains(mirrorReadyStates, m.Ready) {
		p.XMLError("unknown mirror ready state %s", m.Ready)
	}
	m.Ready = unset(m.Ready, "none")
	m.Source.MetadataCacheMax = p.metadataCache(n, "format/")
	return m
}

func (p *parser) ioTune(n *xmltree.Node, d *Disk) {
	tune := n.Child("iotune")
	for _, name := range ThrottleLimits {
		v := p.number(tune.ChildText(name), 64, func() {
			p.XMLError("disk iotune field '%s' must be an integer", name)
		})
		if v != 0 {
			if d.IOTune == nil {
				d.IOTune = map[string]uint64{}
			}
			d.IOTune[name] = v
		}
	}
	d.IOTuneGroup = tune.ChildText("group_name")
	for f := range n.Child("throttlefilters").Children("throttlefilter") {
		group := p.Need(f, "group")
		if slices.Contains(d.ThrottleNames, group) {
			p.XMLError("duplicate filter name '%s' found", group)
		}
		d.ThrottleNames = append(d.ThrottleNames, group)
	}
}

func formatDisk(w *xmlout.Writer, d *Disk, o FormatOptions) {
	w.Start("disk")
	w.Attr("type", d.Source.Type)
	w.Attr("device", d.Device)
	w.OptAttr("model", d.Model)
	w.OptAttr("rawio", d.RawIO.YesNo())
	w.OptAttr("sgio", d.SGIO)
	if d.Snapshot != "no" || !d.ReadOnly {
		w.OptAttr("snapshot", d.Snapshot)
	}
	formatDiskDriver(w, d)
	if d.Source.Auth != nil && d.AuthInDisk {
		formatAuth(w, d.Source.Auth)
	}
	formatSource(w, d.Source, sourceForm{
		policy: d.StartupPolicy, index: true, skipAuth: d.AuthInDisk, skipEncrypt: d.EncryptionInDisk,
	}, o)
	formatBacking(w, d.Source, o)
	w.AttrElem("backenddomain", "name", d.BackendDomain)
	formatDiskShape(w, d)
	formatMirror(w, d.Mirror, o)
	formatDiskTarget(w, d)
	formatIOTune(w, d)
	formatDiskFlags(w, d)
	w.Elem("serial", d.Serial)
	w.Elem("wwn", d.WWN)
	w.Elem("vendor", d.Vendor)
	w.Elem("product", d.Product)
	if d.Source.Encryption != nil && d.EncryptionInDisk {
		formatEncryption(w, d.Source.Encryption)
	}
	formatInfo(w, &d.DeviceInfo, withBoot)
	formatPrivate(w, d.Private, o)
	if o.Status {
		w.Start("diskSecretsPlacement")
		if d.AuthInDisk {
			w.Attr("auth", "true")
		}
		if d.EncryptionInDisk {
			w.Attr("enc", "true")
		}
		w.EndOrDrop()
	}
	w.End()
}

func formatDiskDriver(w *xmlout.Writer, d *Disk) {
	r := &d.Driver
	w.Start("driver")
	w.OptAttr("name", r.Name)
	w.OptAttr("type", d.Source.Format)
	w.OptAttr("cache", r.Cache)
	w.OptAttr("error_policy", r.ErrorPolicy)
	w.OptAttr("rerror_policy", r.RErrorPolicy)
	w.OptAttr("io", r.IO)
	w.OptAttr("ioeventfd", r.IOEventFD.OnOff())
	w.OptAttr("event_idx", r.EventIdx.OnOff())
	w.OptAttr("copy_on_read", r.CopyOnRead.OnOff())
	w.OptAttr("discard", r.Discard)
	w.OptUintAttr("iothread", uint64(r.IOThread))
	w.OptAttr("detect_zeroes", r.DetectZeroes)
	w.OptAttr("discard_no_unref", r.DiscardNoUnref.OnOff())
	w.OptUintAttr("queues", uint64(r.Queues))
	w.OptUintAttr("queue_size", uint64(r.QueueSize))
	formatVirtio(w, &r.Virtio)
	formatMetadataCache(w, d.Source.MetadataCacheMax)
	formatIOThreadQueues(w, r.IOThreads)
	w.EndOrDrop()
}

func formatIOThreadQueues(w *xmlout.Writer, threads []IOThreadQueues) {
	if len(threads) == 0 {
		return
	}
	w.Start("iothreads")
	for _, t := range threads {
		w.Start("iothread")
		w.UintAttr("id", uint64(t.ID))
		for _, q := range t.Queues {
			w.Start("queue")
			w.UintAttr("id", uint64(q))
			w.End()
		}
		w.End()
	}
	w.End()
}

func formatDiskShape(w *xmlout.Writer, d *Disk) {
	if g := d.Geometry; g != nil && g.Cylinders > 0 && g.Heads > 0 && g.Sectors > 0 {
		w.Start("geometry")
		numbers(w, "cyls", g.Cylinders, "heads", g.Heads, "secs", g.Sectors)
		w.OptAttr("trans", g.Translation)
		w.End()
	}
	w.Start("blockio")
	w.OptUintAttr("logical_block_size", uint64(d.BlockIO.Logical))
	w.OptUintAttr("physical_block_size", uint64(d.BlockIO.Physical))
	w.OptUintAttr("discard_granularity", uint64(d.BlockIO.DiscardGranularity))
	w.EndOrDrop()
}

func formatMirror(w *xmlout.Writer, m *DiskMirror, o FormatOptions) {
	if m == nil || o.Inactive {
		return
	}
	w.Start("mirror")
	w.Attr("type", m.Source.Type)
	if m.Source.Type == "file" && m.Job == "copy" {
		w.OptAttr("file", m.Source.Path)
		w.OptAttr("format", m.Source.Format)
	}
	w.OptAttr("job", m.Job)
	w.OptAttr("ready", m.Ready)
	formatImageFormat(w, m.Source)
	formatSource(w, m.Source, sourceForm{index: true}, o)
	formatBacking(w, m.Source, o)
	w.End()
}

func formatDiskTarget(w *xmlout.Writer, d *Disk) {
	w.Start("target")
	w.Attr("dev", d.Target)
	w.Attr("bus", d.Bus)
	if d.Device == "floppy" || d.Device == "cdrom" {
		w.OptAttr("tray", d.Tray)
	}
	if d.Bus == "usb" {
		w.OptAttr("removable", d.Removable.OnOff())
	}
	w.OptUintAttr("rotation_rate", uint64(d.RotationRate))
	w.End()
}

func formatIOTune(w *xmlout.Writer, d *Disk) {
	w.Start("iotune")
	for _, name := range ThrottleLimits {
		w.OptUintElem(name, d.IOTune[name])
		if name == "size_iops_sec" {
			w.Elem("group_name", d.IOTuneGroup)
		}
	}
	w.EndOrDrop()
	w.Start("throttlefilters")
	for _, group := range d.ThrottleNames {
		w.AttrElem("throttlefilter", "group", group)
	}
	w.EndOrDrop()
}

func formatDiskFlags(w *xmlout.Writer, d *Disk) {
	if d.ReadOnly {
		w.Empty("readonly")
	}
	if d.Shareable {
		w.Empty("shareable")
	}
	if d.Transient {
		w.Start("transient")
		if d.ShareBacking == Yes {
			w.Attr("shareBacking", "yes")
		}
		w.End()
	}
}
