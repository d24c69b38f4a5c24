package command

import (
	"fmt"

	"virtree.dev/protocol/xml/domain"
)

// hyperv are the enlightenments, which QEMU takes as features of the processor.
func (b *builder) hyperv() string {
	text, h := "", &b.doc.Features.HyperV
	if h.Mode != "" {
		if h.Mode == "passthrough" {
			text = ",hv-passthrough=on"
		}
		text += enlightenments(h)
	}
	for _, p := range b.doc.Devices.Panics {
		if p.Model == "hyperv" {
			return text + ",hv-crash"
		}
	}
	return text
}

// enlightenments gives those that are on, in libvirt's order.
func enlightenments(h *domain.HyperV) string {
	text := ""
	for _, e := range []struct {
		on     domain.Tristate
		option string
	}{
		{h.Relaxed, "hv-relaxed=on"},
		{h.VAPIC, "hv-vapic=on"},
		{h.Spinlocks, fmt.Sprintf("hv-spinlocks=0x%x", h.Retries)},
		{h.VPIndex, "hv-vpindex=on"},
		{h.Runtime, "hv-runtime=on"},
		{h.SynIC, "hv-synic=on"},
		{h.STimer, "hv-stimer=on"},
		{h.STimerDirect, "hv-stimer-direct=on"},
		{h.Reset, "hv-reset=on"},
		{h.VendorID, "hv-vendor-id=" + h.VendorIDValue},
		{h.Frequencies, "hv-frequencies=on"},
		{h.Reenlightenment, "hv-reenlightenment=on"},
		{h.TLBFlush, "hv-tlbflush=on"},
		{h.TLBFlushDirect, "hv-tlbflush-direct=on"},
		{h.TLBFlushExtended, "hv-tlbflush-ext=on"},
		{h.IPI, "hv-ipi=on"},
		{h.EVMCS, "hv-evmcs=on"},
		{h.AVIC, "hv-avic=on"},
		{h.EMSRBitmap, "hv-emsr-bitmap=on"},
		{h.XMMInput, "hv-xmm-input=on"},
	} {
		if e.on == domain.On {
			text += "," + e.option
		}
	}
	return text
}

// kvmFlags are what the guest may know of KVM.
func (b *builder) kvmFlags() string {
	k := b.doc.Features.KVM
	if k == nil {
		return ""
	}
	text := ""
	if k.Hidden == domain.On {
		text += ",kvm=off"
	}
	if k.HintDedicated == domain.On {
		text += ",kvm-hint-dedicated=on"
	}
	if k.PollControl == domain.On {
		text += ",kvm-poll-control=on"
	}
	if k.PVIPI == domain.Off {
		text += ",kvm-pv-ipi=off"
	}
	return text
}
