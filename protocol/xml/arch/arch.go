package arch

import "slices"

// Arch is an architecture of hosts or guests.
type Arch struct {
	Name string
	Bits uint // of a word
}

// All are in the order of documents.
var All = []Arch{
	{"alpha", 64}, {"armv6l", 32}, {"armv7l", 32}, {"armv7b", 32}, {"aarch64", 64}, {"cris", 32}, {"i686", 32},
	{"ia64", 64}, {"lm32", 32}, {"loongarch64", 64}, {"m68k", 32}, {"microblaze", 32}, {"microblazeel", 32},
	{"mips", 32}, {"mipsel", 32}, {"mips64", 64}, {"mips64el", 64}, {"openrisc", 32}, {"parisc", 32},
	{"parisc64", 64}, {"ppc", 32}, {"ppcle", 32}, {"ppc64", 64}, {"ppc64le", 64}, {"ppcemb", 32}, {"riscv32", 32},
	{"riscv64", 64}, {"s390", 32}, {"s390x", 64}, {"sh4", 32}, {"sh4eb", 64}, {"sparc", 32}, {"sparc64", 64},
	{"unicore32", 32}, {"x86_64", 64}, {"xtensa", 32}, {"xtensaeb", 32},
}

// Find gives the architecture of that name, and whether there is one.
func Find(name string) (Arch, bool) {
	i := slices.IndexFunc(All, func(a Arch) bool { return a.Name == name })
	if i < 0 {
		return Arch{}, false
	}
	return All[i], true
}

// Known says whether there is an architecture of that name.
func Known(name string) bool {
	_, ok := Find(name)
	return ok
}
