package logdconf

import (
	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
)

func settings() []conf.Setting[Config] {
	return append(daemonconf.ServiceSettings((*Config).Daemon),
		conf.Size("max_size", "size at which a log file is rolled over", func(c *Config) *uint64 { return &c.MaxSize }),
		conf.Size("max_backups", "rolled files that are kept", func(c *Config) *uint64 { return &c.MaxBackups }),
		conf.Size("max_age_days", "age at which old logs are removed", func(c *Config) *uint64 { return &c.MaxAgeDays }),
		conf.Text("log_root", "where old logs are looked for", func(c *Config) *string { return &c.LogRoot }),
	)
}
