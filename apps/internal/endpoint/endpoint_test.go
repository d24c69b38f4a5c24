package endpoint

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"virtree.dev/config/paths"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ text, driver, transport, failure string }{
		{"qemu:///system", "qemu", "unix", ""},
		{"qemu+UNIX:///session?socket=/x", "qemu", "unix", ""},
		{"qemu://host/system", "qemu", "tls", ""},
		{"xen+ssh://host/", "xen", "ssh", ""},
		{"system", "", "", "missing scheme for URI"},
		{"qemu+pigeon:///system", "qemu", "pigeon", "transport in URL not recognised"},
		{"qemu+unix://host/system", "qemu", "unix", "remote server 'host' is not supported"},
	} {
		u, err := Parse(c.text)
		if u.Driver != c.driver || u.Transport != c.transport {
			t.Errorf("%s: driver %q, transport %q", c.text, u.Driver, u.Transport)
		}
		if (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	_, err := Parse("qemu://[::1/system")
	if bad := new(url.Error); !errors.As(err, &bad) {
		t.Errorf("a URI that is none: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"qemu:///system", "qemu+unix://a:1/x?y#z", "+:", "://"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if u, err := Parse(text); err == nil && !slices.Contains(transports, u.Transport) {
			t.Errorf("%q has the transport %q", text, u.Transport)
		}
	})
}

func TestDaemon(t *testing.T) {
	const run = "/run/user/7/libvirt/"
	for _, c := range []struct {
		uri      string
		root, ro bool
		there    []string // sockets and programs
		auto     string
		socket   string
		starts   string
	}{
		{uri: "qemu:///system", socket: "/run/libvirt/libvirt-sock"},
		{uri: "qemu:///system", ro: true, socket: "/run/libvirt/libvirt-sock-ro"},
		{uri: "qemu:///system", there: []string{"/run/libvirt/virtqemud-sock"}, socket: "/run/libvirt/virtqemud-sock"},
		{uri: "qemu:///system", there: []string{"/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"}, socket: "/run/libvirt/virtqemud-sock"},
		{uri: "lxc:///system", there: []string{"/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"}, socket: "/run/libvirt/libvirt-sock"},
		{uri: "qemu:///session", root: true, socket: "/run/libvirt/libvirt-sock"},
		{uri: "qemu:///session", socket: run + "libvirt-sock", there: []string{"libvirtd", "virtqemud"}, starts: "libvirtd"},
		{uri: "qemu:///session", ro: true, socket: run + "libvirt-sock", there: []string{"libvirtd"}, starts: "libvirtd"},
		{uri: "qemu:///session", socket: run + "virtqemud-sock", there: []string{"virtqemud"}, starts: "virtqemud"},
		{uri: "qemu:///session", socket: run + "libvirt-sock", there: []string{"libvirtd"}, auto: "0"},
		{uri: "test+unix:///default", socket: run + "libvirt-sock", there: []string{"libvirtd"}, starts: "libvirtd"},
		{uri: "test:///default", socket: "/run/libvirt/libvirt-sock", there: []string{"libvirtd"}},
	} {
		has := func(name string) bool { return slices.Contains(c.there, name) }
		u := User{
			Privileged: c.root, System: paths.System(), Exists: has,
			Find: func(name string) string {
				if has(name) {
					return name
				}
				return ""
			},
			Getenv: func(name string) string {
				return map[string]string{"XDG_RUNTIME_DIR": "/run/user/7", "HOME": "/h", "LIBVIRT_AUTOSTART": c.auto}[name]
			},
		}
		uri, err := Parse(c.uri)
		if err != nil {
			t.Fatal(err)
		}
		d := u.Daemon(uri, c.ro)
		started := ""
		if d.Program != nil {
			started = d.Program()
		}
		if d.Socket != c.socket || started != c.starts {
			t.Errorf("%+v: socket %s, starts %q", c, d.Socket, started)
		}
	}
}
