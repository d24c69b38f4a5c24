package domain

import (
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

var (
	soundModels = []string{"sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "ich7", "virtio"}
	soundCodecs = []string{"duplex", "micro", "output"}
)

func (p *parser) sound(n *xmltree.Node) *Sound {
	s := &Sound{Model: p.Enum(n, "model", soundModels, xmltree.Required)}
	switch s.Model {
	case "ich6", "ich9":
		for c := range n.Children("codec") {
			s.Codecs = append(s.Codecs, p.Enum(c, "type", soundCodecs, xmltree.Required))
		}
	case "usb":
		s.Multichannel = p.YesNo(n, "multichannel")
	case "virtio":
		s.Streams, _ = p.Uint(n, "streams", 10, xmltree.NonZero)
	}
	if a := n.Child("audio"); a != nil {
		s.AudioID, _ = p.Uint(a, "id", 10, xmltree.Required|xmltree.NonZero)
	}
	p.info(n, &s.DeviceInfo, 0)
	if d := n.Child("driver"); d != nil {
		p.virtio(d, &s.Virtio)
	}
	return s
}

func formatSound(w *xmlout.Writer, s *Sound) {
	w.Start("sound")
	w.Attr("model", s.Model)
	switch s.Model {
	case "usb":
		w.OptAttr("multichannel", s.Multichannel.YesNo())
	case "virtio":
		w.UintAttr("streams", uint64(s.Streams))
	}
	for _, c := range s.Codecs {
		w.AttrElem("codec", "type", c)
	}
	if s.AudioID > 0 {
		w.Start("audio")
		w.UintAttr("id", uint64(s.AudioID))
		w.End()
	}
	formatInfo(w, &s.DeviceInfo, 0)
	if s.Model == "virtio" {
		formatVirtioDriver(w, &s.Virtio)
	}
	w.End()
}
