package qemu

import (
	"context"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
)

func (d *Driver) autostartHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetAutostart, dispatch.Inline, d.getAutostart)
	dispatch.Handle(t, remote.ProcDomainSetAutostart, dispatch.Worker, d.setAutostart)
	dispatch.Handle(t, remote.ProcDomainGetAutostartOnce, dispatch.Inline, d.getAutostartOnce)
	dispatch.Handle(t, remote.ProcDomainSetAutostartOnce, dispatch.Worker, d.setAutostartOnce)
}

func (d *Driver) getAutostart(_ *dispatch.Call, a *remote.DomainGetAutostartArgs) (*remote.DomainGetAutostartRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetAutostartRet{Autostart: flag(o.Autostart)}, nil
}

// getAutostartOnce tells of the next start of the daemon only.
func (d *Driver) getAutostartOnce(_ *dispatch.Call, a *remote.DomainGetAutostartOnceArgs) (*remote.DomainGetAutostartOnceRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetAutostartOnceRet{Autostart: flag(o.AutostartOnce)}, nil
}

func (d *Driver) setAutostart(c *dispatch.Call, a *remote.DomainSetAutostartArgs) (*dispatch.Void, error) {
	return nil, d.changeAutostart(c, a.Dom, a.Autostart != 0, false)
}

func (d *Driver) setAutostartOnce(c *dispatch.Call, a *remote.DomainSetAutostartOnceArgs) (*dispatch.Void, error) {
	return nil, d.changeAutostart(c, a.Dom, a.Autostart != 0, true)
}

func (d *Driver) changeAutostart(c *dispatch.Call, dom remote.NonnullDomain, on, once bool) error {
	o, err := d.find(dom)
	if err != nil {
		return err
	}
	if !o.Persistent {
		return errInvalid("cannot set autostart for transient domain")
	}
	return d.withJob(c, dom, domain.JobModify, func(h handle) error {
		if !h.object.Persistent {
			return errInvalid("cannot set autostart for transient domain")
		}
		_, err := call(context.WithoutCancel(c), h, setAutostart{On: on, Once: once})
		return err
	})
}
