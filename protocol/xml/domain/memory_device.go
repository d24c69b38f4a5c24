package domain

import (
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// minLabel is the smallest label area of an NVDIMM in KiB.
const minLabel = 128

var memoryModels = []string{"dimm", "nvdimm", "virtio-pmem", "virtio-mem", "sgx-epc"}

func (p *parser) memoryDevice(n *xmltree.Node) *MemoryDevice {
	m := &MemoryDevice{Model: p.Enum(n, "model", memoryModels, xmltree.Required)}
	m.Access = p.Enum(n, "access", memoryAccesses, xmltree.NonZero)
	m.Discard = p.YesNo(n, "discard")
	if text := n.ChildText("uuid"); text != "" && m.Model == "nvdimm" {
		u, err := uuid.Parse(text)
		if err != nil {
			p.Internal("malformed uuid element")
		}
		m.UUID = &u
	}
	if s := n.Child("source"); s != nil {
		p.memorySource(s, m)
	}
	if t := n.Child("target"); t != nil {
		p.memoryTarget(t, m)
	} else {
		p.XMLError("missing <target> element for <memory> device")
	}
	p.info(n, &m.DeviceInfo, 0)
	return m
}

func (p *parser) memorySource(n *xmltree.Node, m *MemoryDevice) {
	switch m.Model {
	case "dimm", "virtio-mem":
		m.PageSize = p.childKiB(n, "pagesize", "./pagesize")
		m.Nodes = p.nodeMask(n)
	case "nvdimm":
		m.Path = n.ChildText("path")
		m.AlignSize = p.childKiB(n, "alignsize", "./alignsize")
		m.PMem = n.Child("pmem") != nil
	case "virtio-pmem":
		m.Path = n.ChildText("path")
	case "sgx-epc":
		m.Nodes = p.nodeMask(n)
	}
}

func (p *parser) nodeMask(n *xmltree.Node) *CPUSet {
	text := n.ChildText("nodemask")
	if text == "" {
		return nil
	}
	set := p.bitmap(text)
	if p.OK() && set.Empty() {
		p.Unsupported("Invalid value of 'nodemask': %s", text)
	}
	return set
}

func (p *parser) memoryTarget(n *xmltree.Node, m *MemoryDevice) {
	if text := n.ChildText("node"); text != "" {
		v, ok := xmltree.ParseInt(text, 10, 32)
		if !ok || v < 0 {
			p.XMLError("invalid value of memory device node")
		}
		node := uint(v)
		m.TargetNode = &node
	}
	size := n.Child("size")
	m.Size = p.kib(size.Content(), size.Get("unit"), "./size", true)
	switch m.Model {
	case "nvdimm":
		m.LabelSize = p.childKiB(n.Child("label"), "size", "./label/size")
		switch {
		case m.LabelSize > 0 && m.LabelSize < minLabel:
			p.XMLError("nvdimm label must be at least 128KiB")
		case m.LabelSize >= m.Size:
			p.XMLError("label size must be smaller than NVDIMM size")
		}
		m.ReadOnly = n.Child("readonly") != nil
	case "virtio-mem":
		m.BlockSize = p.childKiB(n, "block", "./block")
		m.RequestedSize = p.childKiB(n, "requested", "./requested")
		m.DynamicMemslots = p.YesNo(n, "dynamicMemslots")
		m.BaseAddress, _ = p.Ulong(n.Child("address"), "base", 16, xmltree.Optional)
	case "virtio-pmem":
		m.BaseAddress, _ = p.Ulong(n.Child("address"), "base", 16, xmltree.Optional)
	}
}

func formatMemoryDevice(w *xmlout.Writer, m *MemoryDevice, o FormatOptions) {
	w.Start("memory")
	w.Attr("model", m.Model)
	w.OptAttr("access", m.Access)
	w.OptAttr("discard", m.Discard.YesNo())
	if m.UUID != nil {
		w.Elem("uuid", m.UUID.String())
	}
	w.Start("source")
	if m.Nodes != nil {
		w.Elem("nodemask", m.Nodes.String())
	}
	optKiB(w, "pagesize", m.PageSize)
	w.Elem("path", m.Path)
	optKiB(w, "alignsize", m.AlignSize)
	if m.PMem {
		w.Empty("pmem")
	}
	w.EndOrDrop()
	formatMemoryTarget(w, m, o)
	formatInfo(w, &m.DeviceInfo, 0)
	w.End()
}

func formatMemoryTarget(w *xmlout.Writer, m *MemoryDevice, o FormatOptions) {
	w.Start("target")
	w.OptAttr("dynamicMemslots", m.DynamicMemslots.YesNo())
	w.SizeElem("size", "KiB", m.Size)
	if m.TargetNode != nil {
		w.UintElem("node", uint64(*m.TargetNode))
	}
	if m.LabelSize != 0 {
		w.Start("label")
		w.SizeElem("size", "KiB", m.LabelSize)
		w.End()
	}
	if m.ReadOnly {
		w.Empty("readonly")
	}
	if m.BlockSize != 0 {
		w.SizeElem("block", "KiB", m.BlockSize)
		w.SizeElem("requested", "KiB", m.RequestedSize)
		if !o.Inactive {
			w.SizeElem("current", "KiB", m.CurrentSize)
		}
	}
	if m.BaseAddress != 0 {
		w.AttrElem("address", "base", hexText(m.BaseAddress))
	}
	w.End()
}

func optKiB(w *xmlout.Writer, name string, v uint64) {
	if v != 0 {
		w.SizeElem(name, "KiB", v)
	}
}
