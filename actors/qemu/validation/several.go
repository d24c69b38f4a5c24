package validation

import "virtree.dev/protocol/xml/domain"

// panics checks the ways a guest tells of its crash.
func (v *check) panics() {
	m := v.machine
	for _, p := range v.doc.Devices.Panics {
		bare := p.DeviceInfo.Address.Type == ""
		switch p.Model {
		case "s390":
			v.refuse(!m.S390(), "only S390 guests support panic device of model 's390'")
			v.refuse(!bare, "setting the panic device address is not supported for model 's390'")
		case "hyperv":
			v.refuse(!m.X86(), "only i686 and x86_64 guests support panic device of model 'hyperv'")
			v.refuse(!bare, "setting the panic device address is not supported for model 'hyperv'")
		case "pseries":
			v.refuse(!m.PSeries(), "only pSeries guests support panic device of model 'pseries'")
			v.refuse(!bare, "setting the panic device address is not supported for model 'pseries'")
		case "isa":
			v.refuse(!v.has("pvpanic"), "the QEMU binary does not support the ISA panic device")
			v.refuse(!addressed(p, "isa"), "panic is supported only with ISA address type")
		case "pvpanic":
			v.refuse(!v.has("pvpanic-pci"), "the QEMU binary does not support the PCI pvpanic device")
			v.refuse(p.DeviceInfo.Address.Type != "pci", "pvpanic is supported only with PCI address type")
		}
	}
}

// tpms allows one module, and one beside it that speaks for another.
func (v *check) tpms() {
	proxies := 0
	for _, t := range v.doc.Devices.TPMs {
		if t.Model == "spapr-tpm-proxy" {
			proxies++
		}
	}
	v.refuse(proxies > 1, "only a single TPM Proxy device is supported")
	v.refuse(len(v.doc.Devices.TPMs)-proxies > 1, "only a single TPM non-proxy device is supported")
}

func (v *check) watchdogs() {
	seen := map[string]bool{}
	for _, w := range v.doc.Devices.Watchdogs {
		v.refuse(w.Model != "i6300esb" && seen[w.Model], "domain can only have one watchdog with model '%s'", w.Model)
		seen[w.Model] = true
	}
}

func (v *check) watchdog(w *domain.Watchdog) {
	all := v.doc.Devices.Watchdogs
	v.refuse(len(all) > 0 && all[0].Action != w.Action, "watchdogs with different actions are not supported with this QEMU binary")
	bare := w.DeviceInfo.Address.Type == ""
	switch w.Model {
	case "i6300esb":
		v.refuse(!addressed(w, "pci"), "%s model of watchdog can go only on PCI bus", w.Model)
	case "ib700":
		v.refuse(!v.machine.I440FX(), "%s model of watchdog cannot be used with this machine type", w.Model)
		v.refuse(!bare, "%s model of watchdog does not support configuring the address", w.Model)
	case "diag288":
		v.refuse(!bare, "%s model of watchdog is virtual and cannot go on any bus.", w.Model)
		v.refuse(!v.machine.S390(), "%s model of watchdog is allowed for s390 and s390x only", w.Model)
	case "itco":
		v.refuse(!bare, "%s model of watchdog is part of the machine and cannot have any address set.", w.Model)
		v.refuse(!v.machine.Q35(), "%s model of watchdog is only part of q35 machine", w.Model)
	}
}
