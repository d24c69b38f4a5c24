package logdconf

import (
	"errors"
	"io/fs"
	"os"

	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
)

// Config is virtlogd.conf.
type Config struct {
	daemonconf.Config
	MaxSize    uint64 // bytes of a log file before it is rolled over; 0: never
	MaxBackups uint64 // rolled files that are kept
	MaxAgeDays uint64 // after which old logs are removed; 0: never
	LogRoot    string // where they are looked for; empty: the daemon's own folder of logs
}

// New gives the defaults.
func New(bool) *Config {
	// Every limit but that of clients is fixed in libvirt: one request of a
	// client at a time, so that what it appends keeps its order, and no keepalives.
	limits := daemonconf.Limits{
		MaxQueuedClients: 30, MaxClientRequests: 1, KeepaliveInterval: -1,
	}
	c := &Config{Config: *daemonconf.New(false), MaxSize: 2 << 20, MaxBackups: 3}
	c.UnixSockRWPerms = "0700"
	c.PrioWorkers = 0
	c.Server, c.Admin = limits, limits
	c.Server.MaxClients, c.Admin.MaxClients = 1024, 5000
	c.settle()
	return c
}

// Daemon gives the settings that every daemon has.
func (c *Config) Daemon() *daemonconf.Config { return &c.Config }

// settle lets as many clients wait for authentication as there may be clients:
// nobody has to authenticate.
func (c *Config) settle() {
	c.MaxAnonymousClients, c.AdminMaxAnonymousClients = c.Server.MaxClients, c.Admin.MaxClients
}

// LoadFile reads the file at path into c. The notes tell of keys that nothing
// reads; a file that may be missing is no error when it is.
func (c *Config) LoadFile(path string, mayBeMissing bool) (notes []string, err error) {
	if _, err := os.Stat(path); mayBeMissing && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	f, err := conf.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return c.load(f)
}

func (c *Config) load(f *conf.File) (notes []string, err error) {
	defer c.settle()
	return conf.Load(f, settings(), c)
}
