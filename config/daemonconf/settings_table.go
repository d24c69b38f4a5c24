package daemonconf

import "virtree.dev/config/conf"

type setting = conf.Setting[Config]

// settings lists every key in the order in which it is read: auth_unix_rw
// comes before unix_sock_rw_perms because it changes that one's default.
func settings() []setting {
	var all []setting
	for _, part := range [][]setting{
		networkSettings(), authSettings(), tlsSettings(),
		limitSettings("", ofServer, func(c *Config) *Limits { return &c.Server }),
		limitSettings("admin_", ofAdmin, func(c *Config) *Limits { return &c.Admin }),
		hostSettings(),
	} {
		all = append(all, part...)
	}
	return all
}

// Effects says for every key what it changes.
func Effects() map[string]string {
	m := make(map[string]string)
	for _, s := range settings() {
		m[s.Key] = s.Effect
	}
	return m
}

func networkSettings() []setting {
	return []setting{
		conf.Flag("listen_tcp", "the TCP port, with --listen", func(c *Config) *bool { return &c.ListenTCP }),
		conf.Flag("listen_tls", "the TLS port, with --listen", func(c *Config) *bool { return &c.ListenTLS }),
		conf.Text("tls_port", "port of TLS", func(c *Config) *string { return &c.TLSPort }),
		conf.Text("tcp_port", "port of TCP", func(c *Config) *string { return &c.TCPPort }),
		conf.Text("listen_addr", "address of the TCP and TLS ports", func(c *Config) *string { return &c.ListenAddr }),
		conf.Custom("auth_unix_rw", "authentication of the read-write socket", readRWAuth).Takes(authForm),
		auth("auth_unix_ro", "authentication of the read-only socket", func(c *Config) *Auth { return &c.AuthUnixRO }),
		auth("auth_tcp", "authentication of the TCP port", func(c *Config) *Auth { return &c.AuthTCP }),
		auth("auth_tls", "authentication behind TLS", func(c *Config) *Auth { return &c.AuthTLS }),
	}
}

func authSettings() []setting {
	return []setting{
		conf.Texts("access_drivers", "rpc.Options.Access: none or polkit", func(c *Config) *[]string { return &c.AccessDrivers }),
		conf.Text("unix_sock_group", "group of the sockets", func(c *Config) *string { return &c.UnixSockGroup }),
		conf.Text("unix_sock_admin_perms", "mode of the admin socket", func(c *Config) *string { return &c.UnixSockAdminPerms }),
		conf.Text("unix_sock_ro_perms", "mode of the read-only socket", func(c *Config) *string { return &c.UnixSockROPerms }),
		conf.Text("unix_sock_rw_perms", "mode of the read-write socket", func(c *Config) *string { return &c.UnixSockRWPerms }),
		conf.Text("unix_sock_dir", "directory of the sockets", func(c *Config) *string { return &c.UnixSockDir }),
		conf.Texts("sasl_allowed_username_list", "who may connect by SASL", func(c *Config) *[]string { return &c.SASLAllowedUsernames }),
	}
}

func tlsSettings() []setting {
	return []setting{
		conf.Flag("tls_no_sanity_certificate", "whether the own certificates are checked", func(c *Config) *bool { return &c.TLSNoSanityCert }),
		conf.Flag("tls_no_verify_certificate", "whether clients' certificates are checked", func(c *Config) *bool { return &c.TLSNoVerifyCert }),
		conf.Text("key_file", "private key of TLS", func(c *Config) *string { return &c.KeyFile }),
		conf.Text("cert_file", "certificate of TLS", func(c *Config) *string { return &c.CertFile }),
		conf.Text("ca_file", "authority of TLS", func(c *Config) *string { return &c.CAFile }),
		conf.Text("crl_file", "revocation list of TLS", func(c *Config) *string { return &c.CRLFile }),
		conf.Texts("tls_allowed_dn_list", "who may connect by TLS", func(c *Config) *[]string { return &c.TLSAllowedDNList }),
		conf.Text("tls_priority", "versions of TLS", func(c *Config) *string { return &c.TLSPriority }),
		conf.Custom("tcp_min_ssf", "strength of a layer of SASL on the TCP port", readMinSSF),
	}
}

