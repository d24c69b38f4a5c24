package validation

import (
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/domain"
)

func unsupported(format string, args ...any) error {
	return virerr.New(virerr.FromQEMU, virerr.ConfigUnsupported, format, args...)
}

// check looks at one document.
type check struct {
	doc     *domain.Domain
	caps    *caps.Caps
	machine machine.Type
}

// Check says whether a machine could be made of a completed document; the errors are libvirt's.
func Check(d *domain.Domain, c *caps.Caps) error {
	if err := d.ValidateCore(); err != nil {
		return err
	}
	v := &check{doc: d, caps: c, machine: machine.Of(d)}
	for _, look := range []func() error{v.emulator} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

// emulator wants the binary to be for the machine.
func (v *check) emulator() error {
	d := v.doc
	if v.caps.Arch != d.OS.Arch && !(v.caps.Arch == "x86_64" && d.OS.Arch == "i686") {
		return unsupported("Emulator '%s' does not support arch '%s'", d.Devices.Emulator, d.OS.Arch)
	}
	a := v.caps.Accels[d.Type]
	if a == nil {
		return unsupported("Emulator '%s' does not support virt type '%s'", d.Devices.Emulator, d.Type)
	}
	if len(a.Machines) > 0 && v.caps.Machine(d.Type, d.OS.Machine) == nil {
		return unsupported("Emulator '%s' does not support machine type '%s'", d.Devices.Emulator, d.OS.Machine)
	}
	return nil
}
