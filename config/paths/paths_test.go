package paths

import "testing"

func env(m map[string]string) func(string) string {
	return func(k string) string { return m[k] }
}

func TestSessionFollowsXDG(t *testing.T) {
	all := Session(env(map[string]string{
		"HOME": "/h", "XDG_CONFIG_HOME": "/c", "XDG_CACHE_HOME": "/k", "XDG_RUNTIME_DIR": "/r",
	}))
	home := Session(env(map[string]string{"HOME": "/h"}))
	tests := []struct{ what, got, want string }{
		{"config", all.Config, "/c/libvirt"},
		{"run", all.Run, "/r/libvirt"},
		{"cache", all.Cache, "/k/libvirt"},
		{"pid", all.PIDFile("libvirtd"), "/r/libvirt/libvirtd.pid"},
		{"conf", all.ConfigFile("libvirtd"), "/c/libvirt/libvirtd.conf"},
		{"log", all.LogFile("libvirtd"), "/k/libvirt/libvirtd.log"},
		{"home config", home.Config, "/h/.config/libvirt"},
		{"home run", home.Run, "/h/.cache/libvirt"},
		{"home cache", home.Cache, "/h/.cache/libvirt"},
		{"qemu lib", all.QEMU().Lib, "/c/libvirt/qemu/lib"},
		{"qemu state", all.QEMU().State, "/r/libvirt/qemu/run"},
		{"qemu save", all.QEMU().Save, "/c/libvirt/qemu/save"},
		{"qemu log", all.QEMU().Log, "/k/libvirt/qemu/log"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}

func TestSystemPaths(t *testing.T) {
	d := System()
	q := d.QEMU()
	tests := []struct{ what, got, want string }{
		{"pid", d.PIDFile("libvirtd"), "/run/libvirtd.pid"},
		{"conf", d.ConfigFile("libvirtd"), "/etc/libvirt/libvirtd.conf"},
		{"qemu config", q.Config, "/etc/libvirt/qemu"},
		{"qemu autostart", q.Autostart, "/etc/libvirt/qemu/autostart"},
		{"qemu state", q.State, "/run/libvirt/qemu"},
		{"qemu save", q.Save, "/var/lib/libvirt/qemu/save"},
		{"qemu channel", q.ChannelTarget, "/run/libvirt/qemu/channel"},
		{"qemu log", q.Log, "/var/log/libvirt/qemu"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}

func TestSockets(t *testing.T) {
	session := Session(env(map[string]string{"XDG_RUNTIME_DIR": "/r", "HOME": "/h"}))
	tests := []struct {
		got, want Sockets
	}{
		{System().Sockets("libvirt", ""), Sockets{"/run/libvirt/libvirt-sock", "/run/libvirt/libvirt-sock-ro", "/run/libvirt/libvirt-admin-sock"}},
		{System().Sockets("virtqemud", "/x"), Sockets{"/x/virtqemud-sock", "/x/virtqemud-sock-ro", "/x/virtqemud-admin-sock"}},
		{session.Sockets("libvirt", ""), Sockets{"/r/libvirt/libvirt-sock", "", "/r/libvirt/libvirt-admin-sock"}},
		{session.Sockets("libvirt", "/x"), Sockets{"/x/libvirt-sock", "", ""}},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %+v, want %+v", tt.got, tt.want)
		}
	}
}
