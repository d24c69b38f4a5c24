package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) dirtyRateHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainStartDirtyRateCalc, dispatch.Worker, d.startDirtyRate)
	dispatch.Handle(t, remote.ProcDomainGetLaunchSecurityInfo, dispatch.Inline, d.launchSecurityInfo)
}

// The bounds of a measurement, in seconds.
const (
	minDirtyRate = 1
	maxDirtyRate = 60
)

func (d *Driver) startDirtyRate(c *dispatch.Call, a *remote.DomainStartDirtyRateCalcArgs) (*dispatch.Void, error) {
	const known = virtype.DomainDirtyrateModePageSampling | virtype.DomainDirtyrateModeDirtyBitmap |
		virtype.DomainDirtyrateModeDirtyRing
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	if a.Seconds < minDirtyRate || a.Seconds > maxDirtyRate {
		return nil, errUnsupportedConfig("seconds=%d is invalid, please choose value within [%d, %d].",
			a.Seconds, minDirtyRate, maxDirtyRate)
	}
	return nil, d.active(c, a.Dom, domain.JobModify, func(h handle) error {
		mode, err := dirtyRateMode(h, a.Flags)
		if err != nil {
			return err
		}
		args := map[string]any{"calc-time": a.Seconds}
		if mode != "" {
			args["mode"] = mode
		}
		_, err = h.monitor(c, "calc-dirty-rate", args, nil)
		return err
	})
}

// dirtyRateMode gives QEMU's word for a mode; the default has none, as old ones knew no other.
func dirtyRateMode(h handle, flags uint32) (string, error) {
	mode := ""
	switch {
	case !h.hasCap("calc-dirty-rate"):
		return "", errUnsupportedOperation("QEMU does not support calculating dirty page rate")
	case flags&virtype.DomainDirtyrateModeDirtyBitmap != 0:
		mode = "dirty-bitmap"
	case flags&virtype.DomainDirtyrateModeDirtyRing != 0:
		if kvm := h.object.Def.Features.KVM; kvm == nil || kvm.DirtyRing != xml.On {
			return "", errUnsupportedOperation("dirty-ring calculation mode requires dirty-ring feature enabled.")
		}
		mode = "dirty-ring"
	}
	if mode != "" && !h.hasCap("dirtyrate-param.mode") {
		return "", errUnsupportedOperation("QEMU does not support dirty page rate calculation mode.")
	}
	return mode, nil
}

// launchSecurityInfo has nothing to tell of guests that are not protected by SEV.
func (d *Driver) launchSecurityInfo(c *dispatch.Call, a *remote.DomainGetLaunchSecurityInfoArgs) (*remote.DomainGetLaunchSecurityInfoRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	if sec := o.Def.LaunchSecurity; sec != nil && (sec.Type == "sev" || sec.Type == "sev-snp") {
		if err := checkFlags(c, a.Flags, virtype.TypedParamStringOkay); err != nil {
			return nil, err
		}
		if !o.Active() {
			return nil, errNotRunning()
		}
		return nil, dispatch.Unsupported(c.Proc)
	}
	return &remote.DomainGetLaunchSecurityInfoRet{}, nil
}