func ofServer(what string) string { return what + " of the server" }

func ofAdmin(what string) string { return what + " of the admin server" }

// limitSettings are the keys that stand once plain and once with admin_.
func limitSettings(prefix string, effect func(string) string, of func(*Config) *Limits) []setting {
	list := []setting{
		conf.Count(prefix+"min_workers", effect("workers kept"), func(c *Config) *uint { return &of(c).MinWorkers }),
		conf.Count(prefix+"max_workers", effect("workers at most"), func(c *Config) *uint { return &of(c).MaxWorkers }),
		conf.Count(prefix+"max_clients", effect("clients"), func(c *Config) *uint { return &of(c).MaxClients }),
		conf.Count(prefix+"max_queued_clients", effect("listen backlog"), func(c *Config) *uint { return &of(c).MaxQueuedClients }),
		conf.Count(prefix+"max_client_requests", effect("requests in hand for a client"), func(c *Config) *uint { return &of(c).MaxClientRequests }),
		conf.Integer(prefix+"keepalive_interval", effect("keepalive"), func(c *Config) *int { return &of(c).KeepaliveInterval }),
		conf.Count(prefix+"keepalive_count", effect("keepalive"), func(c *Config) *uint { return &of(c).KeepaliveCount }),
		conf.Ignored[Config](prefix + "keepalive_required"),
	}
	if prefix != "" {
		return list
	}
	return append(list,
		conf.Count("max_anonymous_clients", "clients not yet authenticated", func(c *Config) *uint { return &c.MaxAnonymousClients }),
		conf.Count("prio_workers", "workers kept for calls that never block", func(c *Config) *uint { return &c.PrioWorkers }),
	)
}

func hostSettings() []setting {
	return []setting{
		conf.Count("audit_level", "records for the kernel's audit system", func(c *Config) *uint { return &c.AuditLevel }),
		conf.Flag("audit_logging", "records in the log", func(c *Config) *bool { return &c.AuditLogging }),
		conf.Text("host_uuid", "host UUID in capabilities", func(c *Config) *string { return &c.HostUUID }),
		conf.Text("host_uuid_source", "host UUID in capabilities", func(c *Config) *string { return &c.HostUUIDSource }),
		conf.Count("log_level", "priority from which messages are logged", func(c *Config) *uint { return &c.LogLevel }),
		conf.Text("log_filters", "priority by source", func(c *Config) *string { return &c.LogFilters }),
		conf.Text("log_outputs", "where messages go", func(c *Config) *string { return &c.LogOutputs }),
		conf.Count("ovs_timeout", conf.Later("the network driver"), func(c *Config) *uint { return &c.OVSTimeout }),
	}
}

// authForm is how ways to authenticate are written.
const authForm = `"none", "sasl" or "polkit"`

func auth(key, effect string, field func(*Config) *Auth) setting {
	return conf.Custom(key, effect, func(f *conf.File, e *conf.Entry, c *Config) error {
		return readAuth(f, e, field(c))
	}).Takes(authForm)
}

func readAuth(f *conf.File, e *conf.Entry, to *Auth) error {
	var text string
	if _, err := f.String(e.Name, &text); err != nil {
		return err
	}
	switch a := Auth(text); a {
	case AuthNone, AuthSASL, AuthPolkit:
		*to = a
		return nil
	}
	return f.Fail(conf.ErrUnsupported, e, "%s: unsupported auth %s", e.Name, text)
}

// readRWAuth opens the socket to everybody where polkit will ask; as in
// libvirt, choosing another way does not close it again.
func readRWAuth(f *conf.File, e *conf.Entry, c *Config) error {
	if err := readAuth(f, e, &c.AuthUnixRW); err != nil {
		return err
	}
	if c.AuthUnixRW == AuthPolkit {
		c.UnixSockRWPerms = "0777"
	}
	return nil
}

func readMinSSF(f *conf.File, e *conf.Entry, c *Config) error {
	if _, err := f.Uint("tcp_min_ssf", &c.TCPMinSSF); err != nil {
		return err
	}
	if c.TCPMinSSF < minSSF {
		return f.Fail(conf.ErrUnsupported, e, "minimum SSF levels lower than %d are not supported", minSSF)
	}
	return nil
}
