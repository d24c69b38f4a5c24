package qemu

import (
	"os"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// Queries that the published object answers.
func (d *Driver) queryHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetState, dispatch.Inline, d.getState)
	dispatch.Handle(t, remote.ProcDomainGetInfo, dispatch.Inline, d.getInfo)
	dispatch.Handle(t, remote.ProcDomainGetXMLDesc, dispatch.Inline, d.getXML)
	dispatch.Handle(t, remote.ProcDomainIsActive, dispatch.Inline, d.isActive)
	dispatch.Handle(t, remote.ProcDomainIsPersistent, dispatch.Inline, d.isPersistent)
	dispatch.Handle(t, remote.ProcDomainIsUpdated, dispatch.Inline, d.isUpdated)
	dispatch.Handle(t, remote.ProcDomainGetOSType, dispatch.Inline, d.getOSType)
	dispatch.Handle(t, remote.ProcDomainGetControlInfo, dispatch.Inline, d.getControlInfo)
	dispatch.Handle(t, remote.ProcDomainHasManagedSaveImage, dispatch.Inline, d.hasManagedSave)
	dispatch.Handle(t, remote.ProcDomainManagedSaveRemove, dispatch.Worker, d.managedSaveRemove)
	dispatch.Handle(t, remote.ProcDomainGetSecurityLabel, dispatch.Inline, d.securityLabel)
	dispatch.Handle(t, remote.ProcDomainGetSecurityLabelList, dispatch.Inline, d.securityLabels)
	dispatch.Handle(t, remote.ProcDomainGetMessages, dispatch.Inline, d.messages)
	dispatch.Handle(t, remote.ProcDomainGetHostname, dispatch.Inline, d.guestHostname)
}

func flag(b bool) int32 {
	if b {
		return 1
	}
	return 0
}

func (d *Driver) getState(c *dispatch.Call, a *remote.DomainGetStateArgs) (*remote.DomainGetStateRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetStateRet{State: int32(o.State), Reason: int32(o.Reason)}, nil
}

func (d *Driver) getInfo(_ *dispatch.Call, a *remote.DomainGetInfoArgs) (*remote.DomainGetInfoRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetInfoRet{
		State: uint8(o.State), MaxMem: o.Def.Memory.Total, Memory: o.Def.Memory.Current,
		NrVirtCPU: uint16(o.Def.VCPU.Online()),
	}
	if o.Active() {
		if times, err := d.host.ProcessTimes(o.PID); err == nil {
			r.CPUTime = uint64(times.CPU())
		}
	}
	return r, nil
}

// flagsXML are those of virDomainGetXMLDesc.
const (
	xmlSecure = 1 << iota
	xmlInactive
	xmlUpdateCPU
	xmlMigratable
)

func (d *Driver) getXML(c *dispatch.Call, a *remote.DomainGetXMLDescArgs) (*remote.DomainGetXMLDescRet, error) {
	if err := checkFlags(c, a.Flags, xmlSecure|xmlInactive|xmlUpdateCPU|xmlMigratable); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	inactive := a.Flags&xmlInactive != 0
	def := o.Def
	if inactive && o.Next != nil {
		def = o.Next
	}
	if a.Flags&xmlUpdateCPU != 0 && (inactive || !o.Active()) {
		if def, err = d.updatedCPU(def); err != nil {
			return nil, err
		}
	}
	secure := a.Flags&xmlSecure != 0
	if a.Flags&xmlMigratable != 0 {
		if o.Active() && !inactive && o.Status.CPU != nil {
			asked := *def
			asked.CPU, def = o.Status.CPU, &asked
		}
		next, err := d.migratable(def)
		if err != nil {
			return nil, err
		}
		text := next.Format(xml.FormatOptions{Secure: true, Inactive: inactive, Migratable: true})
		return &remote.DomainGetXMLDescRet{XML: text}, nil
	}
	text := def.Format(xml.FormatOptions{Secure: secure, Inactive: inactive})
	return &remote.DomainGetXMLDescRet{XML: text}, nil
}

func (d *Driver) isActive(_ *dispatch.Call, a *remote.DomainIsActiveArgs) (*remote.DomainIsActiveRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainIsActiveRet{Active: flag(o.Active())}, nil
}

func (d *Driver) isPersistent(_ *dispatch.Call, a *remote.DomainIsPersistentArgs) (*remote.DomainIsPersistentRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainIsPersistentRet{Persistent: flag(o.Persistent)}, nil
}

