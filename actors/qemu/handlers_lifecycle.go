package qemu

import (
	"context"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
)

func (d *Driver) lifecycleHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainCreate, dispatch.Worker, d.create)
	dispatch.Handle(t, remote.ProcDomainCreateWithFlags, dispatch.Worker, d.createWithFlags)
	dispatch.Handle(t, remote.ProcDomainCreateXML, dispatch.Worker, d.createXML)
	t.AsksItself(remote.ProcDomainCreateXML)
	dispatch.Handle(t, remote.ProcDomainDestroy, dispatch.Worker, d.destroy)
	dispatch.Handle(t, remote.ProcDomainDestroyFlags, dispatch.Worker, d.destroyFlags)
	dispatch.Handle(t, remote.ProcDomainSuspend, dispatch.Worker, d.suspend)
	dispatch.Handle(t, remote.ProcDomainResume, dispatch.Worker, d.resume)
	dispatch.Handle(t, remote.ProcDomainShutdown, dispatch.Worker, d.shutdown)
	dispatch.Handle(t, remote.ProcDomainShutdownFlags, dispatch.Worker, d.shutdownFlags)
	dispatch.Handle(t, remote.ProcDomainReboot, dispatch.Worker, d.reboot)
	dispatch.Handle(t, remote.ProcDomainReset, dispatch.Worker, d.reset)
	dispatch.Handle(t, remote.ProcDomainInjectNMI, dispatch.Worker, d.injectNMI)
	dispatch.Handle(t, remote.ProcDomainPMWakeup, dispatch.Worker, d.wakeUp)
}

const createFlags = uint32(startPaused | startAutodestroy | startBypassCache | startForceBoot | startResetNVRAM)

func (d *Driver) create(c *dispatch.Call, a *remote.DomainCreateArgs) (*dispatch.Void, error) {
	_, err := d.createDomain(c, a.Dom, 0)
	return nil, err
}

func (d *Driver) createWithFlags(c *dispatch.Call, a *remote.DomainCreateWithFlagsArgs) (*remote.DomainCreateWithFlagsRet, error) {
	dom, err := d.createDomain(c, a.Dom, a.Flags)
	return &remote.DomainCreateWithFlagsRet{Dom: dom}, err
}

// createDomain starts a domain that is defined.
func (d *Driver) createDomain(c *dispatch.Call, dom remote.NonnullDomain, flags uint32) (remote.NonnullDomain, error) {
	if err := checkFlags(c, flags, createFlags); err != nil {
		return dom, err
	}
	err := d.withJob(c, dom, domain.JobStart, func(h handle) error {
		if h.object.Active() {
			return errAlreadyRunning()
		}
		return d.startFor(c, h, startFlags(flags))
	})
	if o := d.registry.ByUUID(domain.UUID(dom.UUID)); o != nil {
		dom = wire(o)
	}
	return dom, err
}

// startFor starts a domain for a client, with whom the machine ends when the client wants that.
func (d *Driver) startFor(c *dispatch.Call, h handle, flags startFlags) error {
	if err := d.start(context.WithoutCancel(c), h, flags); err != nil {
		return err
	}
	if flags&startAutodestroy != 0 {
		d.endWithSession(c.Session, h.object.UUID)
	}
	return nil
}

func (d *Driver) createXML(c *dispatch.Call, a *remote.DomainCreateXMLArgs) (*remote.DomainCreateXMLRet, error) {
	dom, err := d.createFromXML(c, a.XMLDesc, a.Flags)
	return &remote.DomainCreateXMLRet{Dom: dom}, err
}

// createFromXML starts a transient domain, or a defined one with another document.
func (d *Driver) createFromXML(c *dispatch.Call, text string, flags uint32) (dom remote.NonnullDomain, err error) {
	const known = uint32(startPaused | startAutodestroy | startValidate | startResetNVRAM)
	if err := checkFlags(c, flags, known); err != nil {
		return dom, err
	}
	def, err := d.parseDocument(c, text, startFlags(flags)&startValidate != 0)
	if err != nil {
		return dom, err
	}
	if err := c.Ensure(domainDetails(def.Name, def.UUID)); err != nil {
		return dom, err
	}
	ctx := context.WithoutCancel(c)
	job := domain.Job{Kind: domain.JobStart, API: dispatcherName(c.Proc.API), Client: c.Session.String()}
	err = c.Wait(func() error {
		h, err := d.claim(ctx, def, claimToStart)
		if err != nil {
			return err
		}
		err = d.hold(ctx, h, job, func(h handle) error {
			h.document = def
			return d.startFor(c, h, startFlags(flags))
		})
		if err != nil {
			_, _ = call(ctx, h, discard{})
		}
		return err
	})
	if o := d.registry.ByUUID(def.UUID); o != nil {
		dom = wire(o)
	}
	return dom, err
}

