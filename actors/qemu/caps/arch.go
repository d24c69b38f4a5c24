package caps

import (
	"os/exec"
	"slices"
	"strings"

	"virtree.dev/protocol/xml/arch"
)

// emulated are QEMU's names of architectures where they differ from those of documents.
var emulated = map[string]string{"armv6l": "arm", "armv7l": "arm", "i686": "i386", "openrisc": "or32"}

// toQEMU gives an architecture's name in the names of binaries.
func toQEMU(name string) string {
	if q, ok := emulated[name]; ok {
		return q
	}
	return name
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
	a, _ := arch.Find(target)
	return a.Name
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
	names = append(names, "qemu-system-"+toQEMU(guest))
	target := guest
	if Native(host, guest) {
		target = host
	}
	if isPPC64(target) {
		target = "ppc64"
	}
	names = append(names, "qemu-system-"+toQEMU(target))
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

// families are architectures of which a binary for one may do for another.
var families = [][]string{
	{"i686", "x86_64"},
	{"ppc", "ppcle", "ppc64", "ppc64le", "ppcemb"},
	{"armv6l", "armv7l", "armv7b", "aarch64"},
	{"s390", "s390x"},
}

// SameFamily says whether two architectures are of one family.
func SameFamily(a, b string) bool {
	return slices.ContainsFunc(families, func(f []string) bool { return slices.Contains(f, a) && slices.Contains(f, b) })
}
