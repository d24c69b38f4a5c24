package daemonconf

import (
	"path/filepath"
	"slices"
	"testing"

	"virtree.dev/config/conf"
	"virtree.dev/config/conf/conftest"
)

func load(t *testing.T, text string) (*Config, []string, error) {
	t.Helper()
	f, err := conf.Parse("libvirtd.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := New(true)
	notes, err := c.load(f)
	return c, notes, err
}

func TestEveryKeyOfLibvirtHasAnEffectOrAReason(t *testing.T) {
	conftest.Table{File: "libvirtd.conf", Effects: Effects(), Load: func(text string) error {
		_, _, err := load(t, text)
		return err
	}}.Keys(t)
}

func TestDefaultsByMode(t *testing.T) {
	system, session := New(true), New(false)
	if system.AuthUnixRW != AuthPolkit || system.UnixSockRWPerms != "0777" {
		t.Errorf("system: %s %s", system.AuthUnixRW, system.UnixSockRWPerms)
	}
	if session.AuthUnixRW != AuthNone || session.UnixSockRWPerms != "0700" {
		t.Errorf("session: %s %s", session.AuthUnixRW, session.UnixSockRWPerms)
	}
	if system.Admin.MaxQueuedClients != 20 || system.Server.MaxQueuedClients != 1000 {
		t.Error("the two servers have their own defaults")
	}
}

func TestLoad(t *testing.T) {
	c, notes, err := load(t, `
max_clients = 7
admin_max_clients = 8
keepalive_interval = -1
auth_unix_rw = "none"
access_drivers = [ "polkit", "x" ]
log_filters = "1:qemu"
nosuch = 4
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.Server.MaxClients != 7 || c.Admin.MaxClients != 8 || c.Server.KeepaliveInterval != -1 ||
		c.AuthUnixRW != AuthNone || c.LogFilters != "1:qemu" || !slices.Equal(c.AccessDrivers, []string{"polkit", "x"}) {
		t.Errorf("%+v", c)
	}
	want := []string{
		"libvirtd.conf:8: unknown parameter 'nosuch' is ignored",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	tests := []struct{ text, want string }{
		{"\nmax_clients = \"x\"", "internal error: libvirtd.conf:2: expected an unsigned integer for 'max_clients' parameter"},
		{"listen_tls = 2", "internal error: libvirtd.conf:1: value for 'listen_tls' parameter must be 0 or 1"},
		{"auth_unix_ro = \"foo\"", "unsupported configuration: libvirtd.conf:1: auth_unix_ro: unsupported auth foo"},
		{"auth_unix_rw = \"foo\"", "unsupported configuration: libvirtd.conf:1: auth_unix_rw: unsupported auth foo"},
		{"tcp_min_ssf = 1", "unsupported configuration: libvirtd.conf:1: minimum SSF levels lower than 112 are not supported"},
		{"max_workers = 0", "internal error: libvirtd.conf:1: 'max_workers' must be greater than 0"},
	}
	for _, tt := range tests {
		if _, _, err := load(t, tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestMissingFileOnlyWhereAllowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "libvirtd.conf")
	if _, err := New(true).LoadFile(path, true); err != nil {
		t.Errorf("default file missing: %v", err)
	}
	if _, err := New(true).LoadFile(path, false); err == nil {
		t.Error("named file missing: no error")
	}
}
