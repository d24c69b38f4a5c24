package logdconf

import (
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
	return &Config{Config: *daemonconf.NewService(), MaxSize: 2 << 20, MaxBackups: 3}
}

// Daemon gives the settings that every daemon has.
func (c *Config) Daemon() *daemonconf.Config { return &c.Config }

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
	defer c.SettleService()
	return conf.Load(f, settings(), c)
}

// Check finds every mistake in the file at path.
func (c *Config) Check(path string, mayBeMissing bool) *conf.Report {
	defer c.SettleService()
	return conf.Check(path, mayBeMissing, settings(), c, nil)
}
