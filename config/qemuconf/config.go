package qemuconf

import (
	"math"

	"virtree.dev/config/conf"
)

// The range of ports that a display can name.
const (
	minDisplayPort   = 5900
	minWebsocketPort = 5700
	maxPort          = 65535
)

// Unlimited is max_core without a bound.
const Unlimited = math.MaxUint64

// Config is qemu.conf.
type Config struct {
	DefaultTLS TLS

	VNC, Spice           Display
	RDP                  RDP
	NographicsAudio      bool
	DisplayPorts         Ports
	WebsocketPorts       Ports
	ChardevTLS           TLS
	MigrateTLS           TLS
	MigrateTLSForce      bool
	BackupTLS            TLS
	VXHSTLS, NBDTLS      TLS
	Security             Security
	Save                 Save
	AutoStartDelay       uint // milliseconds
	AutoStartBypassCache bool
	AutoShutdown         AutoShutdown
	Process              Process
	MACFilter            bool
	RelaxedACS           bool
	LockManager          string
	MaxQueuedJobs        uint
	KeepaliveInterval    int
	KeepaliveCount       uint
	Migration            Migration
	LogTimestamp         bool
	NVRAM                []string // "CODE:VARS", nil: not set
	GlusterDebugLevel    uint
	VirtiofsdDebug       bool
	DeprecationBehavior  string
	MemoryBackingDir     string // empty: the driver's own
	SWTPMUser            string
	SWTPMGroup           string
	CapabilityFilters    []string
	UseNBDKit            bool
	SharedFilesystems    []string
}

// TLS is where one use of TLS finds its certificates.
type TLS struct {
	Enabled    bool
	CertDir    string
	Verify     *bool // nil: not set
	SecretUUID string
}

// Display is how machines show themselves by VNC or SPICE.
type Display struct {
	Listen         string
	AutoUnixSocket bool
	TLS            TLS
	Password       string
	SASL           bool
	SASLDir        string
	HostAudio      bool
}

// RDP is how machines show themselves by RDP.
type RDP struct {
	Listen, CertDir, Username, Password string
}

// Ports is a range, both ends included.
type Ports struct{ Min, Max uint }

// Security is who a QEMU runs as and what it may reach.
type Security struct {
	Drivers           []string
	DefaultConfined   bool
	RequireConfined   bool
	User, Group       string // empty: as the daemon
	DynamicOwnership  bool
	RememberOwner     bool
	CgroupControllers []string
	CgroupDeviceACL   []string
	Seccomp           int // -1: what QEMU does by itself
	Namespaces        []string
}

// Save is how the memory of machines is written to files.
type Save struct {
	Format, DumpFormat, SnapshotFormat string
	BypassCache                        bool
	DumpPath                           string
	DumpBypassCache                    bool
}

// AutoShutdown is what becomes of the machines when the host or the session ends.
type AutoShutdown struct {
	TrySave, TryShutdown, Poweroff string
	Wait                           uint
	Restore                        bool
}

// Process is how QEMU and its helpers are started.
type Process struct {
	HugeTLBFS             []string
	BridgeHelper          string
	PRHelper, SlirpHelper string
	QEMURDP, DBusDaemon   string
	SetName               bool
	MaxProcesses          uint
	MaxFiles              uint
	MaxThreads            uint
	MaxCore               uint64
	DumpGuestCore         bool
	StdioHandler          string // empty: not set, which stands for "logd"
	SchedCore             string
}

// Migration is where incoming machines are received.
type Migration struct {
	Address string
	Host    string
	Ports   Ports
}

// New gives the defaults; privileged is system mode.
func New(privileged bool) *Config {
	c := &Config{
		DefaultTLS:        TLS{CertDir: "/etc/pki/qemu"},
		VNC:               Display{Listen: "127.0.0.1"},
		Spice:             Display{Listen: "127.0.0.1"},
		RDP:               RDP{Listen: "127.0.0.1"},
		DisplayPorts:      Ports{minDisplayPort, maxPort},
		WebsocketPorts:    Ports{minWebsocketPort, maxPort},
		Security:          Security{DefaultConfined: true, DynamicOwnership: privileged, RememberOwner: privileged, Seccomp: -1},
		Save:              Save{Format: "raw", DumpFormat: "raw", SnapshotFormat: "raw"},
		AutoShutdown:      AutoShutdown{TrySave: "none", TryShutdown: "none", Poweroff: "none", Restore: true},
		Process:           defaultProcess(),
		KeepaliveInterval: 5, KeepaliveCount: 5,
		Migration:           Migration{Ports: Ports{49152, 49215}},
		LogTimestamp:        true,
		GlusterDebugLevel:   4,
		DeprecationBehavior: "none",
	}
	if !privileged {
		c.AutoShutdown.TrySave, c.AutoShutdown.TryShutdown, c.AutoShutdown.Poweroff = "persistent", "all", "all"
	}
	return c
}

func defaultProcess() Process {
	return Process{
		BridgeHelper: "qemu-bridge-helper", PRHelper: "qemu-pr-helper", SlirpHelper: "slirp-helper",
		QEMURDP: "qemu-rdp", DBusDaemon: "dbus-daemon",
		MaxCore: Unlimited, SchedCore: "none",
	}
}

// LoadFile reads the file at path into c, if there is one. The notes tell of
// keys that nothing reads.
func (c *Config) LoadFile(path string) (notes []string, err error) {
	defer c.settleTLS()
	f, err := conf.ReadOptional(path, true)
	if err != nil || f == nil {
		return nil, err
	}
	return c.load(f)
}

func (c *Config) load(f *conf.File) (notes []string, err error) {
	if notes, err = conf.Load(f, settings(), c); err != nil {
		return nil, err
	}
	if wrong := c.check(f); len(wrong) > 0 {
		return notes, wrong[0]
	}
	return notes, nil
}

// Check finds every mistake in the file at path, if there is one.
func (c *Config) Check(path string) *conf.Report {
	return conf.Check(path, true, settings(), c, func(f *conf.File) []error { return c.check(f) })
}
