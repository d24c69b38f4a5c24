package qemu

import (
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
	threads := map[string]int{}
	if def == o.Def && o.Active() && len(def.IOThreads) > 0 {
		if threads, err = d.iothreads(c, d.handle(o)); err != nil {
			return nil, err
		}
	}
	r := &remote.DomainGetIothreadInfoRet{}
	for i := range def.IOThreads {
		t := &def.IOThreads[i]
		cpus, err := d.pinned(t.Pin, def)
		if tid := threads[iothreadAlias(t.ID)]; tid > 0 {
			cpus, err = sys.Affinity(tid)
		}
		if err != nil {
			return nil, err
		}
		r.Info = append(r.Info, remote.DomainIothreadInfo{IothreadID: uint32(t.ID), Cpumap: cpuMap(cpus, bytes)})
	}
	r.Ret = uint32(len(r.Info))
	return r, nil
}

func iothreadAlias(id uint) string { return fmt.Sprintf("iothread%d", id) }

// iothreads gives the threads of a machine's iothreads by alias.
func (d *Driver) iothreads(c *dispatch.Call, h handle) (map[string]int, error) {
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
	pin, err := pinSet(a.Cpumap)
	if err != nil {
		return nil, err
	}
	set := func(def *xml.Domain) error {
		def.IOThreads = slices.Clone(def.IOThreads)
		t := def.IOThread(uint(a.IothreadsID))
		if t == nil {
			return errInvalidArg("iothreadid %d not found", a.IothreadsID)
		}
		t.Pin = pin
		return nil
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: set,
		live: func(h handle, def *xml.Domain) error {
			if err := set(def); err != nil {
				return err
			}
			threads, err := d.iothreads(c, h)
			if err != nil {
				return err
			}
			return pinThread(threads[iothreadAlias(uint(a.IothreadsID))], pin)
		},
	})
}
