package caps

import (
	"os/exec"
	"slices"
	"strings"
)

// arch is an architecture of guests.
type arch struct {
	name string // in documents
	bits int
	qemu string // QEMU's name for it; empty for the same
}

// archs are in the order of the capabilities document.
var archs = []arch{
	{"alpha", 64, ""},
	{"armv6l", 32, "arm"},
	{"armv7l", 32, "arm"},
	{"armv7b", 32, ""},
	{"aarch64", 64, ""},
	{"cris", 32, ""},
	{"i686", 32, "i386"},
	{"ia64", 64, ""},
	{"lm32", 32, ""},
	{"loongarch64", 64, ""},
	{"m68k", 32, ""},
	{"microblaze", 32, ""},
	{"microblazeel", 32, ""},
	{"mips", 32, ""},
	{"mipsel", 32, ""},
	{"mips64", 64, ""},
	{"mips64el", 64, ""},
	{"openrisc", 32, "or32"},
	{"parisc", 32, ""},
	{"parisc64", 64, ""},
	{"ppc", 32, ""},
	{"ppcle", 32, ""},
	{"ppc64", 64, ""},
	{"ppc64le", 64, ""},
	{"ppcemb", 32, ""},
	{"riscv32", 32, ""},
	{"riscv64", 64, ""},
	{"s390", 32, ""},
	{"s390x", 64, ""},
	{"sh4", 32, ""},
	{"sh4eb", 64, ""},
	{"sparc", 32, ""},
	{"sparc64", 64, ""},
	{"unicore32", 32, ""},
	{"x86_64", 64, ""},
	{"xtensa", 32, ""},
	{"xtensaeb", 32, ""},
}

// archOf gives the architecture of that name in documents; zero for an unknown one.
func archOf(name string) arch {
	i := slices.IndexFunc(archs, func(a arch) bool { return a.name == name })
	if i < 0 {
		return arch{}
	}
	return archs[i]
}

// toQEMU gives the name in the names of binaries.
func (a arch) toQEMU() string {
	if a.qemu != "" {
		return a.qemu
	}
	return a.name
}

// fromQEMU gives a target's name in documents, empty when it has none. "arm" is ARM of version 7.
func fromQEMU(target string) string {
	switch target {
	case "arm":
		return "armv7l"
	case "i386":
		return "i686"
	case "or32":
		return "openrisc"
	}
	return archOf(target).name
}

func isX86(arch string) bool { return arch == "x86_64" || arch == "i686" }

func isARM(arch string) bool { return arch == "aarch64" || strings.HasPrefix(arch, "armv") }

func isPPC64(arch string) bool { return arch == "ppc64" || arch == "ppc64le" }

// Native says whether the host's processor can run that guest's code itself.
func Native(host, guest string) bool {
	return host == guest || host == "x86_64" && guest == "i686" || host == "aarch64" && guest == "armv7l" ||
		isPPC64(host) && isPPC64(guest)
}

// Emulator finds the binary for a guest's architecture; empty when there is none.
func Emulator(host, guest string) string {
	var names []string
	if host == "aarch64" && guest == "armv7l" {
		names = append(names, "qemu-system-aarch64") // the one for ARM of 32 bits has no KVM there
	}
	names = append(names, "qemu-system-"+archOf(guest).toQEMU())
	target := guest
	if Native(host, guest) {
		target = host
	}
	if isPPC64(target) {
		target = "ppc64"
	}
	names = append(names, "qemu-system-"+archOf(target).toQEMU())
	if Native(host, guest) {
		names = append(names, "/usr/libexec/qemu-kvm")
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
