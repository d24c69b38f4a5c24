package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	machines "virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// What only the agent in a guest could do. It is not spoken to yet: these say what
// libvirt says without one, and "unsupported" where one is there.
func (d *Driver) agentHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainPMSuspendForDuration, dispatch.Inline, d.suspendGuest)
	dispatch.Handle(t, remote.ProcDomainAgentSetResponseTimeout, dispatch.Worker, d.setAgentTimeout)
	dispatch.Handle(t, remote.ProcDomainFstrim, dispatch.Inline, d.trimFilesystems)
	dispatch.Handle(t, remote.ProcDomainGetGuestInfo, dispatch.Inline, d.guestInfo)
	dispatch.Handle(t, remote.ProcDomainSetGuestVcpus, dispatch.Inline, d.setGuestVCPUs)
	dispatch.Handle(t, remote.ProcDomainFsfreeze, dispatch.Inline,
		agentOnly[remote.DomainFsfreezeArgs, remote.DomainFsfreezeRet](d, 0, true,
			func(a *remote.DomainFsfreezeArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainFsthaw, dispatch.Inline,
		agentOnly[remote.DomainFsthawArgs, remote.DomainFsthawRet](d, 0, true,
			func(a *remote.DomainFsthawArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainGetTime, dispatch.Inline,
		agentOnly[remote.DomainGetTimeArgs, remote.DomainGetTimeRet](d, 0, true,
			func(a *remote.DomainGetTimeArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainSetTime, dispatch.Inline, d.setTime)
	dispatch.Handle(t, remote.ProcDomainGetFsinfo, dispatch.Inline,
		agentOnly[remote.DomainGetFsinfoArgs, remote.DomainGetFsinfoRet](d, 0, true,
			func(a *remote.DomainGetFsinfoArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainSetUserPassword, dispatch.Inline,
		agentOnly[remote.DomainSetUserPasswordArgs, dispatch.Void](d, virtype.DomainPasswordEncrypted, true,
			func(a *remote.DomainSetUserPasswordArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainGetGuestVcpus, dispatch.Inline,
		agentOnly[remote.DomainGetGuestVcpusArgs, remote.DomainGetGuestVcpusRet](d, 0, false,
			func(a *remote.DomainGetGuestVcpusArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	dispatch.Handle(t, remote.ProcDomainAuthorizedSSHKeysGet, dispatch.Inline,
		agentOnly[remote.DomainAuthorizedSSHKeysGetArgs, remote.DomainAuthorizedSSHKeysGetRet](d, 0, false,
			func(a *remote.DomainAuthorizedSSHKeysGetArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
	const keysFlags = virtype.DomainAuthorizedSSHKeysSetAppend | virtype.DomainAuthorizedSSHKeysSetRemove
	dispatch.Handle(t, remote.ProcDomainAuthorizedSSHKeysSet, dispatch.Inline,
		agentOnly[remote.DomainAuthorizedSSHKeysSetArgs, dispatch.Void](d, keysFlags, false,
			func(a *remote.DomainAuthorizedSSHKeysSetArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags }))
}

// agentCommand is the one of the qemu program.
func (d *Driver) agentCommand() func(*dispatch.Call, *qemuprog.DomainAgentCommandArgs) (*qemuprog.DomainAgentCommandRet, error) {
	return agentOnly[qemuprog.DomainAgentCommandArgs, qemuprog.DomainAgentCommandRet](d, 0, true,
		func(a *qemuprog.DomainAgentCommandArgs) (remote.NonnullDomain, uint32) { return a.Dom, a.Flags })
}

// agentOnly makes the handler of a call that comes to nothing without an agent. Some
// of libvirt's functions ask for a machine first, others for the agent.
func agentOnly[A, R any](d *Driver, known uint32, machineFirst bool, of func(*A) (remote.NonnullDomain, uint32)) func(*dispatch.Call, *A) (*R, error) {
	return func(c *dispatch.Call, a *A) (*R, error) {
		dom, flags := of(a)
		if err := checkFlags(c, flags, known); err != nil {
			return nil, err
		}
		return nil, d.noAgent(c, dom, machineFirst)
	}
}

// noAgent says why the agent of a guest cannot be asked.
func (d *Driver) noAgent(c *dispatch.Call, dom remote.NonnullDomain, machineFirst bool) error {
	o, err := d.find(dom)
	switch {
	case err != nil:
		return err
	case machineFirst && !o.Active():
		return errNotRunning()
	case o.State != domain.Running:
		return errInvalid(notRunning)
	}
	for _, channel := range o.Def.Devices.Channels {
		if channel.TargetType != "virtio" || channel.Name != agentChannel {
			continue
		}
		if channel.State == "connected" {
			return dispatch.Unsupported(c.Proc)
		}
		return virerr.New(virerr.FromQEMU, virerr.AgentUnresponsive, "QEMU guest agent is not connected")
	}
	return errUnsupportedArgument("QEMU guest agent is not configured")
}

// setTime needs QEMU's help beside the agent's: a clock that was set must not catch up.
func (d *Driver) setTime(c *dispatch.Call, a *remote.DomainSetTimeArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainTimeSync); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	if machines.Of(o.Def).X86() && !d.handle(o).hasCap("rtc-reset-reinjection") {
		return nil, errUnsupportedOperation("cannot set time: qemu doesn't support rtc-reset-reinjection command")
	}
	return nil, d.noAgent(c, a.Dom, true)
}

func (d *Driver) suspendGuest(c *dispatch.Call, a *remote.DomainPMSuspendForDurationArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	switch {
	case a.Duration != 0:
		return nil, errUnsupportedArgument("Duration not supported. Use 0 for now")
	case a.Target > virtype.NodeSuspendTargetHybrid:
		return nil, errInvalidArg("Unknown suspend target: %d", a.Target)
	}
	return nil, d.noAgent(c, a.Dom, false)
}

func (d *Driver) trimFilesystems(c *dispatch.Call, a *remote.DomainFstrimArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if a.MountPoint != nil {
		return nil, errUnsupportedArgument("Specifying mount point is not supported for now")
	}
	return nil, d.noAgent(c, a.Dom, false)
}

// guestInfoTypes are the kinds of information that an agent gives.
const guestInfoTypes = virtype.DomainGuestInfoUsers | virtype.DomainGuestInfoOS | virtype.DomainGuestInfoTimezone |
	virtype.DomainGuestInfoHostname | virtype.DomainGuestInfoFilesystem | virtype.DomainGuestInfoDisks |
	virtype.DomainGuestInfoInterfaces | virtype.DomainGuestInfoLoad

func (d *Driver) guestInfo(c *dispatch.Call, a *remote.DomainGetGuestInfoArgs) (*remote.DomainGetGuestInfoRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if unknown := a.Types &^ guestInfoTypes; unknown != 0 {
		return nil, errInvalidArg("unsupported guest information types '0x%x'", unknown)
	}
	return nil, d.noAgent(c, a.Dom, false)
}

func (d *Driver) setGuestVCPUs(c *dispatch.Call, a *remote.DomainSetGuestVcpusArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if _, err := readVCPUMap(c, a.Cpumap, a.State); err != nil {
		return nil, err
	}
	return nil, d.noAgent(c, a.Dom, false)
}

// minAgentTimeout stands for a wait without an end.
const minAgentTimeout = -2

// setAgentTimeout keeps how long an agent may take, also for one that is still to come.
func (d *Driver) setAgentTimeout(c *dispatch.Call, a *remote.DomainAgentSetResponseTimeoutArgs) (*remote.DomainAgentSetResponseTimeoutRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	if a.Timeout < minAgentTimeout {
		return nil, errInvalidArg("guest agent timeout '%d' is less than the minimum '%d'", a.Timeout, minAgentTimeout)
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	err = c.Wait(func() error {
		_, err := call(c, d.handle(o), agentTimeout{Seconds: int(a.Timeout)})
		return err
	})
	return &remote.DomainAgentSetResponseTimeoutRet{}, err
}
