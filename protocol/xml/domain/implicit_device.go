package domain

import "slices"

// AssignISASerialPorts numbers the ISA serial ports nobody numbered, with the lowest free number.
func (d *Domain) AssignISASerialPorts() error {
	p := &parser{}
	var used [maxISAPorts]bool
	count := 0
	for _, c := range d.Devices.Serials {
		if c.TargetType != "isa-serial" {
			continue
		}
		if count++; count > maxISAPorts || c.Port >= maxISAPorts {
			p.Internal("Maximum supported number of ISA serial ports is '%d'", maxISAPorts)
			return p.Err()
		}
		if c.Port == -1 {
			continue
		}
		if used[c.Port] {
			p.Internal("target port '%d' already allocated", c.Port)
		}
		used[c.Port] = true
	}
	for _, c := range d.Devices.Serials {
		if c.TargetType != "isa-serial" || c.Port != -1 {
			continue
		}
		if free := slices.Index(used[:], false); free != -1 {
			c.Port, used[free] = free, true
		}
	}
	return p.Err()
}

func (p *parser) rejectDuplicates(d *Domain) {
	type place struct {
		kind  string
		index int
	}
	seen := map[place]bool{}
	for _, c := range d.Devices.Controllers {
		at := place{c.Type, c.Index}
		// the controllers of a USB 2 group share an index
		if c.Type != "usb" && seen[at] {
			p.XMLError("Multiple '%s' controllers with index '%d'", c.Type, c.Index)
		}
		seen[at] = true
	}
	models := map[string]bool{}
	for _, c := range d.Devices.Panics {
		if models[c.Model] {
			p.XMLError("Multiple panic devices with model '%s'", orDefault(c.Model))
		}
		models[c.Model] = true
	}
}

func orDefault(word string) string {
	if word == "" {
		return "default"
	}
	return word
}

// implicitDevices adds what other devices imply and completes what was added.
func (p *parser) implicitDevices(d *Domain, driver Complete) {
	complete := func(dev Device) {
		if p.OK() {
			p.Keep(d.PostParseDevice(dev, p.opts, driver))
		}
	}
	v := &d.Devices
	p.consoleCompat(d)
	v.addImplicitControllers()
	if len(v.Graphics) > 0 && len(v.Videos) == 0 {
		v.Videos = []*Video{{Heads: 1}}
	}
	if len(v.Videos) > 0 {
		if first := v.Videos[0]; first.Model == "none" {
			v.Videos[0] = &Video{DeviceInfo: DeviceInfo{Alias: first.Alias}, Model: "none"}
		} else {
			first.Primary = true
			complete(first)
		}
	}
	if len(v.Serials) > 0 {
		complete(v.Serials[0])
	}
	for _, c := range v.Controllers {
		if c.Type == "scsi" && c.Model == "" {
			complete(c)
		}
	}
}

// serialConsoles are the serial ports that a console stands for.
var serialConsoles = []string{"", "isa-serial", "spapr-vio-serial", "system-serial", "sclp-serial"}

// consoleCompat makes the first console of a full guest and its first serial port views on one another.
func (p *parser) consoleCompat(d *Domain) {
	v := &d.Devices
	for i, c := range v.Consoles {
		if i > 0 && c.TargetType == "serial" {
			p.Unsupported("Only the first console can be a serial port")
			return
		}
	}
	if d.OS.Type != "hvm" {
		return
	}
	stub := &Chardev{Kind: "console", TargetType: "serial", Source: ChardevSource{Type: "null"}}
	switch {
	case len(v.Consoles) > 0 && (v.Consoles[0].TargetType == "serial" || v.Consoles[0].TargetType == ""):
		first := v.Consoles[0]
		switch {
		case len(v.Serials) == 0:
			first.Kind, first.TargetType, first.Port = "serial", "", 0
			v.Serials = []*Chardev{first}
		case first.Source.Equal(&v.Serials[0].Source):
			return
		}
		v.Consoles[0] = stub
	case len(v.Serials) > 0 && slices.Contains(serialConsoles, v.Serials[0].TargetType):
		v.Consoles = slices.Insert(v.Consoles, 0, stub)
	default:
		return
	}
	for i, c := range v.Consoles {
		c.Port = i
	}
}

// Equal says whether two ends on the host are the same, whatever they log and how they are labelled.
func (s *ChardevSource) Equal(o *ChardevSource) bool {
	a, b := s.essence(), o.essence()
	return a == b
}

// endpoint is what makes one end different from another.
type endpoint struct {
	Type, Path, Host, Service, BindHost, BindService, Protocol, Channel, Master, Slave, Mouse string

	Listen            bool
	Append, Clipboard Tristate
	Reconnect         Reconnect
}

func (s *ChardevSource) essence() endpoint {
	return endpoint{
		Type: s.Type, Path: s.Path, Listen: s.Listen, Append: s.Append, Host: s.Host, Service: s.Service,
		BindHost: s.BindHost, BindService: s.BindService, Protocol: s.Protocol, Reconnect: s.Reconnect,
		Channel: s.Channel, Master: s.Master, Slave: s.Slave, Mouse: s.Mouse, Clipboard: s.Clipboard,
	}
}

// closeSpice makes a spice display that has no port listen nowhere.
func (d *Domain) closeSpice() {
	for _, g := range d.Devices.Graphics {
		if g.Type != "spice" || len(g.Listens) == 0 || g.AutoPort || g.Port != 0 || g.TLSPort != 0 {
			continue
		}
		if l := &g.Listens[0]; l.Type == "address" {
			*l = GraphicsListen{Type: "none"}
		}
	}
}
