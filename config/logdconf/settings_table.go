package logdconf

import "virtree.dev/config/conf"

func settings() []conf.Setting[Config] {
	return []conf.Setting[Config]{
		conf.Count("log_level", "priority from which messages are logged", func(c *Config) *uint { return &c.LogLevel }),
		conf.Text("log_filters", "priority by source", func(c *Config) *string { return &c.LogFilters }),
		conf.Text("log_outputs", "where messages go", func(c *Config) *string { return &c.LogOutputs }),
		conf.Count("max_clients", "clients of the server", func(c *Config) *uint { return &c.Server.MaxClients }),
		conf.Count("admin_max_clients", "clients of the admin server", func(c *Config) *uint { return &c.Admin.MaxClients }),
		conf.Size("max_size", "size at which a log file is rolled over", func(c *Config) *uint64 { return &c.MaxSize }),
		conf.Size("max_backups", "rolled files that are kept", func(c *Config) *uint64 { return &c.MaxBackups }),
		conf.Size("max_age_days", "age at which old logs are removed", func(c *Config) *uint64 { return &c.MaxAgeDays }),
		conf.Text("log_root", "where old logs are looked for", func(c *Config) *string { return &c.LogRoot }),
	}
}
