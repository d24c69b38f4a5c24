package sys

// CPUID asks the processor that we run on; all are zero on processors that have no such instruction.
func CPUID(leaf, sub uint32) (eax, ebx, ecx, edx uint32)
