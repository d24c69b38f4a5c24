package domain

import (
	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// MaxVCPUs is the largest number of virtual processors a document may ask for.
const MaxVCPUs = 16384

func (p *parser) tunables(n *xmltree.Node, d *Domain) {
	p.blkioTune(n.Child("blkiotune"), &d.BlkioTune)
	p.memTune(n.Child("memtune"), &d.MemTune)
	p.vcpus(n, &d.VCPU)
	p.ioThreads(n, d)
	p.cpuTune(n.Child("cputune"), d)
}

func (p *parser) vcpus(n *xmltree.Node, v *VCPU) {
	maximum, current := uint(1), uint(1)
	v.Placement = "static"
	if c := n.Child("vcpu"); c != nil {
		count, ok := xmltree.ParseUint(c.Content(), 10, 32)
		switch {
		case !ok:
			p.XMLError("maximum vcpus count must be an integer")
		case count > MaxVCPUs:
			p.Unsupported("Maximum CPUs greater than specified machine type limit %d", MaxVCPUs)
			count = 0
		}
		maximum, current = uint(count), uint(count)
		if given, ok := p.Uint(c, "current", 10, xmltree.Optional); ok {
			current = given
		}
		if place := p.Enum(c, "placement", placements, xmltree.Optional); place != "" {
			v.Placement = place
		}
		if v.Placement != "auto" {
			v.CPUSet = p.cpuSet(c, "cpuset")
		}
	}
	v.List = make([]VirtualCPU, maximum)
	if list := n.Child("vcpus"); list.Child("vcpu") != nil {
		p.individualVCPUs(list, v)
		return
	}
	if current > maximum {
		p.Unsupported("maximum vCPU count must not be less than current vCPU count")
		return
	}
	for i := range current {
		v.List[i].Online = true
	}
}

func (p *parser) individualVCPUs(n *xmltree.Node, v *VCPU) {
	v.Individual = true
	for c := range n.Children("vcpu") {
		id, _ := p.Uint(c, "id", 10, xmltree.Required)
		if id >= uint(len(v.List)) {
			p.XMLError("vcpu id '%d' is out of range of maximum vcpu count", id)
			return
		}
		one := &v.List[id]
		one.Online = p.NeedYesNo(c, "enabled") == Yes
		one.Hotpluggable = p.YesNo(c, "hotpluggable")
		one.Order, _ = p.Uint(c, "order", 10, xmltree.Optional)
	}
}

func formatVCPU(w *xmlout.Writer, v *VCPU) {
	w.Start("vcpu")
	placement := v.Placement
	if placement == "" {
		placement = "static"
	}
	w.Attr("placement", placement)
	formatSet(w, "cpuset", v.CPUSet)
	if online := v.Online(); online < v.Max() {
		w.UintAttr("current", uint64(online))
	}
	w.Uint(uint64(v.Max()))
	w.End()
	if !v.Individual {
		return
	}
	w.Start("vcpus")
	for i := range v.List {
		one := &v.List[i]
		w.Start("vcpu")
		w.UintAttr("id", uint64(i))
		w.Attr("enabled", xmltree.TristateOf(one.Online).YesNo())
		w.OptAttr("hotpluggable", one.Hotpluggable.YesNo())
		w.OptUintAttr("order", uint64(one.Order))
		w.End()
	}
	w.End()
}

func (p *parser) ioThreads(n *xmltree.Node, d *Domain) {
	text := n.ChildText("iothreads")
	count := p.number(text, 32, func() { p.XMLError("invalid iothreads count '%s'", text) })
	if def := n.Child("defaultiothread"); def != nil {
		if pool := p.threadPool(def); pool != (ThreadPool{-1, -1}) {
			d.DefaultIOThread = &pool
		}
	}
	for c := range n.Child("iothreadids").Children("iothread") {
		t := p.ioThread(c)
		if d.IOThread(t.ID) != nil {
			p.XMLError("duplicate iothread id '%d' found", t.ID)
		}
		d.IOThreads = append(d.IOThreads, t)
	}
	if count > MaxVCPUs {
		p.XMLError("invalid iothreads count '%s'", text)
		return
	}
	for id := uint(1); uint64(len(d.IOThreads)) < count; id++ {
		if d.IOThread(id) == nil {
			d.IOThreads = append(d.IOThreads, IOThread{ID: id, Auto: true, Pool: ThreadPool{-1, -1}})
		}
	}
}

func (p *parser) threadPool(n *xmltree.Node) ThreadPool {
	pool := ThreadPool{-1, -1}
	if v, ok := p.Int(n, "thread_pool_min", 10, xmltree.NonNegative); ok {
		pool.Min = v
	}
	if v, ok := p.Int(n, "thread_pool_max", 10, xmltree.NonNegative); ok {
		pool.Max = v
	}
	return pool
}

func (p *parser) ioThread(n *xmltree.Node) IOThread {
	id, _ := p.Uint(n, "id", 10, xmltree.Required|xmltree.NonZero)
	t := IOThread{ID: id, Pool: p.threadPool(n)}
	poll := n.Child("poll")
	for _, a := range []struct {
		name  string
		field **uint64
	}{{"max", &t.PollMax}, {"grow", &t.PollGrow}, {"shrink", &t.PollShrink}} {
		if v, ok := p.Ulong(poll, a.name, 10, xmltree.Optional); ok {
			*a.field = &v
		}
	}
	return t
}

func (t *IOThread) plain() bool {
	return t.Auto && t.PollMax == nil && t.PollGrow == nil && t.PollShrink == nil && t.Pool.Min < 0 && t.Pool.Max < 0
}

func formatIOThreads(w *xmlout.Writer, d *Domain) {
	w.OptUintElem("iothreads", uint64(len(d.IOThreads)))
	listed := false
	for i := range d.IOThreads {
		listed = listed || !d.IOThreads[i].plain()
	}
	if listed {
		w.Start("iothreadids")
		for i := range d.IOThreads {
			formatIOThread(w, &d.IOThreads[i])
		}
		w.End()
	}
	if pool := d.DefaultIOThread; pool != nil {
		w.Start("defaultiothread")
		formatThreadPool(w, *pool)
		w.EndOrDrop()
	}
}

func formatThreadPool(w *xmlout.Writer, pool ThreadPool) {
	if pool.Min >= 0 {
		w.IntAttr("thread_pool_min", int64(pool.Min))
	}
	if pool.Max >= 0 {
		w.IntAttr("thread_pool_max", int64(pool.Max))
	}
}

func formatIOThread(w *xmlout.Writer, t *IOThread) {
	w.Start("iothread")
	w.UintAttr("id", uint64(t.ID))
	formatThreadPool(w, t.Pool)
	w.Start("poll")
	for _, a := range []struct {
		name string
		v    *uint64
	}{{"max", t.PollMax}, {"grow", t.PollGrow}, {"shrink", t.PollShrink}} {
		if a.v != nil {
			w.UintAttr(a.name, *a.v)
		}
	}
	w.EndOrDrop()
	w.End()
}

func (p *parser) throttleGroups(n *xmltree.Node, d *Domain) {
	seen := map[string]bool{}
	for c := range n.Children("throttlegroup") {
		g := ThrottleGroup{Name: c.ChildText("group_name"), Limits: map[string]uint64{}}
		for _, name := range ThrottleLimits {
			v := p.number(c.ChildText(name), 64, func() {
				p.XMLError("throttle group field '%s' must be an integer", name)
			})
			if v != 0 {
				g.Limits[name] = v
			}
		}
		if g.Name == "" {
			p.XMLError("missing group name")
		}
		if seen[g.Name] {
			p.XMLError("duplicate group name '%s' found", g.Name)
		}
		seen[g.Name] = true
		d.ThrottleGroups = append(d.ThrottleGroups, g)
	}
}

func formatThrottleGroups(w *xmlout.Writer, groups []ThrottleGroup) {
	w.Start("throttlegroups")
	for _, g := range groups {
		w.Start("throttlegroup")
		for _, name := range ThrottleLimits {
			w.OptUintElem(name, g.Limits[name])
		}
		w.Elem("group_name", g.Name)
		w.EndOrDrop()
	}
	w.EndOrDrop()
}
