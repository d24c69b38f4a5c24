package xmltree

import (
	"slices"
	"strconv"
	"strings"

	"virtree.dev/protocol/virerr"
)

// Rule says what a value must be beyond its type.
type Rule uint8

// The rules; they add up.
const (
	Optional Rule = 0
	Required Rule = 1 << (iota - 1)
	NonZero
	NonNegative
)

// Reader takes typed values out of nodes. The first thing that is wrong is kept and told by Err; what
// is asked afterwards still answers, so a parser checks once.
type Reader struct {
	From virerr.Domain // the part that raises what is wrong; the domain's parser unless set
	err  error
}

// Err gives the first error met.
func (r *Reader) Err() error { return r.err }

// OK says whether nothing was wrong so far.
func (r *Reader) OK() bool { return r.err == nil }

// Keep remembers err unless there was one before.
func (r *Reader) Keep(err error) {
	if r.err == nil && err != nil {
		r.err = err
	}
}

// Need gives a text attribute that must be there (it may be empty).
func (r *Reader) Need(n *Node, name string) string {
	v, _ := r.value(n, name, Required)
	return v
}

func (r *Reader) value(n *Node, name string, rule Rule) (string, bool) {
	v, ok := n.Attr(name)
	if !ok && rule&Required != 0 && n != nil {
		r.property("Missing required attribute '%s' in element '%s'", name, n.Name)
	}
	return v, ok
}

func (r *Reader) invalid(n *Node, name, v, expected string) {
	if expected != "" {
		expected = " Expected " + expected
	}
	r.property("Invalid value for attribute '%s' in element '%s': '%s'.%s", name, n.Name, v, expected)
}

// Enum gives an attribute that must be one of the words; empty when it is absent.
func (r *Reader) Enum(n *Node, name string, words []string, rule Rule) string {
	v, ok := r.value(n, name, rule)
	if !ok {
		return ""
	}
	if i := slices.Index(words, v); i < 0 || v == "" || (rule&NonZero != 0 && i == 0) {
		r.invalid(n, name, v, "")
		return ""
	}
	return v
}

// YesNo gives an attribute that says yes or no.
func (r *Reader) YesNo(n *Node, name string) Tristate {
	return tristate(r.Enum(n, name, []string{"yes", "no"}, Optional))
}

// OnOff gives an attribute that says on or off.
func (r *Reader) OnOff(n *Node, name string) Tristate {
	return tristate(r.Enum(n, name, []string{"on", "off"}, Optional))
}

// NeedYesNo is YesNo of an attribute that must be there.
func (r *Reader) NeedYesNo(n *Node, name string) Tristate {
	return tristate(r.Enum(n, name, []string{"yes", "no"}, Required))
}

// NeedOnOff is OnOff of an attribute that must be there.
func (r *Reader) NeedOnOff(n *Node, name string) Tristate {
	return tristate(r.Enum(n, name, []string{"on", "off"}, Required))
}

func tristate(v string) Tristate {
	switch v {
	case "yes", "on":
		return Yes
	case "no", "off":
		return No
	}
	return Absent
}

// Int gives a signed 32 bit attribute, and whether it is there. Base 0 reads 0x and 0 prefixes.
func (r *Reader) Int(n *Node, name string, base int, rule Rule) (int, bool) {
	v, ok := r.value(n, name, rule)
	if !ok {
		return 0, false
	}
	i, valid := signed(v, base, 32)
	return int(i), valid && r.within(n, name, v, i, rule) || !valid && r.wrong(n, name, v, "integer value")
}

// Long gives a signed 64 bit attribute, and whether it is there.
func (r *Reader) Long(n *Node, name string, base int, rule Rule) (int64, bool) {
	v, ok := r.value(n, name, rule)
	if !ok {
		return 0, false
	}
	i, valid := signed(v, base, 64)
	return i, valid && r.within(n, name, v, i, rule) || !valid && r.wrong(n, name, v, "long long integer value")
}

func (r *Reader) wrong(n *Node, name, v, expected string) bool {
	r.invalid(n, name, v, expected)
	return false
}

