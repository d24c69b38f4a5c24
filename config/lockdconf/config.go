package lockdconf

import (
	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
)

// Config is virtlockd.conf. It has no keys but those that virtlogd.conf has too.
type Config struct {
	daemonconf.Config
}

// New gives the defaults.
func New(bool) *Config { return &Config{*daemonconf.NewService()} }

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
