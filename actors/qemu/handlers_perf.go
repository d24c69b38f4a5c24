package qemu

import (
	"maps"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) perfHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetPerfEvents, dispatch.Inline, d.perfEvents)
	dispatch.Handle(t, remote.ProcDomainSetPerfEvents, dispatch.Worker, d.setPerfEvents)
}

// perfEvents tells what is counted; for a machine nothing is, as counting cannot be switched on yet.
func (d *Driver) perfEvents(c *dispatch.Call, a *remote.DomainGetPerfEventsArgs) (*remote.DomainGetPerfEventsRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affect(a.Flags).one(o)
	if err != nil {
		return nil, err
	}
	live, _, _ := affect(a.Flags).resolve(o)
	var params virtype.Params
	for _, name := range xml.PerfEvents {
		params.Boolean(name, !live && def.Perf[name] == xml.Yes)
	}
	return &remote.DomainGetPerfEventsRet{Params: params}, nil
}

func (d *Driver) setPerfEvents(c *dispatch.Call, a *remote.DomainSetPerfEventsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	allowed := virtype.Allowed{Types: map[string]int32{}}
	for _, name := range xml.PerfEvents {
		allowed.Types[name] = virtype.TypedParamBoolean
	}
	if err := allowed.Check(a.Params); err != nil {
		return nil, err
	}
	set := func(def *xml.Domain) {
		events := maps.Clone(def.Perf)
		if events == nil {
			events = map[string]xml.Tristate{}
		}
		for i := range a.Params {
			events[a.Params[i].Field] = xml.No
			if a.Params[i].Value.B != 0 {
				events[a.Params[i].Field] = xml.Yes
			}
		}
		def.Perf = events
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			set(def)
			return nil
		},
		live: func(_ handle, def *xml.Domain) error {
			for i := range a.Params {
				if a.Params[i].Value.B != 0 {
					return dispatch.Unsupported(c.Proc) // the kernel's counters are not read yet
				}
			}
			set(def)
			return nil
		},
	})
}
