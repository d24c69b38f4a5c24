package qemu

import (
	"slices"

	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// A host is handed back with its files: they are written so that libvirt 9.0, which
// knows nothing of the watchdog in the chipset of q35 and refuses a document with
// it, can read them. Definitions leave it out, as it comes by default; the
// status of a machine has it beside its document, in an element that others skip.
const chipsetElement = "chipsetWatchdog"

func isChipsetWatchdog(w *domain.Watchdog) bool { return w.Model == "itco" }

// withoutChipset gives the document without that watchdog, and the watchdog.
func withoutChipset(d *domain.Domain) (*domain.Domain, *domain.Watchdog) {
	i := slices.IndexFunc(d.Devices.Watchdogs, isChipsetWatchdog)
	if i < 0 {
		return d, nil
	}
	left := *d
	left.Devices.Watchdogs = slices.Delete(slices.Clone(d.Devices.Watchdogs), i, i+1)
	return &left, d.Devices.Watchdogs[i]
}

// portableConfig is a definition as it is written to the disk.
func portableConfig(d *domain.Domain) *domain.Domain {
	left, chipset := withoutChipset(d)
	if chipset == nil {
		return d
	}
	action := "reset"
	if others := left.Devices.Watchdogs; len(others) > 0 {
		action = others[0].Action
	}
	if chipset.Action != action {
		return d // not what would come by default
	}
	return left
}

// portableStatus is a status as it is written to the disk.
func portableStatus(s *domstatus.Status) *domstatus.Status {
	left, chipset := withoutChipset(s.Domain)
	if chipset == nil {
		return s
	}
	out := *s
	out.Domain = left
	out.Extra = append(slices.Clone(s.Extra), element(chipsetElement, "action", chipset.Action, "alias", chipset.Alias))
	return &out
}

// completeStatus adds what a daemon of another age did not write, and puts the watchdog of the
// chipset back in its place.
func (f files) completeStatus(s *domstatus.Status) {
	if s.MemoryBackingDir == "" {
		s.MemoryBackingDir = f.memory(s.Domain.ID, s.Domain.Name)
	}
	for i, n := range s.Extra {
		if n.Name != chipsetElement {
			continue
		}
		w := &domain.Watchdog{Model: "itco", Action: n.Get("action")}
		w.Alias = n.Get("alias")
		s.Domain.Devices.Watchdogs = append(s.Domain.Devices.Watchdogs, w)
		s.Extra = slices.Delete(s.Extra, i, i+1)
		return
	}
}
