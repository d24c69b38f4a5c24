package guest

import "fmt"

const (
	origin     = 0x7c00 // where the BIOS puts a boot sector
	sectorSize = 512
)

// assembler gathers 16-bit code and fills in the labels at the end.
type assembler struct {
	code   []byte
	labels map[string]int
	fixes  []fix
}

// fix is a place that waits for the address of a label.
type fix struct {
	at       int
	label    string
	size     int // bytes
	relative bool
}

func (a *assembler) emit(b ...byte)    { a.code = append(a.code, b...) }
func (a *assembler) label(name string) { a.labels[name] = len(a.code) }
func (a *assembler) text(s string)     { a.emit(append([]byte(s), 0)...) }

// to emits an opcode and the address of a label behind it.
func (a *assembler) to(label string, size int, relative bool, opcode ...byte) {
	a.emit(opcode...)
	a.fixes = append(a.fixes, fix{len(a.code), label, size, relative})
	a.emit(make([]byte, size)...)
}

func (a *assembler) call(label string)   { a.to(label, 2, true, 0xe8) }
func (a *assembler) jump(label string)   { a.to(label, 1, true, 0xeb) }
func (a *assembler) jumpZ(label string)  { a.to(label, 1, true, 0x74) }
func (a *assembler) jumpNZ(label string) { a.to(label, 1, true, 0x75) }
func (a *assembler) print(label string) {
	a.to(label, 2, false, 0xbe) // mov si, label
	a.call("print")
}

// sector resolves the labels and adds the signature.
func (a *assembler) sector() ([]byte, error) {
	for _, f := range a.fixes {
		target, ok := a.labels[f.label]
		if !ok {
			return nil, fmt.Errorf("no label %s", f.label)
		}
		v := origin + target
		if f.relative {
			v = target - (f.at + f.size)
		}
		if f.size == 1 && (v < -128 || v > 127) {
			return nil, fmt.Errorf("%s is too far for a short jump", f.label)
		}
		for i := range f.size {
			a.code[f.at+i] = byte(v >> (8 * i))
		}
	}
	if len(a.code) > sectorSize-2 {
		return nil, fmt.Errorf("%d bytes do not fit a boot sector", len(a.code))
	}
	out := make([]byte, sectorSize)
	copy(out, a.code)
	out[sectorSize-2], out[sectorSize-1] = 0x55, 0xaa
	return out, nil
}
