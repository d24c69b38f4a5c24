package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/actors/qemu/security"
	"virtree.dev/internal/account"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/capabilities"
)

// secModels are the host's security models, as capabilities tell of them.
func (d *Driver) secModels() []capabilities.SecModel {
	var out []capabilities.SecModel
	for _, model := range d.security.Models() {
		m := capabilities.SecModel{Model: model, DOI: security.DOI}
		if base := d.security.BaseLabel(model); base != "" {
			for _, kind := range []string{"kvm", "qemu"} {
				m.Labels = append(m.Labels, capabilities.BaseLabel{Type: kind, Label: base})
			}
		}
		out = append(out, m)
	}
	return out
}

// nodeSecurityModel tells of the first model alone.
func (d *Driver) nodeSecurityModel(*dispatch.Call, *dispatch.Void) (*remote.NodeGetSecurityModelRet, error) {
	return &remote.NodeGetSecurityModelRet{Model: chars(d.security.Models()[0]), Doi: chars(security.DOI)}, nil
}

// securityLabel tells a machine's label of the first model.
func (d *Driver) securityLabel(_ *dispatch.Call, a *remote.DomainGetSecurityLabelArgs) (*remote.DomainGetSecurityLabelRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetSecurityLabelRet{Label: chars("")}
	if o.Active() {
		r.Label, err = d.labelOf(o, d.security.Models()[0])
	}
	return r, err
}

// securityLabels tells a machine's labels of all models.
func (d *Driver) securityLabels(_ *dispatch.Call, a *remote.DomainGetSecurityLabelListArgs) (*remote.DomainGetSecurityLabelListRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetSecurityLabelListRet{}
	if !o.Active() {
		return r, nil
	}
	for _, model := range d.security.Models() {
		label, err := d.labelOf(o, model)
		if err != nil {
			return nil, err
		}
		r.Labels = append(r.Labels, remote.DomainGetSecurityLabelRet{Label: label})
	}
	r.Ret = int32(len(r.Labels))
	return r, nil
}

func (d *Driver) labelOf(o *domain.Object, model string) ([]int8, error) {
	label, err := d.security.ProcessLabel(model, o.Def, func() (string, error) {
		uid, gid, err := d.host.ProcessOwner(o.PID)
		if err != nil {
			return "", virerr.System(virerr.FromSecurity, err, "unable to get uid and gid for PID %d via procfs", o.PID)
		}
		return account.IDs{UID: uid, GID: gid}.String(), nil
	})
	return chars(label), err
}
