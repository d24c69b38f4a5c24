package qemuconf

import (
	"slices"
	"testing"

	"virtree.dev/config/conf"
	"virtree.dev/config/conf/conftest"
)

func load(t *testing.T, text string) (*Config, []string, error) {
	t.Helper()
	f, err := conf.Parse("qemu.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	c := New(true)
	notes, err := c.load(f)
	return c, notes, err
}

func TestEveryKeyOfLibvirtHasAnEffectOrAReason(t *testing.T) {
	conftest.Table{File: "qemu.conf", Effects: Effects(), Load: func(text string) error {
		_, _, err := load(t, text)
		return err
	}}.Keys(t)
}

func TestLoad(t *testing.T) {
	c, notes, err := load(t, `
vnc_listen = "0.0.0.0"
security_driver = "none"
max_core = 5
vnc_tls_x509_verify = 0
nvram = [ "/a:/b" ]
migration_host = "[::2]"
what = 1
`)
	if err != nil {
		t.Fatal(err)
	}
	if c.VNC.Listen != "0.0.0.0" || !slices.Equal(c.Security.Drivers, []string{"none"}) || c.Process.MaxCore != 5 ||
		c.VNC.TLS.Verify == nil || *c.VNC.TLS.Verify || c.Migration.Host != "::2" || len(c.NVRAM) != 1 {
		t.Errorf("%+v", c)
	}
	want := []string{
		"qemu.conf:8: unknown parameter 'what' is ignored",
		"qemu.conf:7: parameter 'migration_host' has no effect yet: it waits for migration",
	}
	if !slices.Equal(notes, want) {
		t.Errorf("notes %q, want %q", notes, want)
	}
}

func TestErrorsNameFileAndLine(t *testing.T) {
	tests := []struct{ text, want string }{
		{"remote_display_port_min = 80", "internal error: qemu.conf:1: remote_display_port_min: port must be greater than or equal to 5900"},
		{"remote_display_port_max = 66000", "internal error: qemu.conf:1: remote_display_port_max: port must be between the minimal port and 65535"},
		{"save_image_format = \"x\"", "unsupported configuration: qemu.conf:1: Invalid save_image_format 'x'"},
		{"max_core = \"lots\"", "unsupported configuration: qemu.conf:1: Unknown core size 'lots'"},
		{"stdio_handler = \"x\"", "unsupported configuration: qemu.conf:1: Unknown stdio handler x"},
		{"\nallow_disk_format_probing = 1", "unsupported configuration: qemu.conf:2: allow_disk_format_probing is no longer supported"},
		{"auto_shutdown_try_save = \"all\"", "invalid argument: qemu.conf:1: managed save cannot be requested for transient domains"},
		{"migration_port_min = 0", "internal error: qemu.conf:1: migration_port_min: port must be greater than 0"},
		{"migration_host = \"localhost\"", "configuration file syntax error: qemu.conf:1: migration_host must not be the address of the local machine: localhost"},
		{"security_driver = [\"a\", \"a\"]", "configuration file syntax error: qemu.conf:1: Duplicate security driver a"},
		{"cgroup_controllers = [\"x\"]", "configuration file syntax error: qemu.conf:1: Unknown cgroup controller 'x'"},
		{"user = 3", "internal error: qemu.conf:1: expected a string for 'user' parameter"},
	}
	for _, tt := range tests {
		if _, _, err := load(t, tt.text); err == nil || err.Error() != tt.want {
			t.Errorf("%q: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestDefaultsAreValid(t *testing.T) {
	for _, privileged := range []bool{true, false} {
		if wrong := New(privileged).check(&conf.File{}); wrong != nil {
			t.Error(wrong)
		}
	}
}
