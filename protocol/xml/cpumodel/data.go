package cpumodel

import (
	"slices"

	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpu"
)

// Data is what an x86 processor says of itself, or a hypervisor says of its guest's.
type Data struct {
	Features  Set
	Vendor    string        // by libvirt's name; empty for an unknown one
	Signature cpu.Signature // zero when it is not known
}

// Reading is what a register of a CPUID leaf, or half of an MSR, says.
type Reading struct {
	MSR       bool
	Leaf, Sub uint32
	Registers [4]uint32 // eax, ebx, ecx, edx
}

// The leaf that tells the vendor, and the one that tells the signature.
const (
	leafVendor    = 0
	leafSignature = 1
)

// Read makes Data of what the host's processor says.
func Read(all []Reading) Data {
	var d Data
	m := x86()
	for _, r := range all {
		for register, value := range r.Registers {
			bits := m.places[place{r.MSR, r.Leaf, r.Sub, register}]
			if bits == nil {
				continue
			}
			for bit, feature := range bits {
				if feature >= 0 && value&(1<<bit) != 0 {
					d.Features.add(feature)
				}
			}
		}
		switch {
		case r.MSR || r.Sub != 0:
		case r.Leaf == leafVendor:
			d.Vendor = m.vendorOf(r.Registers)
		case r.Leaf == leafSignature:
			d.Signature = signatureOf(r.Registers[0])
		}
	}
	return d
}

// MSRs lists the model-specific registers in which features show.
func MSRs() []uint32 {
	var out []uint32
	for _, at := range x86().registers(true) {
		out = append(out, at[0])
	}
	return out
}

// Leaves lists the leaves and sub-leaves of CPUID in which a processor tells of itself.
func Leaves() [][2]uint32 {
	return append([][2]uint32{{leafVendor, 0}}, x86().registers(false)...)
}

// registers lists where features show, each place once.
func (m *x86Map) registers(msr bool) [][2]uint32 {
	var out [][2]uint32
	for at := range m.places {
		if at.msr == msr {
			out = append(out, [2]uint32{at.leaf, at.sub})
		}
	}
	slices.SortFunc(out, func(a, b [2]uint32) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(out)
}

// vendorOf reads the text that lies in ebx, edx and ecx.
func (m *x86Map) vendorOf(registers [4]uint32) string {
	var text []byte
	for _, i := range []int{1, 3, 2} {
		for shift := 0; shift < 32; shift += 8 {
			text = append(text, byte(registers[i]>>shift))
		}
	}
	return m.vendorWithText(string(text))
}

func (m *x86Map) vendorWithText(text string) string {
	for _, v := range m.vendors {
		if v.text == text {
			return v.name
		}
	}
	return ""
}

// signatureOf takes family, model and stepping apart.
func signatureOf(eax uint32) cpu.Signature {
	return cpu.Signature{
		Family:   uint(eax>>20&0xff + eax>>8&0xf),
		Model:    uint(eax>>12&0xf0 + eax>>4&0xf),
		Stepping: uint(eax & 0xf),
	}
}

// AddFeature adds a feature by its name; unknown ones are ignored.
func (d *Data) AddFeature(name string) {
	if i, ok := x86().number[name]; ok {
		d.Features.add(i)
	}
}

// SetVendor takes the text that CPUID has.
func (d *Data) SetVendor(text string) error {
	if len(text) != 12 {
		return internal("Invalid CPU vendor string '%s'", text)
	}
	d.Vendor = x86().vendorWithText(text)
	return nil
}

// HasFeature says whether a feature is there.
func (d *Data) HasFeature(name string) bool {
	i, ok := x86().number[name]
	return ok && d.Features.Has(i)
}

func internal(format string, args ...any) error {
	return virerr.New(virerr.FromCPU, virerr.InternalError, format, args...)
}

func failed(format string, args ...any) error {
	return virerr.New(virerr.FromCPU, virerr.OperationFailed, format, args...)
}

func unsupported(format string, args ...any) error {
	return virerr.New(virerr.FromCPU, virerr.ConfigUnsupported, format, args...)
}

func incompatible(format string, args ...any) error {
	return virerr.New(virerr.FromCPU, virerr.CPUIncompatible, format, args...)
}

func noSupport(format string, args ...any) error {
	return virerr.New(virerr.FromCPU, virerr.NoSupport, format, args...)
}
