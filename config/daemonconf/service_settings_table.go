package daemonconf

import "virtree.dev/config/conf"

// NewService gives the defaults of virtlogd and virtlockd, in either mode.
func NewService() *Config {
	// Every limit but that of clients is fixed in libvirt: one request of a
	// client at a time, so that what it asks for keeps its order, and no keepalives,
	// for a QEMU that holds the connection never answers one.
	limits := Limits{MaxQueuedClients: 30, MaxClientRequests: 1, KeepaliveInterval: -1}
	c := New(false)
	c.PrioWorkers = 0
	c.Server, c.Admin = limits, limits
	c.Server.MaxClients, c.Admin.MaxClients = 1024, 5000
	c.SettleService()
	return c
}

// SettleService lets as many clients wait for authentication as there may be
// clients: nobody has to authenticate.
func (c *Config) SettleService() {
	c.MaxAnonymousClients, c.AdminMaxAnonymousClients = c.Server.MaxClients, c.Admin.MaxClients
}

// ServiceSettings are the keys that virtlogd.conf and virtlockd.conf both have.
func ServiceSettings[C any](base func(*C) *Config) []conf.Setting[C] {
	return []conf.Setting[C]{
		conf.Count("log_level", "priority from which messages are logged", func(c *C) *uint { return &base(c).LogLevel }),
		conf.Text("log_filters", "priority by source", func(c *C) *string { return &base(c).LogFilters }),
		conf.Text("log_outputs", "where messages go", func(c *C) *string { return &base(c).LogOutputs }),
		conf.Count("max_clients", "clients of the server", func(c *C) *uint { return &base(c).Server.MaxClients }),
		conf.Count("admin_max_clients", "clients of the admin server", func(c *C) *uint { return &base(c).Admin.MaxClients }),
	}
}
