//go:build !amd64

package sys

// CPUID asks the processor that we run on; all are zero on processors that have no such instruction.
func CPUID(_, _ uint32) (eax, ebx, ecx, edx uint32) { return 0, 0, 0, 0 }
