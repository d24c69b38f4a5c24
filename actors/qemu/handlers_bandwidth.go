package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) bandwidthHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetInterfaceParameters, dispatch.Inline, d.interfaceParameters)
	dispatch.Handle(t, remote.ProcDomainSetInterfaceParameters, dispatch.Worker, d.setInterfaceParameters)
}

// bandwidthFields are the parameters of an interface, in the order of the answer.
var bandwidthFields = []struct {
	name    string
	inbound bool
	field   func(r *xml.Rate) *uint64
}{
	{"inbound.average", true, func(r *xml.Rate) *uint64 { return &r.Average }},
	{"inbound.peak", true, func(r *xml.Rate) *uint64 { return &r.Peak }},
	{"inbound.burst", true, func(r *xml.Rate) *uint64 { return &r.Burst }},
	{"inbound.floor", true, func(r *xml.Rate) *uint64 { return &r.Floor }},
	{"outbound.average", false, func(r *xml.Rate) *uint64 { return &r.Average }},
	{"outbound.peak", false, func(r *xml.Rate) *uint64 { return &r.Peak }},
	{"outbound.burst", false, func(r *xml.Rate) *uint64 { return &r.Burst }},
}

func (d *Driver) interfaceParameters(c *dispatch.Call, a *remote.DomainGetInterfaceParametersArgs) (*remote.DomainGetInterfaceParametersRet, error) {
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
	if a.Nparams == 0 {
		return &remote.DomainGetInterfaceParametersRet{Nparams: int32(len(bandwidthFields))}, nil
	}
	nic, err := findInterface(def, a.Device)
	if err != nil {
		return nil, err
	}
	var in, out xml.Rate
	if b := nic.Bandwidth; b != nil {
		in, out = rate(b.Inbound), rate(b.Outbound)
	}
	var params virtype.Params
	for _, f := range bandwidthFields {
		side := &out
		if f.inbound {
			side = &in
		}
		params.Uint(f.name, uint32(*f.field(side)))
	}
	params = room(params, a.Nparams)
	return &remote.DomainGetInterfaceParametersRet{Params: params, Nparams: int32(len(params))}, nil
}

func rate(r *xml.Rate) xml.Rate {
	if r == nil {
		return xml.Rate{}
	}
	return *r
}

// shaped are the types of interfaces whose traffic the host can limit.
var shaped = map[string]bool{"ethernet": true, "network": true, "bridge": true, "direct": true}

// bandwidthWish is what a client wants: a side that it gives no rate for is left alone,
// unless it named the rate itself, as 0.
type bandwidthWish struct {
	in, out           *xml.Rate
	inNamed, outNamed bool
}

func readBandwidth(params []remote.TypedParam) (w bandwidthWish) {
	var in, out xml.Rate
	for i := range params {
		for _, f := range bandwidthFields {
			if f.name != params[i].Field {
				continue
			}
			side := &out
			if f.inbound {
				side = &in
			}
			*f.field(side) = uint64(params[i].Value.Ui)
		}
		switch params[i].Field {
		case "inbound.average", "inbound.floor":
			w.inNamed = true
		case "outbound.average":
			w.outNamed = true
		}
	}
	if in.Average != 0 || in.Floor != 0 {
		w.in = &in
	}
	if out.Average != 0 {
		w.out = &out
	}
	return w
}

// over gives the limits of an interface after the wish.
func (w bandwidthWish) over(old *xml.Bandwidth) *xml.Bandwidth {
	var next xml.Bandwidth
	if old != nil {
		next = *old
	}
	if w.in != nil || w.inNamed {
		next.Inbound = w.in
	}
	if w.out != nil || w.outNamed {
		next.Outbound = w.out
	}
	if next == (xml.Bandwidth{}) {
		return nil
	}
	return &next
}

func (d *Driver) setInterfaceParameters(c *dispatch.Call, a *remote.DomainSetInterfaceParametersArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	allowed := virtype.Allowed{Types: map[string]int32{}}
	for _, f := range bandwidthFields {
		allowed.Types[f.name] = virtype.TypedParamUint
	}
	if err := allowed.Check(a.Params); err != nil {
		return nil, err
	}
	wish := readBandwidth(a.Params)
	known := func(def *xml.Domain) (*xml.Interface, error) {
		nic, err := findInterface(def, a.Device)
		if err == nil && !shaped[nic.Type] {
			err = errUnsupportedConfig("setting bandwidth on interfaces of type '%s' is not implemented yet", nic.Type)
		}
		return nic, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			nic, err := known(def)
			if err == nil {
				def.Devices.Interfaces = replace(def.Devices.Interfaces,
					func(i *xml.Interface) bool { return i == nic },
					func(i *xml.Interface) { i.Bandwidth = wish.over(i.Bandwidth) })
			}
			return err
		},
		live: func(_ handle, def *xml.Domain) error {
			if _, err := known(def); err != nil {
				return err
			}
			return dispatch.Unsupported(c.Proc) // the host's traffic control is not driven yet
		},
	})
}
