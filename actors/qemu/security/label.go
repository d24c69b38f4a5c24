package security

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

// Check wants every model that a document names to be there.
func (p *Policy) Check(d *domain.Domain) error {
	for i := range d.SecLabels {
		if err := p.checkModel(d.SecLabels[i].Model); err != nil {
			return err
		}
	}
	var all [][]domain.DeviceSecLabel
	for _, disk := range d.Devices.Disks {
		all = append(all, disk.Source.SecLabels)
	}
	for _, c := range chardevs(d) {
		all = append(all, c.Source.SecLabels)
	}
	for _, l := range slices.Concat(all...) {
		if err := p.checkModel(l.Model); err != nil {
			return err
		}
	}
	return nil
}

func (p *Policy) checkModel(model string) error {
	if model == ModelNone || slices.Contains(p.Models(), model) {
		return nil
	}
	return errNoModel(model)
}

// Generate gives the document the labels of the machine that it is about to become.
func (p *Policy) Generate(d *domain.Domain) error {
	d.SecLabels = slices.Clone(d.SecLabels)
	for i := range d.SecLabels {
		if l := &d.SecLabels[i]; l.Type == "none" && p.requireConfined && slices.Contains(p.Models(), l.Model) {
			return newError(virerr.ConfigUnsupported, "Unconfined guests are not allowed on this host")
		}
	}
	if !p.privileged {
		return nil
	}
	l := label(d)
	if l == nil {
		if !p.defaultConfined {
			return nil
		}
		d.SecLabels = append(d.SecLabels, domain.SecLabel{Type: "dynamic", Model: ModelDAC, Relabel: domain.Yes, Implicit: true})
		l = &d.SecLabels[len(d.SecLabels)-1]
	}
	switch l.Type {
	case "none":
		return nil
	case "dynamic":
		l.Label = p.ids.String()
	}
	if l.Relabel == domain.Yes {
		l.ImageLabel = l.Label
	}
	if _, err := p.own(d); err != nil {
		return err
	}
	return nil
}

// chardevs are the devices of a document by which it talks to the host. A console that is only
// another name of the first serial port is left out.
func chardevs(d *domain.Domain) []*domain.Chardev {
	consoles := d.Devices.Consoles
	if len(consoles) > 0 && len(d.Devices.Serials) > 0 && (consoles[0].TargetType == "" || consoles[0].TargetType == "serial") {
		consoles = consoles[1:]
	}
	return slices.Concat(d.Devices.Serials, d.Devices.Parallels, d.Devices.Channels, consoles)
}

// ProcessLabel is what a machine's label of a model is: that of its document, or else that of its process.
func (p *Policy) ProcessLabel(model string, d *domain.Domain, ofProcess func() (string, error)) (string, error) {
	if model != ModelDAC {
		return "", nil
	}
	if l := label(d); l != nil {
		return l.Label, nil
	}
	return ofProcess()
}