func (r *Reader) within(n *Node, name, v string, i int64, rule Rule) bool {
	if i < 0 && rule&NonNegative != 0 {
		return r.wrong(n, name, v, "non-negative value")
	}
	return r.nonZero(n, name, i == 0, rule)
}

func (r *Reader) nonZero(n *Node, name string, zero bool, rule Rule) bool {
	if zero && rule&NonZero != 0 {
		r.property("Invalid value for attribute '%s' in element '%s': Zero is not permitted", name, n.Name)
		return false
	}
	return true
}

// Uint gives an unsigned 32 bit attribute, and whether it is there.
func (r *Reader) Uint(n *Node, name string, base int, rule Rule) (uint, bool) {
	u, ok := r.unsigned(n, name, base, 32, rule)
	return uint(u), ok
}

// Ulong gives an unsigned 64 bit attribute, and whether it is there.
func (r *Reader) Ulong(n *Node, name string, base int, rule Rule) (uint64, bool) {
	return r.unsigned(n, name, base, 64, rule)
}

func (r *Reader) unsigned(n *Node, name string, base, bits int, rule Rule) (uint64, bool) {
	v, ok := r.value(n, name, rule)
	if !ok {
		return 0, false
	}
	u, valid := ParseUint(v, base, bits)
	if !valid {
		return 0, r.wrong(n, name, v, "non-negative integer value")
	}
	return u, r.nonZero(n, name, u == 0, rule)
}

// ParseUint reads a number as strtoull does, but takes neither a sign nor anything after the digits.
func ParseUint(v string, base, bits int) (uint64, bool) {
	v = strings.TrimPrefix(strings.TrimLeft(v, " \t\n\v\f\r"), "+")
	digits, base := prefixed(v, base)
	u, err := strconv.ParseUint(digits, base, bits)
	if err != nil {
		return 0, false // not the nearest number
	}
	return u, true
}

// ParseInt reads a number as strtoll does, with nothing after the digits.
func ParseInt(v string, base, bits int) (int64, bool) { return signed(v, base, bits) }

func signed(v string, base, bits int) (int64, bool) {
	v = strings.TrimPrefix(strings.TrimLeft(v, " \t\n\v\f\r"), "+")
	sign := ""
	if rest, ok := strings.CutPrefix(v, "-"); ok {
		sign, v = "-", rest
	}
	digits, base := prefixed(v, base)
	if strings.HasPrefix(digits, "-") || strings.HasPrefix(digits, "+") {
		return 0, false
	}
	i, err := strconv.ParseInt(sign+digits, base, bits)
	if err != nil {
		return 0, false
	}
	return i, true
}

// prefixed resolves base 0 the way C does: no underscores, no 0b or 0o.
func prefixed(v string, base int) (string, int) {
	lower := strings.ToLower(v)
	switch {
	case (base == 0 || base == 16) && strings.HasPrefix(lower, "0x"):
		return v[2:], 16
	case base == 0 && len(v) > 1 && v[0] == '0':
		return v[1:], 8
	case base == 0:
		return v, 10
	}
	return v, base
}

// ScaleBytes turns a value with a unit (KiB, MB, G, bytes...) into bytes; without a unit, scale counts.
func (r *Reader) ScaleBytes(value uint64, unit string, scale, limit uint64) uint64 {
	defer r.As(Anybody)()
	factor, ok := unitFactor(unit, scale)
	if !ok {
		r.InvalidArg("unknown suffix '%s'", unit)
		return 0
	}
	if value > limit/factor {
		r.Overflow("value too large: %d%s", value, unit)
		return 0
	}
	return value * factor
}

func unitFactor(unit string, scale uint64) (uint64, bool) {
	switch u := strings.ToLower(unit); u {
	case "":
		return scale, true
	case "b", "byte", "bytes":
		return 1, true
	default:
		base := uint64(1024)
		switch u[1:] {
		case "", "ib":
		case "b":
			base = 1000
		default:
			return 0, false
		}
		power := strings.IndexByte("kmgtpe", u[0])
		if power < 0 {
			return 0, false
		}
		factor := base
		for range power {
			factor *= base
		}
		return factor, true
	}
}
