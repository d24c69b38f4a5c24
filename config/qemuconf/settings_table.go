package qemuconf

import "virtree.dev/config/conf"

type setting = conf.Setting[Config]

func settings() []setting {
	var all []setting
	for _, part := range [][]setting{
		displaySettings(), tlsSettings(), securitySettings(), saveSettings(), processSettings(), driverSettings(),
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

func displaySettings() []setting {
	return []setting{
		conf.Text("vnc_listen", "address of VNC servers whose document names none", func(c *Config) *string { return &c.VNC.Listen }),
		conf.Flag("vnc_auto_unix_socket", "VNC servers without an address listen on a socket", func(c *Config) *bool { return &c.VNC.AutoUnixSocket }),
		conf.Flag("vnc_tls", "TLS to VNC displays", func(c *Config) *bool { return &c.VNC.TLS.Enabled }),
		conf.Text("vnc_tls_x509_cert_dir", "certificates of VNC displays", func(c *Config) *string { return &c.VNC.TLS.CertDir }).Takes("a folder that there is, in quotes"),
		verify("vnc_tls_x509_verify", "certificates wanted from VNC clients", func(c *Config) **bool { return &c.VNC.TLS.Verify }),
		conf.Text("vnc_tls_x509_secret_uuid", "secret of the key of VNC displays", func(c *Config) *string { return &c.VNC.TLS.SecretUUID }),
		conf.Text("vnc_password", "password of VNC servers whose document has none", func(c *Config) *string { return &c.VNC.Password }),
		conf.Flag("vnc_sasl", "SASL at VNC displays", func(c *Config) *bool { return &c.VNC.SASL }),
		conf.Text("vnc_sasl_dir", "SASL_CONF_PATH of a QEMU", func(c *Config) *string { return &c.VNC.SASLDir }),
		conf.Flag("vnc_allow_host_audio", "sound on the host of machines with VNC", func(c *Config) *bool { return &c.VNC.HostAudio }),
		conf.Text("spice_listen", "address of SPICE servers whose document names none", func(c *Config) *string { return &c.Spice.Listen }),
		conf.Flag("spice_tls", "TLS to SPICE displays", func(c *Config) *bool { return &c.Spice.TLS.Enabled }),
		conf.Text("spice_tls_x509_cert_dir", "certificates of SPICE displays", func(c *Config) *string { return &c.Spice.TLS.CertDir }).Takes("a folder that there is, in quotes"),
		conf.Flag("spice_auto_unix_socket", "SPICE servers without an address listen on a socket", func(c *Config) *bool { return &c.Spice.AutoUnixSocket }),
		conf.Text("spice_password", "password of SPICE servers whose document has none", func(c *Config) *string { return &c.Spice.Password }),
		conf.Flag("spice_sasl", "SASL at SPICE displays", func(c *Config) *bool { return &c.Spice.SASL }),
		conf.Text("spice_sasl_dir", "SASL_CONF_PATH of a QEMU", func(c *Config) *string { return &c.Spice.SASLDir }),
		conf.Text("rdp_listen", conf.Later("RDP"), func(c *Config) *string { return &c.RDP.Listen }),
		conf.Text("rdp_tls_x509_cert_dir", conf.Later("RDP"), func(c *Config) *string { return &c.RDP.CertDir }).Takes("a folder that there is, in quotes"),
		conf.Text("rdp_username", conf.Later("RDP"), func(c *Config) *string { return &c.RDP.Username }),
		conf.Text("rdp_password", conf.Later("RDP"), func(c *Config) *string { return &c.RDP.Password }),
		conf.Flag("nographics_allow_host_audio", "sound on the host of machines without a display", func(c *Config) *bool { return &c.NographicsAudio }),
		conf.Count("remote_display_port_min", "ports of VNC and SPICE servers", func(c *Config) *uint { return &c.DisplayPorts.Min }).Takes("a number from 5900 to 65535"),
		conf.Count("remote_display_port_max", "ports of VNC and SPICE servers", func(c *Config) *uint { return &c.DisplayPorts.Max }).Takes("a number from remote_display_port_min to 65535"),
		conf.Count("remote_websocket_port_min", "websocket ports of VNC servers", func(c *Config) *uint { return &c.WebsocketPorts.Min }).Takes("a number from 5700 to 65535"),
		conf.Count("remote_websocket_port_max", "websocket ports of VNC servers", func(c *Config) *uint { return &c.WebsocketPorts.Max }).Takes("a number from remote_websocket_port_min to 65535"),
	}
}

func tlsSettings() []setting {
	return []setting{
		conf.Text("default_tls_x509_cert_dir", byOthers, func(c *Config) *string { return &c.DefaultTLS.CertDir }).Takes("a folder that there is, in quotes"),
		verify("default_tls_x509_verify", byOthers, func(c *Config) **bool { return &c.DefaultTLS.Verify }),
		conf.Text("default_tls_x509_secret_uuid", byOthers, func(c *Config) *string { return &c.DefaultTLS.SecretUUID }),
		conf.Flag("chardev_tls", "TLS of TCP character devices", func(c *Config) *bool { return &c.ChardevTLS.Enabled }),
		conf.Text("chardev_tls_x509_cert_dir", "certificates of TCP character devices", func(c *Config) *string { return &c.ChardevTLS.CertDir }).Takes("a folder that there is, in quotes"),
		verify("chardev_tls_x509_verify", "certificates wanted from the other side of TCP character devices", func(c *Config) **bool { return &c.ChardevTLS.Verify }),
		conf.Text("chardev_tls_x509_secret_uuid", "secret of the key of TCP character devices", func(c *Config) *string { return &c.ChardevTLS.SecretUUID }),
		conf.Text("migrate_tls_x509_cert_dir", conf.Later("migration"), func(c *Config) *string { return &c.MigrateTLS.CertDir }).Takes("a folder that there is, in quotes"),
		verify("migrate_tls_x509_verify", conf.Later("migration"), func(c *Config) **bool { return &c.MigrateTLS.Verify }),
		conf.Text("migrate_tls_x509_secret_uuid", conf.Later("migration"), func(c *Config) *string { return &c.MigrateTLS.SecretUUID }),
		conf.Flag("migrate_tls_force", conf.Later("migration"), func(c *Config) *bool { return &c.MigrateTLSForce }),
		conf.Text("backup_tls_x509_cert_dir", conf.Later("backup"), func(c *Config) *string { return &c.BackupTLS.CertDir }).Takes("a folder that there is, in quotes"),
		verify("backup_tls_x509_verify", conf.Later("backup"), func(c *Config) **bool { return &c.BackupTLS.Verify }),
		conf.Text("backup_tls_x509_secret_uuid", conf.Later("backup"), func(c *Config) *string { return &c.BackupTLS.SecretUUID }),
		conf.Flag("vxhs_tls", "TLS to VxHS servers", func(c *Config) *bool { return &c.VXHSTLS.Enabled }),
		conf.Text("vxhs_tls_x509_cert_dir", "certificates for VxHS servers", func(c *Config) *string { return &c.VXHSTLS.CertDir }).Takes("a folder that there is, in quotes"),
		conf.Text("vxhs_tls_x509_secret_uuid", "secret of the key for VxHS servers", func(c *Config) *string { return &c.VXHSTLS.SecretUUID }),
		conf.Flag("nbd_tls", "TLS to NBD servers", func(c *Config) *bool { return &c.NBDTLS.Enabled }),
		conf.Text("nbd_tls_x509_cert_dir", "certificates for NBD servers", func(c *Config) *string { return &c.NBDTLS.CertDir }).Takes("a folder that there is, in quotes"),
		conf.Text("nbd_tls_x509_secret_uuid", "secret of the key for NBD servers", func(c *Config) *string { return &c.NBDTLS.SecretUUID }),
	}
}

func securitySettings() []setting {
	return []setting{
		conf.TextOrTexts("security_driver", "the start of the driver", func(c *Config) *[]string { return &c.Security.Drivers }).Takes(`"none"`),
		conf.Flag("security_default_confined", "labels of a machine", func(c *Config) *bool { return &c.Security.DefaultConfined }),
		conf.Flag("security_require_confined", "labels of a machine", func(c *Config) *bool { return &c.Security.RequireConfined }),
		conf.Text("user", "who a machine is", func(c *Config) *string { return &c.Security.User }),
		conf.Text("group", "who a machine is", func(c *Config) *string { return &c.Security.Group }),
		conf.Flag("dynamic_ownership", "files of a machine", func(c *Config) *bool { return &c.Security.DynamicOwnership }),
		conf.Flag("remember_owner", "files of a machine", func(c *Config) *bool { return &c.Security.RememberOwner }),
		conf.Texts("cgroup_controllers", conf.Later("cgroups"), func(c *Config) *[]string { return &c.Security.CgroupControllers }).Takes(`[ "cpu", "devices" ], of cpu, cpuacct, cpuset, memory, devices, freezer, blkio, net_cls, perf_event`),
		conf.Texts("cgroup_device_acl", conf.Later("cgroups"), func(c *Config) *[]string { return &c.Security.CgroupDeviceACL }),
		conf.Integer("seccomp_sandbox", "-sandbox of a QEMU", func(c *Config) *int { return &c.Security.Seccomp }),
		conf.Texts("namespaces", conf.Later("namespaces"), func(c *Config) *[]string { return &c.Security.Namespaces }).Takes(`[ "mount" ] or [ ]`),
		conf.Ignored[Config]("clear_emulator_capabilities"),
		conf.Text("swtpm_user", "the start of a swtpm", func(c *Config) *string { return &c.SWTPMUser }),
		conf.Text("swtpm_group", "the start of a swtpm", func(c *Config) *string { return &c.SWTPMGroup }),
	}
}

func saveSettings() []setting {
	return []setting{
		conf.Text("save_image_format", conf.Later("save and restore"), func(c *Config) *string { return &c.Save.Format }).Takes(`"raw", "gzip", "bzip2", "xz", "lzop", "zstd" or "sparse"`),
		conf.Text("dump_image_format", conf.Later("core dumps"), func(c *Config) *string { return &c.Save.DumpFormat }).Takes(`"raw", "gzip", "bzip2", "xz", "lzop", "zstd" or "sparse"`),
		conf.Text("snapshot_image_format", conf.Later("snapshots"), func(c *Config) *string { return &c.Save.SnapshotFormat }).Takes(`"raw", "gzip", "bzip2", "xz", "lzop", "zstd" or "sparse"`),
		conf.Flag("auto_save_bypass_cache", conf.Later("save and restore"), func(c *Config) *bool { return &c.Save.BypassCache }),
		conf.Text("auto_dump_path", conf.Later("core dumps"), func(c *Config) *string { return &c.Save.DumpPath }),
		conf.Flag("auto_dump_bypass_cache", conf.Later("core dumps"), func(c *Config) *bool { return &c.Save.DumpBypassCache }),
		conf.Flag("auto_start_bypass_cache", conf.Later("save and restore"), func(c *Config) *bool { return &c.AutoStartBypassCache }),
		conf.Count("auto_start_delay", "milliseconds between the machines of autostart", func(c *Config) *uint { return &c.AutoStartDelay }),
		conf.Text("auto_shutdown_try_save", conf.Later("save and restore"), func(c *Config) *string { return &c.AutoShutdown.TrySave }).Takes(`"none" or "persistent"`),
		conf.Text("auto_shutdown_try_shutdown", conf.Later("host shutdown"), func(c *Config) *string { return &c.AutoShutdown.TryShutdown }).Takes(`"none", "persistent", "transient" or "all"`),
		conf.Text("auto_shutdown_poweroff", conf.Later("host shutdown"), func(c *Config) *string { return &c.AutoShutdown.Poweroff }).Takes(`"none", "persistent", "transient" or "all"`),
		conf.Count("auto_shutdown_wait", conf.Later("host shutdown"), func(c *Config) *uint { return &c.AutoShutdown.Wait }),
		conf.Flag("auto_shutdown_restore", conf.Later("save and restore"), func(c *Config) *bool { return &c.AutoShutdown.Restore }),
	}
}

func processSettings() []setting {
	return []setting{
		conf.TextOrTexts("hugetlbfs_mount", "mounts for memory in huge pages", func(c *Config) *[]string { return &c.Process.HugeTLBFS }),
		conf.Text("bridge_helper", "helper of bridge interfaces in session mode", func(c *Config) *string { return &c.Process.BridgeHelper }),
		conf.Text("pr_helper", "helper for persistent reservations", func(c *Config) *string { return &c.Process.PRHelper }),
		conf.Text("slirp_helper", conf.Later("slirp-helper"), func(c *Config) *string { return &c.Process.SlirpHelper }),
		conf.Text("qemu_rdp", conf.Later("RDP"), func(c *Config) *string { return &c.Process.QEMURDP }),
		conf.Text("dbus_daemon", "message bus of D-Bus displays", func(c *Config) *string { return &c.Process.DBusDaemon }),
		conf.Flag("set_process_name", "process= of -name", func(c *Config) *bool { return &c.Process.SetName }),
		conf.Count("max_processes", "RLIMIT_NPROC of a QEMU", func(c *Config) *uint { return &c.Process.MaxProcesses }),
		conf.Count("max_files", "RLIMIT_NOFILE of a QEMU", func(c *Config) *uint { return &c.Process.MaxFiles }),
		conf.Count("max_threads_per_process", conf.Later("cgroups"), func(c *Config) *uint { return &c.Process.MaxThreads }),
		conf.Custom("max_core", "RLIMIT_CORE of a QEMU", readMaxCore).Takes(`a number of bytes or "unlimited"`),
		conf.Flag("dump_guest_core", "dump-guest-core of -machine", func(c *Config) *bool { return &c.Process.DumpGuestCore }),
		conf.Text("stdio_handler", "whether output of machines goes through virtlogd", func(c *Config) *string { return &c.Process.StdioHandler }).Takes(`"logd" or "file"`),
		conf.Text("sched_core", conf.Later("core scheduling"), func(c *Config) *string { return &c.Process.SchedCore }).Takes(`"none", "vcpus", "emulator" or "full"`),
	}
}

func driverSettings() []setting {
	return []setting{
		conf.Flag("mac_filter", conf.Later("the network driver"), func(c *Config) *bool { return &c.MACFilter }),
		conf.Flag("relaxed_acs_check", conf.Later("host devices"), func(c *Config) *bool { return &c.RelaxedACS }),
		conf.Custom("allow_disk_format_probing", "refused when set: as in libvirt", refuseProbing).Takes("0, or take the line out"),
		conf.Text("lock_manager", "who gets leases for the disks of machines", func(c *Config) *string { return &c.LockManager }),
		conf.Count("max_queued", "jobs that may wait for one machine", func(c *Config) *uint { return &c.MaxQueuedJobs }),
		conf.Integer("keepalive_interval", conf.Later("migration"), func(c *Config) *int { return &c.KeepaliveInterval }),
		conf.Count("keepalive_count", conf.Later("migration"), func(c *Config) *uint { return &c.KeepaliveCount }),
		conf.Text("migration_address", conf.Later("migration"), func(c *Config) *string { return &c.Migration.Address }).Takes("an address of this host that others reach"),
		conf.Text("migration_host", conf.Later("migration"), func(c *Config) *string { return &c.Migration.Host }).Takes("a name or address under which others reach this host"),
		conf.Count("migration_port_min", conf.Later("migration"), func(c *Config) *uint { return &c.Migration.Ports.Min }).Takes("a number from 1 to 65535"),
		conf.Count("migration_port_max", conf.Later("migration"), func(c *Config) *uint { return &c.Migration.Ports.Max }).Takes("a number from migration_port_min to 65535"),
		conf.Flag("log_timestamp", "-msg timestamp of a QEMU", func(c *Config) *bool { return &c.LogTimestamp }),
		conf.Texts("nvram", "firmware images without a descriptor", func(c *Config) *[]string { return &c.NVRAM }),
		conf.Count("gluster_debug_level", "debug of gluster images", func(c *Config) *uint { return &c.GlusterDebugLevel }),
		conf.Flag("virtiofsd_debug", "-d of virtiofsd", func(c *Config) *bool { return &c.VirtiofsdDebug }),
		conf.Text("deprecation_behavior", "-compat of a QEMU", func(c *Config) *string { return &c.DeprecationBehavior }),
		conf.Text("memory_backing_dir", "files behind guest memory", func(c *Config) *string { return &c.MemoryBackingDir }),
		conf.Texts("capability_filters", "capabilities that a QEMU is denied", func(c *Config) *[]string { return &c.CapabilityFilters }),
		conf.Flag("storage_use_nbdkit", "images by HTTP, FTP and SSH through nbdkit", func(c *Config) *bool { return &c.UseNBDKit }),
		conf.Texts("shared_filesystems", conf.Later("migration"), func(c *Config) *[]string { return &c.SharedFilesystems }),
	}
}

func verify(key, effect string, field func(*Config) **bool) setting {
	return conf.Custom(key, effect, func(f *conf.File, _ *conf.Entry, c *Config) error {
		var v bool
		_, err := f.Bool(key, &v)
		*field(c) = &v
		return err
	}).Takes("0 or 1")
}

// readMaxCore takes a number of bytes or "unlimited".
func readMaxCore(f *conf.File, e *conf.Entry, c *Config) error {
	if e.Value.Kind != conf.String {
		_, err := f.Uint64(e.Name, &c.Process.MaxCore)
		return err
	}
	if e.Value.Str != "unlimited" {
		return f.Fail(conf.ErrUnsupported, e, "Unknown core size '%s'", e.Value.Str)
	}
	c.Process.MaxCore = Unlimited
	return nil
}

func refuseProbing(f *conf.File, e *conf.Entry, _ *Config) error {
	var on bool
	if _, err := f.Bool(e.Name, &on); err != nil {
		return err
	}
	if on {
		return f.Fail(conf.ErrUnsupported, e, "allow_disk_format_probing is no longer supported")
	}
	return nil
}
