package validation

import "virtree.dev/protocol/xml/domain"

// lastSecond is the end of the year 9999, as far as dates can be written.
const lastSecond = 253402300799

func (v *check) clock() {
	for i := range v.doc.Clock.Timers {
		v.timer(&v.doc.Clock.Timers[i])
	}
	v.refuse(v.doc.Clock.Offset == "absolute" && v.doc.Clock.Start > lastSecond,
		"The maximum 'start' value for <clock offset='absolute'> is 253402300799")
}

func (v *check) timer(t *domain.Timer) {
	switch t.Name {
	case "platform":
		v.Unsupported("unsupported timer type (name) '%s'", t.Name)
	case "tsc", "kvmclock", "hypervclock":
		if !v.machine.X86() && t.Present == domain.Yes {
			v.timerElsewhere(t)
		}
	case "rtc":
		v.refuse(t.Track == "boot", "unsupported rtc timer track '%s'", t.Track)
		v.refuse(oneOf(t.TickPolicy, "merge", "discard"), "unsupported rtc timer tickpolicy '%s'", t.TickPolicy)
	case "pit":
		v.refuse(t.TickPolicy == "merge" || t.TickPolicy == "catchup" && !v.has("kvm-pit-lost-tick-policy"),
			"unsupported pit tickpolicy '%s'", t.TickPolicy)
	case "hpet":
		v.refuse(t.Present == domain.Yes && !v.machine.X86(), "hpet timer is not supported by this architecture")
	case "armvtimer":
		v.armTimer(t)
	}
}

func (v *check) timerElsewhere(t *domain.Timer) {
	v.Unsupported("Configuring the '%s' timer is not supported for virtType=%s arch=%s machine=%s guests",
		t.Name, v.doc.Type, v.machine.Arch, v.machine.Name)
}

func (v *check) armTimer(t *domain.Timer) {
	if v.doc.Type != "kvm" || !v.machine.ARMVirt() {
		v.timerElsewhere(t)
	}
	v.refuse(t.Present == domain.No, "The '%s' timer can't be disabled", t.Name)
	v.refuse(!v.has("cpu.kvm-no-adjvtime"), "Configuring the '%s' timer is not supported with this QEMU binary", t.Name)
	v.refuse(oneOf(t.TickPolicy, "catchup", "merge"), "The '%s' timer does not support tickpolicy '%s'", t.Name, t.TickPolicy)
}
