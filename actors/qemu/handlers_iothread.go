package qemu

import (
	"context"
	"fmt"
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) iothreadHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetIothreadInfo, dispatch.Worker, d.iothreadInfo)
	dispatch.Handle(t, remote.ProcDomainPinIothread, dispatch.Worker, d.pinIOThread)
	dispatch.Handle(t, remote.ProcDomainAddIothread, dispatch.Worker, d.addIOThread)
	dispatch.Handle(t, remote.ProcDomainDelIothread, dispatch.Worker, d.delIOThread)
	dispatch.Handle(t, remote.ProcDomainSetIothreadParams, dispatch.Worker, d.setIOThread)
}

func (d *Driver) iothreadInfo(c *dispatch.Call, a *remote.DomainGetIothreadInfoArgs) (*remote.DomainGetIothreadInfoRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
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
	host, err := d.host.OnlineCPUs()
	if err != nil {
		return nil, err
	}
	bytes := (host[len(host)-1] + 8) / 8
	r := &remote.DomainGetIothreadInfoRet{}
	add := func(id uint, cpus []int) {
		r.Info = append(r.Info, remote.DomainIothreadInfo{IothreadID: uint32(id), Cpumap: cpuMap(cpus, bytes)})
		r.Ret++
	}
	if def == o.Def && o.Active() {
		return r, d.liveIOThreads(c, d.handle(o), add)
	}
	for i := range def.IOThreads {
		cpus, err := d.pinned(def.IOThreads[i].Pin, def)
		if err != nil {
			return nil, err
		}
		add(def.IOThreads[i].ID, cpus)
	}
	return r, nil
}

// liveIOThreads tells where the threads may run, in QEMU's order.
func (d *Driver) liveIOThreads(c *dispatch.Call, h handle, add func(id uint, cpus []int)) error {
	list, err := query[[]iothread](c, h, "query-iothreads", nil)
	if err != nil {
		return err
	}
	for _, t := range list {
		cpus, err := sys.Affinity(t.Thread)
		if err != nil {
			return errSystem(err, "cannot get CPU affinity of process %d", t.Thread)
		}
		add(t.number(), cpus)
	}
	return nil
}

func iothreadAlias(id uint) string { return fmt.Sprintf("iothread%d", id) }

// iothreads gives the threads of a machine's iothreads by alias.
func (d *Driver) iothreads(c context.Context, h handle) (map[string]int, error) {
	list, err := query[[]iothread](c, h, "query-iothreads", nil)
	out := make(map[string]int, len(list))
	for _, t := range list {
		out[t.ID] = t.Thread
	}
	return out, err
}

func (d *Driver) pinIOThread(c *dispatch.Call, a *remote.DomainPinIothreadArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	pin, id := pinSet(a.Cpumap), uint(a.IothreadsID)
	set := func(def *xml.Domain, missing string) error {
		def.IOThreads = slices.Clone(def.IOThreads)
		t := def.IOThread(id)
		if t == nil {
			return errInvalidArg(missing, id)
		}
		t.Pin, t.Auto = pin, false
		return nil
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		check: func(_, _ *xml.Domain) error {
			if pin.Empty() {
				return errInvalidArg("Empty iothread cpumap list for pinning")
			}
			return nil
		},
		config: func(def *xml.Domain) error { return set(def, "iothreadid %d not found") },
		live: func(h handle, def *xml.Domain) error {
			if err := set(def, "iothread %d not found"); err != nil {
				return err
			}
			threads, err := d.iothreads(c, h)
			if err != nil {
				return err
			}
			if err := pinThread(threads[iothreadAlias(id)], pin); err != nil {
				return err
			}
			d.emitPin(h, fmt.Sprintf("cputune.iothreadpin%d", id), pin)
			return nil
		},
	})
}
