package endpoint

import (
	"os"
	"path/filepath"
	"strings"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/config/paths"
)

// User is who connects.
type User struct {
	Privileged bool
	Getenv     func(string) string // nil: the process's
	Exists     func(path string) bool
	Find       func(daemon string) string
	System     paths.Dirs
}

// Current is the user of this process.
func Current() User {
	return User{
		Privileged: os.Geteuid() == 0,
		Getenv:     os.Getenv,
		Exists:     func(path string) bool { _, err := os.Stat(path); return err == nil },
		Find:       find,
		System:     paths.System(),
	}
}

// find looks for a program where libvirt's variable for all daemons says, then where each is.
func find(daemon string) string {
	if dir := os.Getenv("VIRTD_PATH"); dir != "" {
		return filepath.Join(dir, daemon)
	}
	return rpcclient.Find(daemon)
}

// session says whether the URI is that of the user's own daemons.
func (u User) session(uri URI) bool {
	return !u.Privileged && (uri.Path == "/session" || strings.HasPrefix(uri.Scheme, "test+"))
}

// Daemon gives the daemon to connect to: the driver's own where its socket is there,
// else libvirtd. With session URIs it is started on demand, which LIBVIRT_AUTOSTART=0
// forbids.
func (u User) Daemon(uri URI, readOnly bool) *rpcclient.Daemon {
	dirs, session := u.System, u.session(uri)
	if session {
		dirs = paths.Session(u.Getenv)
	}
	socket := func(prefix string) string {
		s := dirs.Sockets(prefix, "")
		if readOnly && s.RO != "" {
			return s.RO
		}
		return s.RW
	}
	direct, legacy := "virt"+uri.Driver+"d", "libvirtd"
	name, path := legacy, socket("libvirt")
	if u.prefersDirect(socket(direct), path, direct, session) {
		name, path = direct, socket(direct)
	}
	d := &rpcclient.Daemon{Name: name, Socket: path, Getenv: u.Getenv}
	if session && u.Getenv("LIBVIRT_AUTOSTART") != "0" {
		d.Lock = filepath.Join(dirs.Run, name+".lock")
		d.Program = func() string { return u.Find(name) }
	}
	return d
}

// prefersDirect decides by the sockets that are there; without any, by the programs.
func (u User) prefersDirect(own, shared, daemon string, session bool) bool {
	switch {
	case u.Exists(own):
		return true
	case u.Exists(shared) || !session:
		return false
	}
	return u.Find("libvirtd") == "" && u.Find(daemon) != ""
}