func (d *Driver) isUpdated(_ *dispatch.Call, a *remote.DomainIsUpdatedArgs) (*remote.DomainIsUpdatedRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainIsUpdatedRet{Updated: flag(o.Updated)}, nil
}

func (d *Driver) getOSType(_ *dispatch.Call, a *remote.DomainGetOSTypeArgs) (*remote.DomainGetOSTypeRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetOSTypeRet{Type: o.Def.OS.Type}, nil
}

func (d *Driver) getControlInfo(c *dispatch.Call, a *remote.DomainGetControlInfoArgs) (*remote.DomainGetControlInfoRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetControlInfoRet{State: virtype.DomainControlOk}
	if o.Job.Kind != domain.NoJob {
		r.State = virtype.DomainControlOccupied
		r.StateTime = uint64(time.Since(o.Job.Since).Milliseconds())
	}
	return r, nil
}

func (d *Driver) hasManagedSave(c *dispatch.Call, a *remote.DomainHasManagedSaveImageArgs) (*remote.DomainHasManagedSaveImageRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	return &remote.DomainHasManagedSaveImageRet{Result: flag(o.ManagedSave)}, nil
}

// managedSaveRemove takes away the image that the next start would begin with.
func (d *Driver) managedSaveRemove(c *dispatch.Call, a *remote.DomainManagedSaveRemoveArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	path := d.files.managedSave(o.Name)
	if err := os.Remove(path); err != nil {
		return nil, errSystem(err, "Failed to remove managed save file '%s'", path)
	}
	return nil, c.Wait(func() error {
		_, err := call(c, d.handle(o), look{})
		return err
	})
}

// guestHostname would be asked of the guest's agent or of a network's leases.
func (d *Driver) guestHostname(c *dispatch.Call, a *remote.DomainGetHostnameArgs) (*remote.DomainGetHostnameRet, error) {
	const known = virtype.DomainGetHostnameLease | virtype.DomainGetHostnameAgent
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	if a.Flags == known {
		return nil, errExclusive(virerr.FromQEMU, functionName(c.Proc.API), "ctl",
			"VIR_DOMAIN_GET_HOSTNAME_LEASE", "VIR_DOMAIN_GET_HOSTNAME_AGENT")
	}
	if a.Flags&virtype.DomainGetHostnameLease == 0 {
		return nil, d.noAgent(c, a.Dom, true)
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	for _, nic := range o.Def.Devices.Interfaces {
		if nic.Type == "network" {
			return nil, dispatch.Unsupported(c.Proc) // leases are those of libvirt's own networks
		}
	}
	return nil, virerr.New(virerr.FromQEMU, virerr.NoHostname, "no hostname found for domain %s", o.Name)
}

// taintTexts are what virDomainGetMessages says of a taint.
var taintTexts = map[string]string{
	"custom-argv":               "tainted: custom configuration parameters specified",
	"custom-monitor":            "tainted: custom monitor control commands issued",
	"high-privileges":           "tainted: running with undesirable elevated privileges",
	"shell-scripts":             "tainted: network configuration using opaque shell scripts",
	"disk-probing":              "tainted: potentially unsafe disk format probing",
	"external-launch":           "tainted: managing externally launched configuration",
	"host-cpu":                  "tainted: potentially unsafe use of host CPU passthrough",
	"hook-script":               "tainted: configuration potentially modified by hook script",
	"cdrom-passthrough":         "tainted: use of host cdrom passthrough",
	"custom-dtb":                "tainted: custom device tree blob used",
	"custom-ga-command":         "tainted: custom guest agent control commands issued",
	"custom-hypervisor-feature": "tainted: hypervisor feature autodetection override",
	"deprecated-config":         "tainted: use of deprecated configuration settings",
	"custom-device":             "tainted: custom device configuration",
	"nbdkit-restart":            "tainted: nbdkit restart failed",
}

func (d *Driver) messages(c *dispatch.Call, a *remote.DomainGetMessagesArgs) (*remote.DomainGetMessagesRet, error) {
	const known = virtype.DomainMessageDeprecation | virtype.DomainMessageTainting
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetMessagesRet{}
	if o.Status == nil {
		return r, nil
	}
	if a.Flags == 0 || a.Flags&virtype.DomainMessageTainting != 0 {
		for _, taint := range o.Status.Taints {
			r.Msgs = append(r.Msgs, taintTexts[taint])
		}
	}
	if a.Flags == 0 || a.Flags&virtype.DomainMessageDeprecation != 0 {
		for _, text := range o.Status.Deprecations {
			r.Msgs = append(r.Msgs, "deprecated configuration: "+text)
		}
	}
	return r, nil
}
