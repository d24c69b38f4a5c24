package command

import (
	"time"

	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/xml/domain"
)

// Line is what is to be executed.
type Line struct {
	Argv []string
	Env  []string // NAME=value
}

// Env is what a command line depends on beside document and binary.
type Env struct {
	Privileged bool
	LibDir     string // of this machine
	ChannelDir string // of this machine's channels
	// Base are the variables QEMU inherits: LC_ALL, PATH, HOME, USER, LOGNAME and such.
	Base []string
	// Incoming is the URI of a migration to wait for, or empty.
	Incoming string
	Config   Config
	Storage  Storage
	// Pass gives the number a descriptor will have in QEMU.
	Pass func(Pass) (int, error)
	// Vhost opens the kernel's side of a network card that many times, or not at all.
	Vhost func(n *domain.Interface, count int) ([]int, error)
	// Secret gives the value of a secret, raw.
	Secret func(kind, usage string) ([]byte, error)
	// NUMA says whether the host has the memory nodes; DefaultHugePage is in KiB, 0 for none.
	DefaultHugePage uint64
	// NodeOfCPU is the memory node a processor of the host belongs to; nil stands for a host with one node.
	NodeOfCPU func(cpu int) int
	// AutoNodes are the host's memory nodes advised for this machine; nil stands for no advice.
	AutoNodes func() (*domain.CPUSet, error)
	// AutoCPUs are the processors of those nodes; nil stands for all.
	AutoCPUs func() *domain.CPUSet
	// HugeTLB gives this machine's folder in the file system with pages of that size in KiB.
	HugeTLB func(size uint64) (string, error)
	// HostTables are the host's SMBIOS tables without its identity, nil where they cannot be read.
	HostTables func() *domain.SysInfo
	// Lookup reads a variable of our own environment; nil stands for os.LookupEnv.
	Lookup func(string) (string, bool)
	// PasstDir has the sockets of passt; ShortName is the machine's name in paths, such as 3-web.
	PasstDir, ShortName string
	// TPMSocket is where the TPM's emulator listens.
	TPMSocket string
	// SCSIGeneric finds the device node of a SCSI device of the host.
	SCSIGeneric func(adapter string, bus, target uint, unit uint64) (string, error)
	// Now is what the guest's clock is set by; nil stands for the time it is.
	Now func() time.Time
	// MemoryFile is the file that stands for memory of that name.
	MemoryFile func(alias string) (string, error)
}

// Pass asks for a descriptor. Kind says what it is for, Path which file where there is one.
type Pass struct {
	Kind   string // monitor, chardev-log, chardev-file, chardev-listen, tap, vhost, vdpa, disk, tpm, cancel
	Path   string
	Alias  string // of the device
	Index  int    // of several for one device
	Append bool
}

// Config are the settings of qemu.conf that reach the command line.
type Config struct {
	VNC, Spice       Display
	SeccompSandbox   int  // -1 not set, 0 off, 1 on
	DumpGuestCore    bool // also the default of a document
	SetProcessName   bool
	LogTimestamp     bool
	RelaxedACS       bool
	NoGraphicsAudio  bool // nogfx_allow_host_audio
	VNCAudio         bool // vnc_allow_host_audio
	ChardevTLS       bool
	ChardevTLSDir    string
	ChardevTLSSecret string // UUID of the secret that opens the key
	ChardevTLSVerify bool
	Deprecation      string // deprecation_behavior
	MemoryBackingDir string
}

// Display are the settings of VNC or spice.
type Display struct {
	Listen, Password, TLSDir, SASLDir string
	TLSSecret                         string // UUID of the secret that opens the key
	TLS, TLSVerify, SASL              bool
	AutoSocket                        bool
}

// builder collects a command line. The first error ends it.
type builder struct {
	doc     *domain.Domain
	caps    *caps.Caps
	env     *Env
	machine machine.Type
	line    Line
	err     error
	sets    *int // number of the next set of descriptors; nil until one is needed
}

// Build makes the command line of a completed document whose devices have aliases.
func Build(d *domain.Domain, c *caps.Caps, env *Env) (*Line, error) {
	b := &builder{doc: d, caps: c, env: env, machine: machine.Of(d)}
	b.line.Argv = []string{d.Devices.Emulator}
	for _, step := range steps {
		if step(b); b.err != nil {
			return nil, b.err
		}
	}
	return &b.line, nil
}

// steps in the order of the options.
var steps = []func(*builder){
	(*builder).environment,
	(*builder).name,
	(*builder).compat,
	(*builder).frozen,
	(*builder).masterKey,
	(*builder).persistentReservations,
	(*builder).pflash,
	(*builder).machineType,
	(*builder).accel,
	(*builder).tseg,
	(*builder).cpu,
	(*builder).loader,
	(*builder).memory,
	(*builder).smp,
	(*builder).ioThreads,
	(*builder).throttleGroups,
	(*builder).numa,
	(*builder).uuid,
	(*builder).smbios,
	(*builder).sysinfo,
	(*builder).generationID,
	(*builder).noDefaults,
	(*builder).monitor,
	(*builder).clock,
	(*builder).powerManagement,
	(*builder).boot,
	(*builder).iommu,
	(*builder).globalControllers,
	(*builder).controllers,
	(*builder).memoryDevices,
	(*builder).hubs,
	(*builder).ccidControllers,
	(*builder).disks,
	(*builder).filesystems,
	(*builder).interfaces,
	(*builder).smartcards,
	(*builder).serials,
	(*builder).parallels,
	(*builder).channels,
	(*builder).consoles,
	(*builder).tpms,
	(*builder).inputs,
	(*builder).audios,
	(*builder).graphics,
	(*builder).videos,
	(*builder).sounds,
	(*builder).watchdogs,
	(*builder).redirdevs,
	(*builder).hostdevs,
	(*builder).incoming,
	(*builder).memballoon,
	(*builder).rngs,
	(*builder).nvram,
	(*builder).vmCoreInfo,
	(*builder).launchSecurity,
	(*builder).passthrough,
	(*builder).sandbox,
	(*builder).panics,
	(*builder).shmems,
	(*builder).vsock,
	(*builder).cryptos,
	(*builder).pstore,
	(*builder).asyncTeardown,
	(*builder).messageTimestamp,
}

// arg adds arguments.
func (b *builder) arg(args ...string) { b.line.Argv = append(b.line.Argv, args...) }

// fail keeps the first error.
func (b *builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// device adds a -device; nothing when the properties are nil.
func (b *builder) device(p *Props) {
	b.override(p)
	b.option("-device", p)
}

// object adds an -object.
func (b *builder) object(p *Props) { b.option("-object", p) }

// blockdev adds a -blockdev.
func (b *builder) blockdev(p *Props) { b.option("-blockdev", p) }

func (b *builder) option(name string, p *Props) {
	if p != nil && b.err == nil {
		b.arg(name, p.JSON())
	}
}
