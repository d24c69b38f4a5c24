package domstatus

import (
	"virtree.dev/protocol/xml/cpu"
	"virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/xmltree"
)

// Status is a running machine as its daemon knew it last.
type Status struct {
	State        string // running, paused, shutdown, ...
	Reason       string // booted, user, migration, ...
	PID          int
	Taints       []string // in libvirt's order
	Deprecations []string

	Monitor          *Monitor
	DBusDaemon       bool
	DBusVMState      bool
	Namespaces       []string // mount
	VCPUs            []VCPU
	QEMUCaps         []string // capability flags of the binary, by libvirt's names
	LockState        string
	Job              *Job
	FakeReboot       bool
	Devices          []string // aliases QEMU knows
	Numad            *Numad
	LibDir           string
	ChannelTargetDir string
	MemoryBackingDir string
	CPU              *cpu.CPU // as in the definition, when the running one differs
	ChardevStdioLogd bool
	RememberOwner    bool
	AllowReboot      domain.Tristate
	PRDaemon         bool // the persistent reservation helper runs
	NodenameIndex    uint64
	FDSetIndex       uint
	MemPrealloc      bool
	BlockJobs        *xmltree.Node // <blockjobs>, as written; nil for no active job
	Slirp            *xmltree.Node
	AgentTimeout     int           // seconds; -2 blocks, -1 is the default, 0 does not wait
	Backups          *xmltree.Node // <backups>, as written
	OriginalMemlock  uint64        // bytes
	PreMigrationLock uint64        // bytes

	// Extra are elements that nobody here knows.
	Extra []*xmltree.Node

	Domain *domain.Domain
}

// Monitor is where QEMU listens.
type Monitor struct {
	Path string
	Type string // unix
}

// VCPU is the thread of a virtual processor.
type VCPU struct {
	ID  uint
	PID int
}

// Job is what was being done. Details are kept as written.
type Job struct {
	Type         string // none, query, destroy, suspend, modify, ...
	Async        string // none, migration out, migration in, save, dump, snapshot, start, backup
	Phase        string
	Flags        uint64
	AsyncStarted uint64 // milliseconds since 1970
	AsyncPaused  bool
	Details      []*xmltree.Node
}

// Numad is the placement that was advised.
type Numad struct {
	NodeSet, CPUSet string
}
