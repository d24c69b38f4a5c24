package keycode

// Set is a numbering of keys, in the API's order.
type Set uint32

// The sets of virKeycodeSet.
const (
	Linux Set = iota
	XT
	ATSet1
	ATSet2
	ATSet3
	MacOS
	XTKbd
	USB
	Win32
	Qnum
	sets
)

var names = [sets]string{"linux", "xt", "atset1", "atset2", "atset3", "os_x", "xt_kbd", "usb", "win32", "qnum"}

func (s Set) String() string {
	if s >= sets {
		return ""
	}
	return names[s]
}

// Known says whether the set is one.
func (s Set) Known() bool { return s < sets }

// in gives the key's number in a set, -1 when it has none.
func (k *key) in(s Set) int {
	n := uint16(0)
	switch s {
	case Linux:
		n = k.linux
	case XT, ATSet1:
		n = k.at1
	case ATSet2:
		n = k.at2
	case ATSet3:
		n = k.at3
	case MacOS:
		return int(k.macos)
	case XTKbd:
		n = k.extended(0x100)
	case USB:
		n = k.usb
	case Win32:
		n = k.win32
	case Qnum:
		n = k.qnum()
	}
	if n == 0 {
		return -1
	}
	return int(n)
}

// Codes behind an escape byte, and the two Korean and Japanese keys that are
// above 0x7f without one.
const (
	sevenBits = 0x7f
	hanja     = 0xf1
	hangeul   = 0xf2
)

// extended folds the escape byte of a code into one bit.
func (k *key) extended(bit uint16) uint16 {
	if k.at1 > 0xff {
		return bit | k.at1&sevenBits
	}
	return k.at1
}

func (k *key) qnum() uint16 {
	if k.at1 == hanja || k.at1 == hangeul {
		return k.at1 & sevenBits
	}
	return k.extended(0x80)
}

// ToQnum translates a key's number in a set to QEMU's.
func ToQnum(from Set, code uint32) (int, bool) {
	if from == Qnum {
		return int(code), true
	}
	for i := range keys {
		if keys[i].in(from) == int(code) {
			n := keys[i].in(Qnum)
			return n, n >= 0
		}
	}
	return 0, false
}
