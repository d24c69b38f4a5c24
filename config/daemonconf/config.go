package daemonconf

import (
	"virtree.dev/config/conf"
)

// Auth is how clients of a socket authenticate.
type Auth string

// The ways to authenticate.
const (
	AuthNone   Auth = "none"
	AuthSASL   Auth = "sasl"
	AuthPolkit Auth = "polkit"
)

// minSSF is the weakest cipher, in bits, that may be asked of a TCP client.
const minSSF = 112

// Config is libvirtd.conf.
type Config struct {
	ListenTLS, ListenTCP bool
	TLSPort, TCPPort     string
	ListenAddr           string

	UnixSockGroup                    string
	UnixSockROPerms, UnixSockRWPerms string
	UnixSockAdminPerms, UnixSockDir  string
	AuthUnixRO, AuthUnixRW           Auth
	AuthTCP, AuthTLS                 Auth
	TCPMinSSF                        uint
	KeyFile, CertFile, CAFile        string
	CRLFile                          string
	TLSNoVerifyCert, TLSNoSanityCert bool
	TLSAllowedDNList                 []string
	TLSPriority                      string
	SASLAllowedUsernames             []string
	AccessDrivers                    []string
	Server, Admin                    Limits
	PrioWorkers, MaxAnonymousClients uint // of the server
	AdminMaxAnonymousClients         uint // 0: as many as there may be clients
	LogLevel                         uint
	LogFilters, LogOutputs           string
	AuditLevel                       uint
	AuditLogging                     bool
	HostUUID, HostUUIDSource         string
	OVSTimeout                       uint
}

// DemandsSASL says whether clients of a socket that is wanted authenticate by SASL.
func (c *Config) DemandsSASL() bool {
	return c.AuthUnixRO == AuthSASL || c.AuthUnixRW == AuthSASL || c.AuthTLS == AuthSASL && c.ListenTLS || c.AuthTCP == AuthSASL && c.ListenTCP
}

// Limits are the settings that the main and the admin server both have.
type Limits struct {
	MinWorkers, MaxWorkers uint
	MaxClients             uint
	MaxQueuedClients       uint
	MaxClientRequests      uint
	KeepaliveInterval      int
	KeepaliveCount         uint
}

// New gives the defaults; privileged is system mode.
func New(privileged bool) *Config {
	c := &Config{
		ListenTLS: true, // honoured only with --listen
		TLSPort:   "16514", TCPPort: "16509",
		UnixSockROPerms: "0777", UnixSockRWPerms: "0700", UnixSockAdminPerms: "0700",
		AuthUnixRO: AuthNone, AuthUnixRW: AuthNone, AuthTCP: AuthSASL, AuthTLS: AuthNone,
		TCPMinSSF: 56,
		Server: Limits{MinWorkers: 5, MaxWorkers: 20, MaxClients: 5000, MaxQueuedClients: 1000,
			MaxClientRequests: 5, KeepaliveInterval: 5, KeepaliveCount: 5},
		Admin: Limits{MinWorkers: 5, MaxWorkers: 20, MaxClients: 5000, MaxQueuedClients: 20,
			MaxClientRequests: 5, KeepaliveInterval: 5, KeepaliveCount: 5},
		PrioWorkers: 5, MaxAnonymousClients: 20,
		AuditLevel: 1, OVSTimeout: 5,
	}
	if privileged {
		c.AuthUnixRO, c.AuthUnixRW = AuthPolkit, AuthPolkit
		c.UnixSockRWPerms = "0777"
	}
	return c
}

// Daemon are the settings that every daemon has: here all.
func (c *Config) Daemon() *Config { return c }

// LoadFile reads the file at path into c. The notes tell of keys that nothing
// reads; a file that may be missing is no error when it is.
func (c *Config) LoadFile(path string, mayBeMissing bool) (notes []string, err error) {
	f, err := conf.ReadOptional(path, mayBeMissing)
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
		return nil, wrong[0]
	}
	return notes, nil
}

// check looks at values that are of the right type and yet cannot be.
func (c *Config) check(f *conf.File) []error {
	if c.Server.MaxWorkers >= 1 {
		return nil
	}
	e, _ := f.Lookup("max_workers")
	return []error{f.Fail(conf.ErrType, e, "'max_workers' must be greater than 0")}
}

// Check finds every mistake in the file at path.
func (c *Config) Check(path string, mayBeMissing bool) *conf.Report {
	return conf.Check(path, mayBeMissing, settings(), c, c.check)
}
