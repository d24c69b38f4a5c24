package cpuset

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// Max is the number of processors a set can speak of, as in libvirt.
const Max = 16384

// Set is a set of small numbers. The nil set is empty; documents use a nil *Set for an absent one.
type Set struct {
	words []uint64
}

// Of makes a set of those members.
func Of(members ...int) *Set {
	s := &Set{}
	for _, m := range members {
		s.Add(m)
	}
	return s
}

// Parse reads a list of numbers, ranges, and exclusions marked by ^ that apply to what stands before them.
func Parse(text string) (*Set, error) {
	s := &Set{}
	list := strings.Trim(text, " \t\n")
	if len(list) > 1 {
		list = strings.TrimSuffix(list, ",")
	}
	for part := range strings.SplitSeq(list, ",") {
		if err := s.apply(strings.Trim(part, " \t\n")); err != nil {
			return nil, fmt.Errorf("Failed to parse bitmap '%s'", text)
		}
	}
	return s, nil
}

func (s *Set) apply(part string) error {
	rest, exclude := strings.CutPrefix(part, "^")
	first, last, isRange := strings.Cut(rest, "-")
	from, err := number(first)
	if err != nil {
		return err
	}
	to := from
	if isRange {
		if to, err = number(last); err != nil {
			return err
		}
	}
	if to < from || exclude && (isRange || rest[0] == ' ') {
		return strconv.ErrRange
	}
	for i := from; i <= to; i++ {
		if exclude {
			s.Remove(i)
		} else {
			s.Add(i)
		}
	}
	return nil
}

func number(s string) (int, error) {
	n, err := strconv.ParseUint(strings.Trim(s, " \t\n"), 10, 31)
	if err == nil && n >= Max {
		err = strconv.ErrRange
	}
	return int(n), err
}

// Add puts i into the set.
func (s *Set) Add(i int) {
	for len(s.words) <= i/64 {
		s.words = append(s.words, 0)
	}
	s.words[i/64] |= 1 << (i % 64)
}

// Remove takes i out of the set.
func (s *Set) Remove(i int) {
	if s != nil && i/64 < len(s.words) {
		s.words[i/64] &^= 1 << (i % 64)
	}
}

// Has says whether i is in the set.
func (s *Set) Has(i int) bool {
	return s != nil && i >= 0 && i/64 < len(s.words) && s.words[i/64]&(1<<(i%64)) != 0
}

// Count gives the number of members.
func (s *Set) Count() int {
	n := 0
	if s != nil {
		for _, w := range s.words {
			n += bits.OnesCount64(w)
		}
	}
	return n
}

// Empty says whether there are no members.
func (s *Set) Empty() bool { return s.Count() == 0 }

// Last gives the largest member, -1 for an empty set.
func (s *Set) Last() int {
	if s != nil {
		for i := len(s.words) - 1; i >= 0; i-- {
			if w := s.words[i]; w != 0 {
				return i*64 + 63 - bits.LeadingZeros64(w)
			}
		}
	}
	return -1
}

// Members gives the members in order.
func (s *Set) Members() []int {
	var out []int
	for i := 0; i <= s.Last(); i++ {
		if s.Has(i) {
			out = append(out, i)
		}
	}
	return out
}

// Overlaps says whether the two sets have a member in common.
func (s *Set) Overlaps(o *Set) bool {
	if s == nil || o == nil {
		return false
	}
	for i := range min(len(s.words), len(o.words)) {
		if s.words[i]&o.words[i] != 0 {
			return true
		}
	}
	return false
}

// Union adds all members of o.
func (s *Set) Union(o *Set) {
	for _, m := range o.Members() {
		s.Add(m)
	}
}

// Within says whether all members are in o too.
func (s *Set) Within(o *Set) bool {
	for _, m := range s.Members() {
		if !o.Has(m) {
			return false
		}
	}
	return true
}

// Equal says whether both sets have the same members.
func (s *Set) Equal(o *Set) bool { return s.Within(o) && o.Within(s) }

// Clone copies the set; a nil one stays nil.
func (s *Set) Clone() *Set {
	if s == nil {
		return nil
	}
	return &Set{words: append([]uint64(nil), s.words...)}
}

// String gives libvirt's form: ranges where there are any, no blanks.
func (s *Set) String() string {
	var b []byte
	last := s.Last()
	for i := 0; i <= last; i++ {
		if !s.Has(i) {
			continue
		}
		from := i
		for s.Has(i + 1) {
			i++
		}
		if len(b) > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, int64(from), 10)
		if i > from {
			b = append(b, '-')
			b = strconv.AppendInt(b, int64(i), 10)
		}
	}
	return string(b)
}
