package caps

import (
	"context"
	"slices"

	"virtree.dev/protocol/xml/arch"
	"virtree.dev/protocol/xml/capabilities"
)

// Guests gives what a host of that architecture can run, in the order of the capabilities document.
// A binary that cannot be asked is left out; only the context's end is an error.
func Guests(ctx context.Context, s *Store, host string) ([]capabilities.Guest, error) {
	var out []capabilities.Guest
	for _, a := range arch.All {
		binary := Emulator(host, a.Name)
		if binary == "" {
			continue
		}
		c, err := s.Get(ctx, binary)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			out = append(out, c.guest(a.Name))
		}
	}
	return out, nil
}

// guest is what the binary runs of an architecture, which may be another than its own: i686 with the one for x86_64.
func (c *Caps) guest(arch string) capabilities.Guest {
	g := capabilities.Guest{Arch: arch, Emulator: c.Binary, Machines: c.guestMachines()}
	for _, t := range []struct{ flag, virtType string }{{"tcg", "qemu"}, {"kvm", "kvm"}, {"hvf", "hvf"}} {
		if c.Has(Flag(t.flag)) {
			g.Types = append(g.Types, t.virtType)
		}
	}
	return g
}

// guestMachines lists each machine type by its alias, where it has one, and by its name right before that.
func (c *Caps) guestMachines() []capabilities.Machine {
	a := c.Accels[c.Best()]
	if a == nil {
		return nil
	}
	named := func(name string) bool {
		return slices.ContainsFunc(a.Machines, func(m Machine) bool { return m.Alias == "" && m.Name == name })
	}
	var out []capabilities.Machine
	for _, m := range a.Machines {
		if m.Alias == "" || !named(m.Name) {
			out = append(out, capabilities.Machine{Name: m.Name, MaxCPUs: m.MaxCPUs, Deprecated: m.Deprecated})
		}
		if m.Alias != "" {
			out = append(out, capabilities.Machine{Name: m.Alias, Canonical: m.Name, MaxCPUs: m.MaxCPUs, Deprecated: m.Deprecated})
		}
	}
	return out
}
