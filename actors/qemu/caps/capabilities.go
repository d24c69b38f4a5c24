package caps

import (
	"context"
	"slices"

	"virtree.dev/protocol/xml/xmlout"
)

// Guest is one architecture of guests that a host can run.
type Guest struct {
	Arch string // it may differ from the binary's: i686 with the one for x86_64
	Caps *Caps
}

// Guests gives what a host of that architecture can run, in the order of the capabilities document.
// A binary that cannot be asked is left out; only the context's end is an error.
func Guests(ctx context.Context, s *Store, host string) ([]Guest, error) {
	var out []Guest
	for _, a := range archs {
		binary := Emulator(host, a.name)
		if binary == "" {
			continue
		}
		c, err := s.Get(ctx, binary)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			out = append(out, Guest{Arch: a.name, Caps: c})
		}
	}
	return out, nil
}

// FormatGuests adds <guest> elements to a capabilities document, an empty line after each.
func FormatGuests(w *xmlout.Writer, guests []Guest) {
	for _, g := range guests {
		g.format(w)
		w.Raw("\n")
	}
}

func (g *Guest) format(w *xmlout.Writer) {
	w.Start("guest")
	w.Elem("os_type", "hvm")
	w.Start("arch")
	w.Attr("name", g.Arch)
	w.UintElem("wordsize", uint64(archOf(g.Arch).bits)) //nolint:gosec // 32 or 64
	w.Elem("emulator", g.Caps.Binary)
	for _, m := range g.Caps.guestMachines() {
		w.Start("machine")
		w.OptAttr("canonical", m.canonical)
		w.OptUintAttr("maxCpus", uint64(m.maxCPUs))
		if m.deprecated {
			w.Attr("deprecated", "yes")
		}
		w.Text(m.name)
		w.End()
	}
	for _, t := range []struct{ flag, virtType string }{{"tcg", "qemu"}, {"kvm", "kvm"}, {"hvf", "hvf"}} {
		if g.Caps.Has(Flag(t.flag)) {
			w.AttrElem("domain", "type", t.virtType)
		}
	}
	w.EndFull()
	w.Start("features")
	for _, f := range guestFeatures {
		if f.archs(g.Arch) {
			w.Start(f.name)
			w.OptAttr("default", f.on)
			w.OptAttr("toggle", f.toggle)
			w.End()
		}
	}
	w.EndFull()
	w.EndFull()
}

// guestFeatures are what an architecture's guests have, in the order of the document.
var guestFeatures = []struct {
	name, on, toggle string
	archs            func(string) bool
}{
	{"pae", "", "", func(a string) bool { return a == "i686" }},
	{"nonpae", "", "", func(a string) bool { return a == "i686" }},
	{"acpi", "on", "yes", func(a string) bool { return isX86(a) || a == "aarch64" || a == "loongarch64" }},
	{"apic", "on", "no", isX86},
	{"cpuselection", "", "", anyArch},
	{"deviceboot", "", "", anyArch},
	{"disksnapshot", "on", "no", anyArch},
	{"externalSnapshot", "", "", anyArch},
}

func anyArch(string) bool { return true }

type guestMachine struct {
	name, canonical string
	maxCPUs         uint
	deprecated      bool
}

// guestMachines lists each machine type by its alias, where it has one, and by its name right before that.
func (c *Caps) guestMachines() []guestMachine {
	a := c.Accels[c.best()]
	if a == nil {
		return nil
	}
	named := func(name string) bool {
		return slices.ContainsFunc(a.Machines, func(m Machine) bool { return m.Alias == "" && m.Name == name })
	}
	var out []guestMachine
	for _, m := range a.Machines {
		if m.Alias == "" || !named(m.Name) {
			out = append(out, guestMachine{m.Name, "", m.MaxCPUs, m.Deprecated})
		}
		if m.Alias != "" {
			out = append(out, guestMachine{m.Alias, m.Name, m.MaxCPUs, m.Deprecated})
		}
	}
	return out
}
