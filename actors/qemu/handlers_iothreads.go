package qemu

import (
	"math"
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// errNoIOThread0 refuses the number that means none.
func errNoIOThread0() error { return errInvalidArg("invalid value of 0 for iothread_id") }

func (d *Driver) addIOThread(c *dispatch.Call, a *remote.DomainAddIothreadArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	id := uint(a.IothreadID)
	if id == 0 {
		return nil, errNoIOThread0()
	}
	add := func(def *xml.Domain) error {
		if def.IOThread(id) != nil {
			return errDomainArg("an IOThread is already using iothread_id '%d'", id)
		}
		def.IOThreads = append(slices.Clone(def.IOThreads), xml.IOThread{ID: id, Pool: xml.ThreadPool{Min: -1, Max: -1}})
		return nil
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			err := add(def)
			// A definition with one that is listed lists all of them.
			for i := range def.IOThreads {
				def.IOThreads[i].Auto = false
			}
			return err
		},
		live: func(h handle, def *xml.Domain) error {
			if err := add(def); err != nil {
				return err
			}
			args := map[string]any{"qom-type": "iothread", "id": iothreadAlias(id)}
			if _, err := h.monitor(c, "object-add", args, nil); err != nil {
				return err
			}
			return d.bindIOThread(c, h, def, id)
		},
	})
}

// bindIOThread gives a new thread the affinity of the whole machine.
func (d *Driver) bindIOThread(c *dispatch.Call, h handle, def *xml.Domain, id uint) error {
	threads, err := d.iothreads(c, h)
	if err != nil {
		return err
	}
	tid := threads[iothreadAlias(id)]
	switch {
	case tid == 0:
		return errInternal("cannot find new IOThread '%d' in QEMU monitor.", id)
	case def.VCPU.CPUSet == nil:
		return nil
	}
	if err := sys.SetAffinity(tid, def.VCPU.CPUSet.Members()); err != nil {
		return errSystem(err, "cannot set CPU affinity on process %d", tid)
	}
	return nil
}

func (d *Driver) delIOThread(c *dispatch.Call, a *remote.DomainDelIothreadArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	id := uint(a.IothreadID)
	if id == 0 {
		return nil, errNoIOThread0()
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error { return removeIOThread(def, id) },
		live: func(h handle, def *xml.Domain) error {
			if err := removeIOThread(def, id); err != nil {
				return err
			}
			_, err := h.monitor(c, "object-del", map[string]string{"id": iothreadAlias(id)}, nil)
			return err
		},
	})
}

func removeIOThread(def *xml.Domain, id uint) error {
	at := slices.IndexFunc(def.IOThreads, func(t xml.IOThread) bool { return t.ID == id })
	if at < 0 {
		return errDomainArg("cannot find IOThread '%d' in iothreadids list", id)
	}
	for _, disk := range def.Devices.Disks {
		if disk.Driver.IOThread == id || serves(disk.Driver.IOThreads, id) {
			return errDomainArg("cannot remove IOThread %d since it is being used by disk '%s'", id, disk.Target)
		}
	}
	for _, controller := range def.Devices.Controllers {
		if controller.Driver.IOThread == id || serves(controller.Driver.IOThreads, id) {
			return errDomainArg("cannot remove IOThread '%d' since it is being used by controller", id)
		}
	}
	def.IOThreads = slices.Delete(slices.Clone(def.IOThreads), at, at+1)
	// Those behind it cannot be counted any more, and so are listed.
	for i := range def.IOThreads[at:] {
		def.IOThreads[at+i].Auto = false
	}
	return nil
}

func serves(queues []xml.IOThreadQueues, id uint) bool {
	return slices.ContainsFunc(queues, func(q xml.IOThreadQueues) bool { return q.ID == id })
}

// iothreadFields are what can be changed of an iothread: QEMU's name, and where the document has it.
var iothreadFields = []struct {
	api, qemu string
	kind      int32
	set       func(t *xml.IOThread, v int64)
}{
	{"poll_max_ns", "poll-max-ns", virtype.TypedParamUllong, func(t *xml.IOThread, v int64) { t.PollMax = unsigned(v) }},
	{"poll_grow", "poll-grow", virtype.TypedParamUint, func(t *xml.IOThread, v int64) { t.PollGrow = unsigned(v) }},
	{"poll_shrink", "poll-shrink", virtype.TypedParamUint, func(t *xml.IOThread, v int64) { t.PollShrink = unsigned(v) }},
	{"thread_pool_min", "thread-pool-min", virtype.TypedParamInt, func(t *xml.IOThread, v int64) { t.Pool.Min = int(v) }},
	{"thread_pool_max", "thread-pool-max", virtype.TypedParamInt, func(t *xml.IOThread, v int64) { t.Pool.Max = int(v) }},
}

