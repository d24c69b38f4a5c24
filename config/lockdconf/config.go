package lockdconf

import (
	"errors"
	"io/fs"
	"os"

	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
)

// Config is virtlockd.conf. It has no keys but those that every daemon has.
type Config struct {
	daemonconf.Config
}

// New gives the defaults.
func New(bool) *Config {
	// Every limit but that of clients is fixed in libvirt: one request of a
	// client at a time, so that its acquires and releases keep their order, and
	// no keepalives, for a QEMU that holds the connection never answers one.
	limits := daemonconf.Limits{
		MaxQueuedClients: 30, MaxClientRequests: 1, KeepaliveInterval: -1,
	}
	c := &Config{*daemonconf.New(false)}
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

func settings() []conf.Setting[Config] {
	return []conf.Setting[Config]{
		conf.Count("log_level", "priority from which messages are logged", func(c *Config) *uint { return &c.LogLevel }),
		conf.Text("log_filters", "priority by source", func(c *Config) *string { return &c.LogFilters }),
		conf.Text("log_outputs", "where messages go", func(c *Config) *string { return &c.LogOutputs }),
		conf.Count("max_clients", "clients of the server", func(c *Config) *uint { return &c.Server.MaxClients }),
		conf.Count("admin_max_clients", "clients of the admin server", func(c *Config) *uint { return &c.Admin.MaxClients }),
	}
}

// LoadFile reads the file at path into c. The notes tell of keys that nothing
// reads; a file that may be missing is no error when it is.
func (c *Config) LoadFile(path string, mayBeMissing bool) (notes []string, err error) {
	f, err := read(path, mayBeMissing)
	if err != nil || f == nil {
		return nil, err
	}
	return c.load(f)
}

func (c *Config) load(f *conf.File) (notes []string, err error) {
	defer c.settle()
	return conf.Load(f, settings(), c)
}

// read gives nothing for a file that may be missing, and is.
func read(path string, mayBeMissing bool) (*conf.File, error) {
	if _, err := os.Stat(path); mayBeMissing && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return conf.ReadFile(path)
}
