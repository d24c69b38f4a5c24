package domain

import (
	"strings"

	"virtree.dev/protocol/xml/xmlout"
	"virtree.dev/protocol/xml/xmltree"
)

// FormatOptions tell for whom a document is written.
type FormatOptions struct {
	// Secure includes passwords and keys.
	Secure bool
	// Inactive leaves out what only a running domain has. A document without id is always inactive.
	Inactive bool
	// Migratable leaves out what an older version would not understand.
	Migratable bool
	// Status adds what only status documents have.
	Status bool
	// ActualNet writes the <actual> part of interfaces.
	ActualNet bool
}

// Format writes the document in libvirt's form.
func (d *Domain) Format(o FormatOptions) string {
	w := xmlout.New(0)
	d.FormatTo(w, "domain", o)
	return w.String()
}

// FormatTo writes the document as an element of another, under a name of its own if wanted.
func (d *Domain) FormatTo(w *xmlout.Writer, root string, o FormatOptions) {
	if d.ID < 0 {
		o.Inactive = true
	}
	w.Start(root)
	w.Attr("type", d.Type)
	if !o.Inactive {
		w.IntAttr("id", int64(d.ID))
	}
	d.formatNamespaces(w)
	d.formatIdentity(w)
	formatMemory(w, &d.Memory)
	formatBlkioTune(w, &d.BlkioTune)
	formatMemTune(w, &d.MemTune)
	formatMemoryBacking(w, &d.MemoryBacking)
	formatVCPU(w, &d.VCPU)
	formatIOThreads(w, d)
	formatThrottleGroups(w, d.ThrottleGroups)
	formatCPUTune(w, d, o)
	formatNumaTune(w, &d.NumaTune)
	formatResource(w, d.Resource)
	for i := range d.SysInfo {
		formatSysInfo(w, &d.SysInfo[i])
	}
	if d.Bootloader != "" {
		w.Elem("bootloader", d.Bootloader)
		w.Elem("bootloader_args", d.BootloaderArgs)
	}
	formatOS(w, d, o)
	formatIDMap(w, &d.IDMap)
	formatFeatures(w, &d.Features)
	d.CPU.Format(w, func() { formatNuma(w, &d.Numa) })
	formatClock(w, &d.Clock, o)
	d.formatLifecycle(w)
	w.Start("devices")
	d.formatDevices(w, o)
	w.EndFull()
	for i := range d.SecLabels {
		formatSecLabel(w, &d.SecLabels[i], o)
	}
	formatKeyWrap(w, d.KeyWrap)
	formatLaunchSecurity(w, d.LaunchSecurity)
	formatQEMU(w, d.QEMU)
	for _, n := range d.Foreign {
		formatTree(w, n)
	}
	w.End()
}

func (d *Domain) formatNamespaces(w *xmlout.Writer) {
	if d.QEMU != nil {
		w.Attr("xmlns:qemu", QEMUSpace)
	}
}

func (d *Domain) formatIdentity(w *xmlout.Writer) {
	w.Elem("name", d.Name)
	w.Elem("uuid", d.UUID.String())
	if d.GenID != nil {
		w.Elem("genid", d.GenID.UUID.String())
	}
	w.Elem("title", d.Title)
	w.Elem("description", d.Description)
	if d.Metadata != nil {
		formatTree(w, d.Metadata)
	}
}

// formatTree writes a kept subtree.
func formatTree(w *xmlout.Writer, n *xmltree.Node) {
	level := w.Level()
	dump := n.AppendDump(nil, level)
	w.Raw(strings.Repeat("  ", level) + string(dump) + "\n")
}

func formatResource(w *xmlout.Writer, r *Resource) {
	if r == nil {
		return
	}
	w.Start("resource")
	w.Elem("partition", r.Partition)
	w.AttrElem("fibrechannel", "appid", r.AppID)
	w.EndOrDrop()
}

func formatIDMap(w *xmlout.Writer, m *IDMap) {
	if len(m.UIDs) == 0 {
		return
	}
	w.Start("idmap")
	for _, set := range []struct {
		name    string
		entries []IDMapEntry
	}{{"uid", m.UIDs}, {"gid", m.GIDs}} {
		for _, e := range set.entries {
			w.Start(set.name)
			w.UintAttr("start", uint64(e.Start))
			w.UintAttr("target", uint64(e.Target))
			w.UintAttr("count", uint64(e.Count))
			w.End()
		}
	}
	w.End()
}

func (d *Domain) formatLifecycle(w *xmlout.Writer) {
	w.Elem("on_poweroff", d.OnPoweroff)
	w.Elem("on_reboot", d.OnReboot)
	w.Elem("on_crash", d.OnCrash)
	w.Elem("on_lockfailure", d.OnLockFailure)
	w.Start("pm")
	w.AttrElem("suspend-to-mem", "enabled", d.PM.SuspendToMem.YesNo())
	w.AttrElem("suspend-to-disk", "enabled", d.PM.SuspendToDisk.YesNo())
	w.EndOrDrop()
	w.Start("perf")
	for _, name := range PerfEvents {
		if v := d.Perf[name]; v.Given() {
			w.Start("event")
			w.Attr("name", name)
			w.Attr("enabled", v.YesNo())
			w.End()
		}
	}
	w.EndOrDrop()
}
