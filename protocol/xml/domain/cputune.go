package domain

import (
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// quotas are the period and quota elements of <cputune>, in the order they are written.
var quotas = []struct {
	prefix, title string
	period        func(*CPUTune) *uint64
	quota         func(*CPUTune) *int64
}{
	{"", "", func(c *CPUTune) *uint64 { return &c.Period }, func(c *CPUTune) *int64 { return &c.Quota }},
	{
		"global_", "global ",
		func(c *CPUTune) *uint64 { return &c.GlobalPeriod }, func(c *CPUTune) *int64 { return &c.GlobalQuota },
	},
	{
		"emulator_", "emulator ",
		func(c *CPUTune) *uint64 { return &c.EmulatorPeriod }, func(c *CPUTune) *int64 { return &c.EmulatorQuota },
	},
	{
		"iothread_", "iothread ",
		func(c *CPUTune) *uint64 { return &c.IOThreadPeriod }, func(c *CPUTune) *int64 { return &c.IOThreadQuota },
	},
}

func (p *parser) cpuTune(n *xmltree.Node, d *Domain) {
	c := &d.CPUTune
	if text := n.ChildText("shares"); text != "" {
		shares := p.number(text, 64, func() { p.XMLError("can't parse cputune shares value") })
		c.Shares = &shares
	}
	for _, q := range quotas {
		*q.period(c) = p.number(n.ChildText(q.prefix+"period"), 64, func() {
			p.XMLError("can't parse cputune %speriod value", q.title)
		})
		if text := n.ChildText(q.prefix + "quota"); text != "" {
			v, ok := xmltree.ParseInt(text, 10, 64)
			if !ok {
				p.XMLError("can't parse cputune %squota value", q.title)
			}
			*q.quota(c) = v
		}
	}
	p.pins(n, d)
	p.scheds(n, d)
	for t := range n.Children("cachetune") {
		p.cacheTune(t, d)
	}
	for t := range n.Children("memorytune") {
		p.memoryTune(t, d)
	}
}

func (p *parser) pins(n *xmltree.Node, d *Domain) {
	for pin := range n.Children("vcpupin") {
		id, _ := p.Uint(pin, "vcpu", 10, xmltree.Required)
		if id >= uint(len(d.VCPU.List)) {
			continue // libvirt only warns of it
		}
		one := &d.VCPU.List[id]
		if one.Pin != nil {
			p.Internal("duplicate vcpupin for vcpu '%d'", id)
		}
		one.Pin = p.pinSet(pin)
	}
	if pin := n.Child("emulatorpin"); pin != nil {
		if n.Count("emulatorpin") > 1 {
			p.XMLError("only one emulatorpin is supported")
		}
		d.CPUTune.EmulatorPin = p.pinSet(pin)
	}
	for pin := range n.Children("iothreadpin") {
		id, _ := p.Uint(pin, "iothread", 10, xmltree.Required|xmltree.NonZero)
		t := d.IOThread(id)
		if t == nil {
			p.Unsupported("Cannot find 'iothread' : %d", id)
			return
		}
		set := p.pinSet(pin)
		if t.Pin != nil {
			p.Internal("duplicate iothreadpin for same iothread '%d'", id)
		}
		t.Pin = set
	}
}

func (p *parser) pinSet(n *xmltree.Node) *CPUSet {
	if !n.Has("cpuset") {
		p.Internal("missing cpuset for %s", n.Name)
	}
	return p.cpuSet(n, "cpuset")
}

func (p *parser) scheds(n *xmltree.Node, d *Domain) {
	for s := range n.Children("vcpusched") {
		p.schedEach(s, "vcpus", func(id int) **Sched {
			if id >= len(d.VCPU.List) {
				p.Unsupported("vCPU '%d' is not present in domain definition", id)
				return nil
			}
			return &d.VCPU.List[id].Sched
		})
	}
	for s := range n.Children("iothreadsched") {
		p.schedEach(s, "iothreads", func(id int) **Sched {
			if t := d.IOThread(uint(id)); t != nil {
				return &t.Sched
			}
			p.Unsupported("Cannot find 'iothread' : %d", id)
			return nil
		})
	}
	if s := n.Child("emulatorsched"); s != nil {
		if n.Count("emulatorsched") > 1 {
			p.XMLError("only one emulatorsched is supported")
		}
		d.CPUTune.EmulatorSched = p.sched(s)
	}
}

func (p *parser) sched(n *xmltree.Node) *Sched {
	s := &Sched{Policy: p.Enum(n, "scheduler", schedulers, xmltree.Required)}
	if s.realtime() {
		s.Priority, _ = p.Int(n, "priority", 10, xmltree.Required)
	}
	return s
}

func (s *Sched) realtime() bool { return s.Policy == "fifo" || s.Policy == "rr" }

func (p *parser) schedEach(n *xmltree.Node, attr string, find func(id int) **Sched) {
	text, ok := n.Attr(attr)
	if !ok {
		p.XMLError("Missing attribute '%s' in element '%s'", attr, n.Name)
		return
	}
	set := p.bitmap(text)
	if p.OK() && set.Empty() {
		p.Unsupported("'%s' scheduler bitmap '%s' is empty", attr, text)
	}
	s := p.sched(n)
	for _, id := range set.Members() {
		field := find(id)
		if field == nil {
			return
		}
		if *field != nil {
			p.XMLDetail("'%s' attributes '%s' must not overlap", n.Name, attr)
			return
		}
		own := *s
		*field = &own
	}
}

func formatCPUTune(w *xmlout.Writer, d *Domain, o FormatOptions) {
	c := &d.CPUTune
	w.Start("cputune")
	if c.Shares != nil {
		w.UintElem("shares", *c.Shares)
	}
	for _, q := range quotas {
		w.OptUintElem(q.prefix+"period", *q.period(c))
		if v := *q.quota(c); v != 0 {
			w.IntElem(q.prefix+"quota", v)
		}
	}
	for i := range d.VCPU.List {
		formatPin(w, "vcpu", uint64(i), d.VCPU.List[i].Pin)
	}
	if c.EmulatorPin != nil {
		w.AttrElem("emulatorpin", "cpuset", c.EmulatorPin.String())
	}
	for i := range d.IOThreads {
		formatPin(w, "iothread", uint64(d.IOThreads[i].ID), d.IOThreads[i].Pin)
	}
	formatSched(w, "emulatorsched", 0, c.EmulatorSched)
	for i := range d.VCPU.List {
		formatSched(w, "vcpusched", uint64(i), d.VCPU.List[i].Sched)
	}
	for i := range d.IOThreads {
		formatSched(w, "iothreadsched", uint64(d.IOThreads[i].ID), d.IOThreads[i].Sched)
	}
	formatResctrl(w, d, o)
	w.EndOrDrop()
}

func formatPin(w *xmlout.Writer, who string, id uint64, set *CPUSet) {
	if set == nil {
		return
	}
	w.Start(who + "pin")
	w.UintAttr(who, id)
	w.Attr("cpuset", set.String())
	w.End()
}

func formatSched(w *xmlout.Writer, name string, id uint64, s *Sched) {
	if s == nil {
		return
	}
	w.Start(name)
	if who := strings.TrimSuffix(name, "sched"); who != "emulator" {
		w.UintAttr(who+"s", id)
	}
	w.Attr("scheduler", s.Policy)
	if s.realtime() {
		w.IntAttr("priority", int64(s.Priority))
	}
	w.End()
}