func unsigned(v int64) *uint64 {
	u := uint64(v)
	return &u
}

// readIOThread takes the values that a client gives, by the names of the API.
func readIOThread(params []remote.TypedParam) (map[string]int64, error) {
	allowed := virtype.Allowed{Types: map[string]int32{}}
	for _, f := range iothreadFields {
		allowed.Types[f.api] = f.kind
	}
	if err := allowed.Check(params); err != nil {
		return nil, err
	}
	values := map[string]int64{}
	for i := range params {
		v := &params[i].Value
		n := int64(v.I) + int64(v.Ui)
		if v.Ul > math.MaxInt32 || n > math.MaxInt32 {
			return nil, errTooLarge(params[i].Field, v)
		}
		values[params[i].Field] = n + int64(v.Ul)
	}
	low, high := values["thread_pool_min"], values["thread_pool_max"]
	switch _, given := values["thread_pool_max"]; {
	case low < -1:
		return nil, errUnsupportedConfig("thread_pool_min (%d) must be equal to or greater than -1", low)
	case given && (high < -1 || high == 0):
		return nil, errUnsupportedConfig("thread_pool_max (%d) must be a positive number or -1", high)
	}
	return values, nil
}

func errTooLarge(field string, v *remote.TypedParamValue) error {
	name := map[string]string{"poll_max_ns": "poll-max-ns", "poll_grow": "poll-grow", "poll_shrink": "poll-shrink"}[field]
	return errUnsupportedConfig("%s (%d) must be less than or equal to %d", name, v.Ul+uint64(v.Ui), math.MaxInt32)
}

func (d *Driver) setIOThread(c *dispatch.Call, a *remote.DomainSetIothreadParamsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	id := uint(a.IothreadID)
	if id == 0 {
		return nil, errNoIOThread0()
	}
	if _, err := d.find(a.Dom); err != nil {
		return nil, err
	}
	values, err := readIOThread(a.Params)
	if err != nil {
		return nil, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error { return changeIOThread(def, id, values, false) },
		live: func(h handle, def *xml.Domain) error {
			before := def.IOThread(id)
			if err := changeIOThread(def, id, values, true); err != nil {
				return err
			}
			return tuneIOThread(c, h, before, values)
		},
	})
}

func changeIOThread(def *xml.Domain, id uint, values map[string]int64, live bool) error {
	def.IOThreads = slices.Clone(def.IOThreads)
	t := def.IOThread(id)
	if t == nil {
		return errInvalidArg("cannot find IOThread '%d' in iothreadids", id)
	}
	for _, f := range iothreadFields {
		v, given := values[f.api]
		if !given {
			continue
		}
		if live && v < 0 { // QEMU cannot be told to use its default again
			return errInvalid("%s (%d) must be equal to or greater than 0 for live change", f.api, v)
		}
		f.set(t, v)
	}
	if t.Pool.Min > t.Pool.Max {
		return errInvalid("thread_pool_min (%d) can't be greater than thread_pool_max (%d)", t.Pool.Min, t.Pool.Max)
	}
	return nil
}

// tuneIOThread tells QEMU. Its lower bound must never be above its upper one, so the order matters.
func tuneIOThread(c *dispatch.Call, h handle, before *xml.IOThread, values map[string]int64) error {
	fields := slices.Clone(iothreadFields)
	if before.Pool.Max >= 0 && values["thread_pool_min"] > int64(before.Pool.Max) {
		last := len(fields) - 1
		fields[last-1], fields[last] = fields[last], fields[last-1]
	}
	for _, f := range fields {
		v, given := values[f.api]
		if !given {
			continue
		}
		args := map[string]any{"path": "/objects/" + iothreadAlias(before.ID), "property": f.qemu, "value": v}
		if _, err := h.monitor(c, "qom-set", args, nil); err != nil {
			return err
		}
	}
	return nil
}
