package records

import (
	"fmt"

	"virtree.dev/internal/audit"
	xml "virtree.dev/protocol/xml/domain"
)

// none stands for a value that is not there.
const none = "?"

// writer gathers the records of one machine.
type writer struct {
	d      *xml.Domain
	reason string
	tpm    string // where its emulator listens
	list   []audit.Record
}

// resource adds a record of something that a machine has.
func (w *writer) resource(kind, details string) {
	w.list = append(w.list, audit.Record{Kind: audit.Resource, OK: true, Text: fmt.Sprintf("virt=%s resrc=%s reason=%s %s uuid=%s %s",
		w.d.Type, kind, w.reason, audit.Field("vm", w.d.Name), w.d.UUID, details)})
}

// fresh adds one of a kind that has a source, if it has; there was none before.
func (w *writer) fresh(kind, source string) {
	if source != "" {
		w.resource(kind, audit.Field("old-"+kind, none)+" "+audit.Field("new-"+kind, source))
	}
}

// count adds one of a number.
func (w *writer) count(kind string, n uint64) {
	w.resource(kind, fmt.Sprintf("old-%s=0 new-%s=%d", kind, kind, n))
}

func or(value string) string {
	if value == "" {
		return none
	}
	return value
}

// Labels are who a machine is, to each security driver.
func Labels(d *xml.Domain, ok bool) (list []audit.Record) {
	for _, l := range d.SecLabels {
		list = append(list, audit.Record{Kind: audit.MachineID, OK: ok, Text: fmt.Sprintf("virt=%s %s uuid=%s vm-ctx=%s img-ctx=%s model=%s",
			d.Type, audit.Field("vm", d.Name), d.UUID, or(l.Label), or(l.ImageLabel), or(l.Model))})
	}
	return list
}

// Opened is the attempt to open a device of the host for a network card; number is the
// device's, "" where it is none.
func Opened(d *xml.Domain, mac, path, number string, ok bool) audit.Record {
	return audit.Record{Kind: audit.Resource, OK: ok, Text: fmt.Sprintf("virt=%s resrc=net reason=open %s uuid=%s net=%s %s rdev=%s",
		d.Type, audit.Field("vm", d.Name), d.UUID, mac, audit.Field("path", path), or(number))}
}

// Start is a start for a reason ("booted"), with all that the machine was given, or would
// have been; tpm is where the emulator of its TPM listens.
func Start(d *xml.Domain, pid int, tpm, reason string, ok bool) []audit.Record {
	w := &writer{d: d, reason: "start", tpm: tpm}
	w.devices()
	w.count("mem", d.Memory.Total)
	w.count("vcpu", uint64(d.VCPU.Online()))
	if n := len(d.IOThreads); n > 0 {
		w.count("iothread", uint64(n))
	}
	return append(w.list, lifecycle(d, "start", reason, pid, ok))
}

// Stop is the end of a machine for a reason ("shutdown", "destroyed", "failed").
func Stop(d *xml.Domain, reason string) audit.Record { return lifecycle(d, "stop", reason, 0, true) }

func lifecycle(d *xml.Domain, op, reason string, pid int, ok bool) audit.Record {
	return audit.Record{Kind: audit.Control, OK: ok, Text: fmt.Sprintf("virt=%s op=%s reason=%s %s uuid=%s vm-pid=%d",
		d.Type, op, reason, audit.Field("vm", d.Name), d.UUID, pid)}
}

// devices are in libvirt's order.
func (w *writer) devices() {
	v := &w.d.Devices
	for _, d := range v.Disks {
		if isLocal(d.Source) {
			w.fresh("disk", d.Source.Path)
		}
	}
	for _, f := range v.Filesystems {
		w.fresh("fs", f.Source)
	}
	for _, n := range v.Interfaces {
		w.fresh("net", n.MAC)
	}
	for _, h := range v.Hostdevs {
		w.hostdev(h)
	}
	for _, r := range v.Redirdevs {
		w.resource("dev", "bus="+r.Bus+" "+audit.Field("device", "USB redirdev"))
	}
	w.chardevs()
	for _, s := range v.Smartcards {
		w.smartcard(s)
	}
	for _, r := range v.RNGs {
		w.rng(r)
	}
	for _, t := range v.TPMs {
		w.tpmDevice(t)
	}
	for _, s := range v.Shmems {
		w.shmem(s)
	}
	for _, i := range v.Inputs {
		if i.Type == "passthrough" || i.Type == "evdev" {
			w.resource("evdev", "path="+or(i.Evdev))
		}
	}
}

// isLocal says whether a disk is on the host's own storage.
func isLocal(s *xml.DiskSource) bool {
	kind := s.Type
	if s.Actual != "" {
		kind = s.Actual
	}
	switch kind {
	case "file", "block", "dir":
		return true
	}
	return false
}

func (w *writer) chardevs() {
	v := &w.d.Devices
	for _, list := range [][]*xml.Chardev{v.Serials, v.Parallels, v.Channels} {
		for _, c := range list {
			w.fresh("chardev", pathOf(&c.Source))
		}
	}
	for i, c := range v.Consoles {
		// The first console of a whole machine is its serial port once more.
		if i == 0 && w.d.OS.Type == "hvm" && (c.TargetType == "serial" || c.TargetType == "") {
			continue
		}
		w.fresh("chardev", pathOf(&c.Source))
	}
}

// pathOf is the host's end of a character device, "" where it has none.
func pathOf(s *xml.ChardevSource) string {
	if s == nil {
		return ""
	}
	switch s.Type {
	case "pty", "dev", "file", "pipe", "unix":
		return s.Path
	case "nmdm":
		return s.Master
	}
	return ""
}
