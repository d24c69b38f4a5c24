package hostinfo

import (
	"strconv"
)

// Microcode gives the version of the processor's microcode, 0 when the kernel does not say.
func (h Host) Microcode() uint {
	n, _ := strconv.ParseUint(h.cpuinfo("microcode"), 0, 32)
	return uint(n)
}

// cpuinfo gives a line of the first processor's, empty when there is none.
func (h Host) cpuinfo(want string) (found string) {
	b, _ := h.read("/proc/cpuinfo")
	fields(b, func(name, value string) bool {
		if name == want {
			found = value
		}
		return found == ""
	})
	return found
}

// Leaf is one answer of the CPUID instruction.
type Leaf struct {
	Leaf, Sub          uint32
	EAX, EBX, ECX, EDX uint32
}

// extended is the first of the leaves that are counted apart.
const extended = 0x80000000

// ReadCPUID asks for leaves and leaves out those that the processor does not have: its answer
// would be about another leaf.
func ReadCPUID(ask func(leaf, sub uint32) (eax, ebx, ecx, edx uint32), want [][2]uint32) []Leaf {
	read := func(leaf, sub uint32) Leaf {
		l := Leaf{Leaf: leaf, Sub: sub}
		l.EAX, l.EBX, l.ECX, l.EDX = ask(leaf, sub)
		return l
	}
	last := read(0, 0).EAX
	lastExtended := read(extended, 0).EAX
	var out []Leaf
	for _, w := range want {
		leaf, sub := w[0], w[1]
		if leaf < extended && leaf > last || leaf >= extended && leaf > lastExtended {
			continue
		}
		if sub == 0 && leaf != 0x12 || hasSubLeaf(read, leaf, sub) {
			out = append(out, read(leaf, sub))
		}
	}
	return out
}

// hasSubLeaf knows how each leaf tells which others there are.
func hasSubLeaf(read func(leaf, sub uint32) Leaf, leaf, sub uint32) bool {
	const sgx = 1 << 2
	switch leaf {
	case 0x7, 0x14:
		return sub <= read(leaf, 0).EAX
	case 0xd:
		return sub == 1
	case 0xf:
		return read(leaf, 0).EDX&(1<<sub) != 0
	case 0x10:
		return read(leaf, 0).EBX&(1<<sub) != 0
	case 0x12:
		return read(0x7, 0).EBX&sgx != 0
	}
	return false
}

// Encrypted is how many guests AMD's processor encrypts at once, without and with their registers; 0 where it cannot.
type Encrypted struct{ Guests, ESGuests uint }

// ReadEncrypted asks the processor. Guests with encrypted registers have the keys below a number, all others those from it.
func ReadEncrypted(ask func(leaf, sub uint32) (eax, ebx, ecx, edx uint32)) Encrypted {
	const encryption = extended + 0x1f
	if last, _, _, _ := ask(extended, 0); last < encryption {
		return Encrypted{}
	}
	_, _, keys, first := ask(encryption, 0)
	if keys == 0 || first == 0 {
		return Encrypted{}
	}
	return Encrypted{Guests: uint(keys - first + 1), ESGuests: uint(first - 1)}
}
