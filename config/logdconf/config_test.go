package logdconf

import (
	"slices"
	"testing"

	"virtree.dev/config/conf"
	"virtree.dev/config/conf/conftest"
)

func load(t *testing.T, text string) (*Config, []string, error) {
	t.Helper()
	f, err := conf.Parse("virtlogd.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := New(true)
	notes, err := c.load(f)
	return c, notes, err
}

func TestEveryKeyOfLibvirtHasAnEffectOrAReason(t *testing.T) {
	effects := make(map[string]string)
	for _, s := range settings() {
		effects[s.Key] = s.Effect
	}
	conftest.Table{File: "virtlogd.conf", Effects: effects, Load: func(text string) error {
		_, _, err := load(t, text)
		return err
	}}.Keys(t)
}

func TestDefaults(t *testing.T) {
	c := New(false)
	if c.MaxSize != 2097152 || c.MaxBackups != 3 || c.MaxAgeDays != 0 || c.LogRoot != "" {
		t.Errorf("%+v", c)
	}
	d := c.Daemon()
	if d.Server.MaxClients != 1024 || d.Admin.MaxClients != 5000 || d.MaxAnonymousClients != 1024 ||
		d.UnixSockRWPerms != "0700" || d.Server.MaxClientRequests != 1 || d.Server.KeepaliveInterval != -1 {
		t.Errorf("%+v", d)
	}
}

func TestLoad(t *testing.T) {
	c, notes, err := load(t, `
max_clients = 7
max_size = 5000000000
max_backups = 0
max_age_days = 30
log_root = "/srv/log"
log_level = 1
max_workers = 3
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxSize != 5000000000 || c.MaxBackups != 0 || c.MaxAgeDays != 30 || c.LogRoot != "/srv/log" {
		t.Errorf("%+v", c)
	}
	if d := c.Daemon(); d.Server.MaxClients != 7 || d.MaxAnonymousClients != 7 || d.LogLevel != 1 {
		t.Errorf("%+v", d)
	}
	if want := "virtlogd.conf:8: unknown parameter 'max_workers' is ignored"; !slices.Contains(notes, want) {
		t.Errorf("notes %q lack %q", notes, want)
	}
}
