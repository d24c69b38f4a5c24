package qemuconf

import (
	"net/netip"
	"slices"
	"strings"

	"virtree.dev/config/conf"
)

// check looks at values that are of the right type and yet cannot be; it finds all.
func (c *Config) check(f *conf.File) (wrong []error) {
	for _, look := range []func(*conf.File) []error{
		c.checkPorts, c.checkFormats, c.checkShutdown, c.checkMigration, c.checkSecurity, c.checkTLS,
	} {
		wrong = append(wrong, look(f)...)
	}
	return wrong
}

// at finds the line to blame: that of the key, or none when a default is wrong.
func at(f *conf.File, key string) *conf.Entry {
	if e, ok := f.Lookup(key); ok {
		return e
	}
	return &conf.Entry{}
}

func (c *Config) checkPorts(f *conf.File) (wrong []error) {
	for _, r := range []struct {
		key   string
		ports Ports
		low   uint
	}{
		{"remote_websocket_port", c.WebsocketPorts, minWebsocketPort},
		{"remote_display_port", c.DisplayPorts, minDisplayPort},
	} {
		if r.ports.Min < r.low {
			wrong = append(wrong, f.Fail(conf.ErrType, at(f, r.key+"_min"), "%s_min: port must be greater than or equal to %d", r.key, r.low))
		}
		if r.ports.Max > maxPort || r.ports.Max < r.ports.Min {
			wrong = append(wrong, f.Fail(conf.ErrType, at(f, r.key+"_max"), "%s_max: port must be between the minimal port and %d", r.key, maxPort))
		}
	}
	return wrong
}

func (c *Config) checkFormats(f *conf.File) (wrong []error) {
	formats := []string{"raw", "gzip", "bzip2", "xz", "lzop", "zstd", "sparse"}
	for _, v := range []struct{ key, value string }{
		{"save_image_format", c.Save.Format},
		{"dump_image_format", c.Save.DumpFormat},
		{"snapshot_image_format", c.Save.SnapshotFormat},
	} {
		if !slices.Contains(formats, v.value) {
			wrong = append(wrong, f.Fail(conf.ErrUnsupported, at(f, v.key), "Invalid %s '%s'", v.key, v.value))
		}
	}
	if e, set := f.Lookup("stdio_handler"); set && c.Process.StdioHandler != "logd" && c.Process.StdioHandler != "file" {
		wrong = append(wrong, f.Fail(conf.ErrUnsupported, e, "Unknown stdio handler %s", c.Process.StdioHandler))
	}
	if s := c.Process.SchedCore; !slices.Contains([]string{"none", "vcpus", "emulator", "full"}, s) {
		wrong = append(wrong, f.Fail(conf.ErrUnsupported, at(f, "sched_core"), "Unknown sched_core value %s", s))
	}
	return wrong
}

func (c *Config) checkShutdown(f *conf.File) (wrong []error) {
	for _, v := range []struct{ key, value string }{
		{"auto_shutdown_try_save", c.AutoShutdown.TrySave},
		{"auto_shutdown_try_shutdown", c.AutoShutdown.TryShutdown},
		{"auto_shutdown_poweroff", c.AutoShutdown.Poweroff},
	} {
		if !slices.Contains([]string{"none", "persistent", "transient", "all"}, v.value) {
			wrong = append(wrong, f.Fail(conf.ErrArgument, at(f, v.key), "unknown %s '%s'", v.key, v.value))
		}
	}
	if s := c.AutoShutdown.TrySave; s == "all" || s == "transient" {
		wrong = append(wrong, f.Fail(conf.ErrArgument, at(f, "auto_shutdown_try_save"), "managed save cannot be requested for transient domains"))
	}
	return wrong
}

func (c *Config) checkMigration(f *conf.File) (wrong []error) {
	p := c.Migration.Ports
	if p.Min == 0 {
		wrong = append(wrong, f.Fail(conf.ErrType, at(f, "migration_port_min"), "migration_port_min: port must be greater than 0"))
	}
	if p.Max > maxPort || p.Max < p.Min {
		wrong = append(wrong, f.Fail(conf.ErrType, at(f, "migration_port_max"),
			"migration_port_max: port must be between the minimal port %d and 65535", p.Min))
	}
	for _, v := range []struct {
		key   string
		value *string
	}{
		{"migration_host", &c.Migration.Host},
		{"migration_address", &c.Migration.Address},
	} {
		*v.value = strings.TrimSuffix(strings.TrimPrefix(*v.value, "["), "]")
		if isLocal(*v.value) {
			wrong = append(wrong, f.Fail(conf.ErrSyntax, at(f, v.key), "%s must not be the address of the local machine: %s", v.key, *v.value))
		}
	}
	return wrong
}

func isLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return strings.HasPrefix(host, "localhost") || err == nil && addr.IsLoopback()
}

func (c *Config) checkSecurity(f *conf.File) (wrong []error) {
	for i, d := range c.Security.Drivers {
		if slices.Contains(c.Security.Drivers[i+1:], d) {
			wrong = append(wrong, f.Fail(conf.ErrSyntax, at(f, "security_driver"), "Duplicate security driver %s", d))
		}
	}
	known := []string{"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "net_cls", "perf_event", "name=systemd"}
	for _, name := range c.Security.CgroupControllers {
		if !slices.Contains(known, name) {
			wrong = append(wrong, f.Fail(conf.ErrSyntax, at(f, "cgroup_controllers"), "Unknown cgroup controller '%s'", name))
		}
	}
	for _, name := range c.Security.Namespaces {
		if name != "mount" {
			wrong = append(wrong, f.Fail(conf.ErrSyntax, at(f, "namespaces"), "Unknown namespace: %s", name))
		}
	}
	return wrong
}
