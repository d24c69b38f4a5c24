package domain

import (
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/cpuset"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

// Tristate is yes/on, no/off, or left open.
type Tristate = xmltree.Tristate

// The values of a Tristate.
const (
	Absent = xmltree.Absent
	Yes    = xmltree.Yes
	No     = xmltree.No
	On     = xmltree.On
	Off    = xmltree.Off
)

// UUID is the identity of a domain.
type UUID = uuid.UUID

// CPUSet is a set of host processors, virtual processors or NUMA nodes.
type CPUSet = cpuset.Set

// CPU is the processor the guest sees.
type CPU = cpu.CPU

// Unlimited is the value of a memory limit that is not set, in KiB.
const Unlimited uint64 = 9007199254740991

// Domain is a whole document.
type Domain struct {
	Type        string // qemu, kvm, xen, lxc, hvf, bhyve, vz, test, ...
	ID          int    // of a running domain, else -1
	Name        string
	UUID        UUID
	GenID       *GenID
	Title       string
	Description string
	Metadata    *xmltree.Node // the whole <metadata>, as written

	Memory        Memory
	MemoryBacking MemoryBacking
	MemTune       MemTune
	BlkioTune     BlkioTune

	VCPU            VCPU
	IOThreads       []IOThread
	DefaultIOThread *ThreadPool
	ThrottleGroups  []ThrottleGroup
	CPUTune         CPUTune
	NumaTune        NumaTune
	Resource        *Resource

	SysInfo        []SysInfo
	Bootloader     string // of a paravirtualised guest, instead of OS boot devices
	BootloaderArgs string
	OS             OS
	IDMap          IDMap

	Features Features
	CPU      *CPU
	Numa     Numa
	Clock    Clock

	OnPoweroff    string // destroy, restart, rename-restart, preserve, ...
	OnReboot      string
	OnCrash       string
	OnLockFailure string // poweroff, restart, pause, ignore; empty for the default

	PM   PowerManagement
	Perf map[string]Tristate // by event name, see PerfEvents for the order

	Devices Devices

	SecLabels      []SecLabel
	KeyWrap        *KeyWrap
	LaunchSecurity *LaunchSecurity

	QEMU *QEMUNamespace // of a domain whose type is qemu, kvm or hvf
	// Foreign holds the namespace elements of other hypervisors (xen, lxc, bhyve), as written.
	Foreign []*xmltree.Node
}

// Active says whether the document is that of a running domain.
func (d *Domain) Active() bool { return d.ID >= 0 }

// GenID is the generation identity: it changes whenever a guest is set back.
type GenID struct {
	UUID      UUID
	Generated bool // the document asked for one without giving it
}

// Memory is how much the guest has, in KiB.
type Memory struct {
	// Total is <memory>: what the guest starts with plus all memory devices.
	Total    uint64
	Current  uint64 // <currentMemory>: the balloon's aim
	Max      uint64 // <maxMemory>: with memory hotplug, else 0
	Slots    uint   // of <maxMemory>
	DumpCore Tristate
}

// MemoryBacking tells what the guest's memory is made of.
type MemoryBacking struct {
	HugePages         []HugePage // one of size 0 stands for the default size
	NoSharePages      bool
	Locked            bool
	Source            string // file, anonymous, memfd
	Access            string // shared, private
	Allocation        string // immediate, ondemand
	AllocationThreads uint
	Discard           bool
}

// HugePage is a page size, for all guest nodes or some.
type HugePage struct {
	Size  uint64 // KiB, 0 for the default
	Nodes *CPUSet
}

// MemTune are limits in KiB. Unlimited stands for a limit that is not set, as 0 is a limit too;
// a guarantee of 0 is none.
type MemTune struct {
	HardLimit     uint64
	SoftLimit     uint64
	MinGuarantee  uint64
	SwapHardLimit uint64
}

// BlkioTune is the share of the disks' time.
type BlkioTune struct {
	Weight  uint
	Devices []BlkioDevice
}

// BlkioDevice is the share of one disk of the host.
type BlkioDevice struct {
	Path      string
	Weight    uint
	ReadIOPS  uint
	WriteIOPS uint
	ReadBPS   uint64
	WriteBPS  uint64
}

// Resource is where the domain counts.
type Resource struct {
	Partition string
	AppID     string // of <fibrechannel>
}

// IDMap maps users and groups of a container.
type IDMap struct {
	UIDs, GIDs []IDMapEntry
}

// IDMapEntry maps Count ids from Start inside to Target outside.
type IDMapEntry struct {
	Start, Target, Count uint
}

// PowerManagement tells the guest which sleep states it has.
type PowerManagement struct {
	SuspendToMem, SuspendToDisk Tristate
}

// SecLabel is a security label of the whole domain.
type SecLabel struct {
	Type       string   // dynamic, static, none
	Model      string   // selinux, dac, apparmor, none
	Relabel    Tristate // always given in what was parsed
	Implicit   bool     // added by the daemon
	Label      string
	ImageLabel string
	BaseLabel  string
}

// KeyWrap are the s390 key wrapping switches.
type KeyWrap struct {
	AES, DEA Tristate
}

// LaunchSecurity is what protects the guest from its host.
type LaunchSecurity struct {
	Type            string // sev, sev-snp, s390-pv
	KernelHashes    Tristate
	CBitPos         *uint
	ReducedPhysBits *uint
	Policy          uint64
	// sev only
	DHCert, Session string
	// sev-snp only
	AuthorKey, VCEK           Tristate
	GuestVisibleWorkarounds   string
	IDBlock, IDAuth, HostData string
}

// QEMUNamespace are the passthrough elements of the namespace QEMUSpace.
type QEMUNamespace struct {
	Args        []string // <qemu:commandline><qemu:arg value=...>
	Env         []EnvVar // <qemu:env>
	CapsAdd     []string // <qemu:capabilities><qemu:add capability=...>
	CapsDel     []string
	Overrides   []DeviceOverride // <qemu:override>
	Deprecation string           // <qemu:deprecation behavior=...>
}

// EnvVar is an environment variable.
type EnvVar struct {
	Name, Value string
	NoValue     bool // the document gave no value, which sets an empty one
}

// DeviceOverride changes the properties of the frontend of a device.
type DeviceOverride struct {
	Alias      string
	Properties []OverrideProperty
}

// OverrideProperty sets or removes one property of a device.
type OverrideProperty struct {
	Name  string
	Type  string // string, unsigned, signed, bool, remove
	Value string
}
