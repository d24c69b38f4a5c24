package cpumodel

import (
	"iter"
	"math/bits"
)

const setWords = 8

// Set is a set of features of x86, a bit each.
type Set [setWords]uint64

func (s *Set) add(i int) { s[i/64] |= 1 << (i % 64) }

func (s *Set) remove(i int) { s[i/64] &^= 1 << (i % 64) }

// Has says whether the feature of that number is in the set.
func (s *Set) Has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

// Empty says whether nothing is in the set.
func (s *Set) Empty() bool { return *s == Set{} }

// Len counts the features.
func (s *Set) Len() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// Plus is what is in either set.
func (s Set) Plus(o Set) Set {
	for i := range s {
		s[i] |= o[i]
	}
	return s
}

// Minus is what is in this set only.
func (s Set) Minus(o Set) Set {
	for i := range s {
		s[i] &^= o[i]
	}
	return s
}

// Both is what is in both sets.
func (s Set) Both(o Set) Set {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

// Contains says whether all of the other set is here.
func (s Set) Contains(o Set) bool {
	missing := o.Minus(s)
	return missing.Empty()
}

// all goes over the numbers of the features, which is their order in documents.
func (s *Set) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(w*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
