package domain

import (
	"slices"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	rngModels      = []string{"virtio", "virtio-transitional", "virtio-non-transitional"}
	rngBackends    = []string{"random", "egd", "builtin"}
	cryptoBackends = []string{"builtin", "lkcf"}
	iommuModels    = []string{"intel", "smmuv3", "virtio"}
	pstoreBackends = []string{"acpi-erst"}
)

func (p *parser) rng(n *xmltree.Node) *RNG {
	r := &RNG{Model: p.Enum(n, "model", rngModels, xmltree.Required)}
	rate := n.Child("rate")
	r.Rate = uint(p.number(rate.Get("bytes"), 32, func() { p.XMLError("invalid RNG rate bytes value") }))
	if r.Rate > 0 {
		r.Period = uint(p.number(rate.Get("period"), 32, func() { p.XMLError("invalid RNG rate period value") }))
	}
	if n.Count("backend") != 1 {
		p.XMLError("only one RNG backend is supported")
	}
	backend := n.Child("backend")
	r.Backend = p.Enum(backend, "model", rngBackends, xmltree.Required)
	switch r.Backend {
	case "random":
		r.File = backend.Content()
	case "egd":
		kind, ok := backend.Attr("type")
		switch {
		case !ok:
			p.XMLError("missing EGD backend type")
		case !slices.Contains(chardevTypes, kind):
			p.Unsupported("unknown backend type '%s' for egd", kind)
		}
		r.Source = &ChardevSource{Type: kind}
		p.chardevSource(backend, r.Source, false)
	}
	p.info(n, &r.DeviceInfo, 0)
	p.virtio(n.Child("driver"), &r.Virtio)
	return r
}

func formatRNG(w *xmlout.Writer, r *RNG, o FormatOptions) {
	w.Start("rng")
	w.Attr("model", r.Model)
	if r.Rate != 0 {
		w.Start("rate")
		w.UintAttr("bytes", uint64(r.Rate))
		w.OptUintAttr("period", uint64(r.Period))
		w.End()
	}
	w.Start("backend")
	w.Attr("model", r.Backend)
	switch r.Backend {
	case "random":
		w.Text(r.File)
		w.End()
	case "egd":
		w.Attr("type", r.Source.Type)
		formatChardevSource(w, r.Source, o)
		w.EndFull()
	default:
		w.End()
	}
	formatVirtioDriver(w, &r.Virtio)
	formatInfo(w, &r.DeviceInfo, 0)
	w.End()
}

func (p *parser) crypto(n *xmltree.Node) *Crypto {
	c := &Crypto{
		Model: p.Enum(n, "model", []string{"virtio"}, xmltree.Required),
		Type:  p.Enum(n, "type", []string{"qemu"}, xmltree.Required),
	}
	if n.Count("backend") != 1 {
		p.XMLError("only one crypto backend is supported")
	}
	backend := n.Child("backend")
	c.Backend = p.Enum(backend, "model", cryptoBackends, xmltree.Required)
	c.Queues, _ = p.Uint(backend, "queues", 10, xmltree.Optional)
	p.info(n, &c.DeviceInfo, 0)
	p.virtio(n.Child("driver"), &c.Virtio)
	return c
}

func formatCrypto(w *xmlout.Writer, c *Crypto) {
	w.Start("crypto")
	w.Attr("model", c.Model)
	w.Attr("type", c.Type)
	w.Start("backend")
	w.Attr("model", c.Backend)
	w.OptUintAttr("queues", uint64(c.Queues))
	w.End()
	formatVirtioDriver(w, &c.Virtio)
	formatInfo(w, &c.DeviceInfo, 0)
	w.End()
}

func (p *parser) iommu(n *xmltree.Node) *IOMMU {
	i := &IOMMU{Model: p.Enum(n, "model", iommuModels, xmltree.Required)}
	d := n.Child("driver")
	i.IntRemap, i.CachingMode = p.OnOff(d, "intremap"), p.OnOff(d, "caching_mode")
	i.IOTLB, i.EIM = p.OnOff(d, "iotlb"), p.OnOff(d, "eim")
	i.AWBits, _ = p.Uint(d, "aw_bits", 10, xmltree.Optional)
	i.DMATranslation = p.OnOff(d, "dma_translation")
	p.info(n, &i.DeviceInfo, 0)
	return i
}

func formatIOMMU(w *xmlout.Writer, i *IOMMU) {
	w.Start("iommu")
	w.Attr("model", i.Model)
	w.Start("driver")
	w.OptAttr("intremap", i.IntRemap.OnOff())
	w.OptAttr("caching_mode", i.CachingMode.OnOff())
	w.OptAttr("eim", i.EIM.OnOff())
	w.OptAttr("iotlb", i.IOTLB.OnOff())
	w.OptUintAttr("aw_bits", uint64(i.AWBits))
	w.OptAttr("dma_translation", i.DMATranslation.OnOff())
	w.EndOrDrop()
	formatInfo(w, &i.DeviceInfo, 0)
	w.End()
}

func (p *parser) vsock(n *xmltree.Node) *VSock {
	v := &VSock{Model: unset(p.Enum(n, "model", virtioModels, xmltree.Optional), "default")}
	if cid := n.Child("cid"); cid != nil {
		v.CID, _ = p.Uint(cid, "address", 10, xmltree.NonZero)
		v.AutoCID = p.YesNo(cid, "auto")
	}
	p.info(n, &v.DeviceInfo, 0)
	p.virtio(n.Child("driver"), &v.Virtio)
	return v
}

func formatVSock(w *xmlout.Writer, v *VSock) {
	w.Start("vsock")
	w.OptAttr("model", v.Model)
	w.Start("cid")
	w.OptAttr("auto", v.AutoCID.YesNo())
	w.OptUintAttr("address", uint64(v.CID))
	w.EndOrDrop()
	formatInfo(w, &v.DeviceInfo, 0)
	formatVirtioDriver(w, &v.Virtio)
	w.EndOrDrop()
}

func (p *parser) pstore(n *xmltree.Node) *PStore {
	s := &PStore{Backend: p.Enum(n, "backend", pstoreBackends, xmltree.Required), Path: n.ChildText("path")}
	size := n.Child("size")
	s.Size = p.kib(size.Content(), size.Get("unit"), "./size", true)
	p.info(n, &s.DeviceInfo, 0)
	return s
}

func formatPStore(w *xmlout.Writer, s *PStore) {
	w.Start("pstore")
	w.Attr("backend", s.Backend)
	w.Elem("path", s.Path)
	w.SizeElem("size", "KiB", s.Size)
	formatInfo(w, &s.DeviceInfo, 0)
	w.End()
}

// formatPlatform writes the devices that end the list, of each of which there is one at most.
func formatPlatform(w *xmlout.Writer, v *Devices) {
	if v.IOMMU != nil {
		formatIOMMU(w, v.IOMMU)
	}
	if v.VSock != nil {
		formatVSock(w, v.VSock)
	}
	if v.PStore != nil {
		formatPStore(w, v.PStore)
	}
}
