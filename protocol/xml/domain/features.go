package domain

// Features are the switches of <features>. What is written as <name/> is On or Absent.
type Features struct {
	ACPI, PAE, Viridian, PrivNet Tristate
	APIC                         Tristate
	APICEOI                      Tristate // eoi of <apic>
	HAP, PMU, PVSpinlock         Tristate
	VMPort, VMCoreInfo           Tristate
	HTM, NestedHV, CCFAssist     Tristate
	RAS, PS2                     Tristate
	AsyncTeardown                Tristate
	HyperV                       HyperV
	KVM                          *KVMFeatures
	Xen                          *XenFeatures
	Capabilities                 *ProcessCapabilities
	GIC                          *GIC
	SMM                          Tristate
	TSEG                         *uint64 // bytes, of <smm>
	IOAPIC                       string  // qemu, kvm
	HPT                          *HPT
	MSRsUnknown                  string // ignore, fault
	CFPC                         string // broken, workaround, fixed
	SBBC                         string // broken, workaround, fixed
	IBS                          string // broken, workaround, fixed-ibs, fixed-ccd, fixed-na
	TCG                          *TCGFeatures
	AIA                          string // none, aplic, aplic-imsic
}

// HyperV are the enlightenments. Mode is empty when there is no <hyperv>.
type HyperV struct {
	Mode             string // custom, passthrough
	Relaxed          Tristate
	VAPIC            Tristate
	Spinlocks        Tristate
	Retries          uint // of Spinlocks
	VPIndex          Tristate
	Runtime          Tristate
	SynIC            Tristate
	STimer           Tristate
	STimerDirect     Tristate
	Reset            Tristate
	VendorID         Tristate
	VendorIDValue    string
	Frequencies      Tristate
	Reenlightenment  Tristate
	TLBFlush         Tristate
	TLBFlushDirect   Tristate
	TLBFlushExtended Tristate
	IPI              Tristate
	EVMCS            Tristate
	AVIC             Tristate
	EMSRBitmap       Tristate
	XMMInput         Tristate
}

// KVMFeatures are the paravirtual features of KVM.
type KVMFeatures struct {
	Hidden        Tristate
	HintDedicated Tristate
	PollControl   Tristate
	PVIPI         Tristate
	DirtyRing     Tristate
	DirtyRingSize uint
}

// XenFeatures are the switches of Xen.
type XenFeatures struct {
	E820Host        Tristate
	Passthrough     Tristate
	PassthroughMode string // sync_pt, share_pt
}

// ProcessCapabilities are what a container's processes may do.
type ProcessCapabilities struct {
	Policy string // default, allow, deny
	States map[string]Tristate
}

// GIC is the interrupt controller of ARM.
type GIC struct {
	Version string // 2, 3, host; empty for the default
}

// HPT is the hash page table of POWER.
type HPT struct {
	Resizing    string // enabled, disabled, required
	MaxPageSize uint64 // KiB
}

// TCGFeatures tune QEMU's translator.
type TCGFeatures struct {
	TBCache uint64 // KiB
}