// wire makes what the protocol calls a domain.
func wire(o *domain.Object) remote.NonnullDomain {
	return remote.NonnullDomain{Name: o.Name, UUID: remote.UUID(o.UUID), ID: int32(o.ID)}
}

func (d *Driver) destroy(c *dispatch.Call, a *remote.DomainDestroyArgs) (*dispatch.Void, error) {
	return nil, d.destroyDomain(c, a.Dom, 0)
}

func (d *Driver) destroyFlags(c *dispatch.Call, a *remote.DomainDestroyFlagsArgs) (*dispatch.Void, error) {
	const known = virtype.DomainDestroyGraceful | virtype.DomainDestroyRemoveLogs
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	return nil, d.destroyDomain(c, a.Dom, a.Flags)
}

// destroyDomain ends a machine without asking for its job: whoever holds that gets an error.
func (d *Driver) destroyDomain(c *dispatch.Call, dom remote.NonnullDomain, flags uint32) error {
	o, err := d.running(dom)
	if err != nil {
		return err
	}
	h := d.handle(o)
	ctx := context.WithoutCancel(c)
	return c.Wait(func() error {
		req := stop{Reason: domain.ShutoffDestroyed, Graceful: flags&virtype.DomainDestroyGraceful != 0}
		if _, err := call(ctx, h, req); err != nil {
			return err
		}
		if flags&virtype.DomainDestroyRemoveLogs != 0 {
			d.stdio.Flush(ctx)
			removeLogs(d.files.log(o.Name))
		}
		return nil
	})
}

func (d *Driver) suspend(c *dispatch.Call, a *remote.DomainSuspendArgs) (*dispatch.Void, error) {
	return nil, d.active(c, a.Dom, domain.JobSuspend, func(h handle) error {
		switch h.object.State {
		case domain.PMSuspended:
			return errInvalid("domain is pmsuspended")
		case domain.Paused:
			return nil
		}
		return h.stopCPUs(c, domain.PausedUser)
	})
}

func (d *Driver) resume(c *dispatch.Call, a *remote.DomainResumeArgs) (*dispatch.Void, error) {
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		switch h.object.State {
		case domain.PMSuspended:
			return errInvalid("domain is pmsuspended")
		case domain.Running:
			return errInvalid("domain is already running")
		}
		return h.startCPUs(c, domain.RunningUnpaused)
	})
}

func (d *Driver) shutdown(c *dispatch.Call, a *remote.DomainShutdownArgs) (*dispatch.Void, error) {
	return nil, d.powerDown(c, a.Dom, false)
}

func (d *Driver) shutdownFlags(c *dispatch.Call, a *remote.DomainShutdownFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainShutdownAcpiPowerBtn|virtype.DomainShutdownGuestAgent); err != nil {
		return nil, err
	}
	if a.Flags == virtype.DomainShutdownGuestAgent {
		return nil, d.noAgent(c, a.Dom, false)
	}
	return nil, d.powerDown(c, a.Dom, false)
}

func (d *Driver) reboot(c *dispatch.Call, a *remote.DomainRebootArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainRebootAcpiPowerBtn|virtype.DomainRebootGuestAgent); err != nil {
		return nil, err
	}
	if a.Flags == virtype.DomainRebootGuestAgent {
		return nil, d.noAgent(c, a.Dom, false)
	}
	return nil, d.powerDown(c, a.Dom, true)
}

// powerDown presses the machine's power button; for a reboot its power-off is turned into one.
func (d *Driver) powerDown(c *dispatch.Call, dom remote.NonnullDomain, reboot bool) error {
	return d.withJob(c, dom, domain.JobModify, func(h handle) error {
		o := h.object
		switch {
		case reboot && !o.Active():
			return errNotRunning()
		case !reboot && o.State != domain.Running:
			return errInvalid(notRunning)
		}
		if o.Def.OnReboot == "destroy" || o.Def.OnReboot == "preserve" {
			reboot = false
		}
		_, err := h.monitor(c, "system_powerdown", nil, domain.RebootComing{Wanted: reboot})
		return err
	})
}

func (d *Driver) reset(c *dispatch.Call, a *remote.DomainResetArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		_, err := h.monitor(c, "system_reset", nil, domain.RebootComing{})
		return err
	})
}

func (d *Driver) injectNMI(c *dispatch.Call, a *remote.DomainInjectNMIArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		_, err := h.monitor(c, "inject-nmi", nil, nil)
		return err
	})
}

func (d *Driver) wakeUp(c *dispatch.Call, a *remote.DomainPMWakeupArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		_, err := h.monitor(c, "system_wakeup", nil, nil)
		return err
	})
}
