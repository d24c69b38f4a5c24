package lockdconf

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"virtree.dev/config/conf"
	"virtree.dev/config/conf/conftest"
)

func parse(t *testing.T, name, text string) *conf.File {
	t.Helper()
	f, err := conf.Parse(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func effects[C any](table []conf.Setting[C]) map[string]string {
	m := make(map[string]string)
	for _, s := range table {
		m[s.Key] = s.Effect
	}
	return m
}

func TestEveryKeyOfLibvirtHasAnEffectOrAReason(t *testing.T) {
	conftest.Table{File: "virtlockd.conf", Effects: effects(settings()), Load: func(text string) error {
		_, err := New(true).load(parse(t, "virtlockd.conf", text))
		return err
	}}.Keys(t)
	conftest.Table{File: "qemu-lockd.conf", List: "plugin-keys.txt", Effects: effects(pluginSettings()), Load: func(text string) error {
		_, err := NewPlugin().load(parse(t, "qemu-lockd.conf", text))
		return err
	}}.Keys(t)
}

func TestConfig(t *testing.T) {
	c := New(true)
	if c.Server.MaxClients != 1024 || c.Admin.MaxClients != 5000 || c.MaxAnonymousClients != 1024 || c.Server.MaxClientRequests != 1 {
		t.Errorf("defaults: %+v", c.Config)
	}
	notes, err := c.load(parse(t, "virtlockd.conf", "max_clients = 7\nadmin_max_clients = 8\nlog_filters = \"1:locking\"\nmax_workers = 3\n"))
	if err != nil {
		t.Fatal(err)
	}
	d := c.Daemon()
	if d.Server.MaxClients != 7 || d.MaxAnonymousClients != 7 || d.Admin.MaxClients != 8 || d.LogFilters != "1:locking" {
		t.Errorf("%+v", d)
	}
	if want := "virtlockd.conf:4: unknown parameter 'max_workers' is ignored"; !slices.Contains(notes, want) {
		t.Errorf("notes %q lack %q", notes, want)
	}
}

func TestPluginAsksForLeases(t *testing.T) {
	tests := []struct {
		text          string
		auto, require bool
	}{
		{"", true, false}, // a file that says nothing
		{"auto_disk_leases = 0", false, true},
		{"auto_disk_leases = 0\nrequire_lease_for_disks = 0", false, false},
		{"require_lease_for_disks = 1", true, true},
	}
	for _, tt := range tests {
		p := NewPlugin()
		if _, err := p.load(parse(t, "qemu-lockd.conf", tt.text+"\n")); err != nil {
			t.Fatal(err)
		}
		if p.AutoDiskLeases != tt.auto || p.RequireLeaseForDisks != tt.require {
			t.Errorf("%q: auto %v require %v", tt.text, p.AutoDiskLeases, p.RequireLeaseForDisks)
		}
	}
}

func TestFilesThatMayBeMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.conf")
	p := NewPlugin()
	if _, err := p.LoadFile(path); err != nil || !p.RequireLeaseForDisks {
		t.Errorf("no file: %v, %+v", err, p)
	}
	if _, err := New(true).LoadFile(path, true); err != nil {
		t.Errorf("default file missing: %v", err)
	}
	if _, err := New(true).LoadFile(path, false); err == nil {
		t.Error("named file missing: no error")
	}
	if err := os.WriteFile(path, []byte("file_lockspace_dir = \"/l\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.LoadFile(path); err != nil || p.FileLockspaceDir != "/l" || p.RequireLeaseForDisks {
		t.Errorf("%v, %+v", err, p)
	}
}
