package paths

import (
	"os"
	"os/user"
	"path/filepath"
)

// Dirs are the folders of a daemon.
type Dirs struct {
	Privileged bool
	Config     string // definitions and configuration files
	Run        string // sockets and the state of what is running
	Cache      string
	Lib        string // what has to outlive a boot, in system mode
	Log        string
}

// System are the folders of a daemon that runs as root.
func System() Dirs {
	return Dirs{
		Privileged: true,
		Config:     "/etc/libvirt",
		Run:        "/run/libvirt",
		Cache:      "/var/cache/libvirt",
		Lib:        "/var/lib/libvirt",
		Log:        "/var/log/libvirt",
	}
}

// Session are the folders of a user's own daemon; getenv is os.Getenv but for tests.
func Session(getenv func(string) string) Dirs {
	home := getenv("HOME")
	if home == "" {
		home = homeOfUser()
	}
	cache := xdg(getenv, "XDG_CACHE_HOME", filepath.Join(home, ".cache"))
	config := xdg(getenv, "XDG_CONFIG_HOME", filepath.Join(home, ".config"))
	return Dirs{
		Config: filepath.Join(config, "libvirt"),
		Run:    filepath.Join(xdg(getenv, "XDG_RUNTIME_DIR", cache), "libvirt"),
		Cache:  filepath.Join(cache, "libvirt"),
		Lib:    filepath.Join(config, "libvirt"),
		Log:    filepath.Join(cache, "libvirt"),
	}
}

// Current picks by the effective user: root has system mode.
func Current() Dirs {
	if os.Geteuid() == 0 {
		return System()
	}
	return Session(os.Getenv)
}

func xdg(getenv func(string) string, name, fallback string) string {
	if v := getenv(name); v != "" {
		return v
	}
	return fallback
}

func homeOfUser() string {
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		return u.HomeDir
	}
	return "/"
}

// ConfigFile is a daemon's configuration file.
func (d Dirs) ConfigFile(daemon string) string {
	return filepath.Join(d.Config, daemon+".conf")
}

// PIDFile is a daemon's pid file.
func (d Dirs) PIDFile(daemon string) string {
	if d.Privileged {
		return "/run/" + daemon + ".pid"
	}
	return filepath.Join(d.Run, daemon+".pid")
}

// RestartFile is where libvirt's virtlogd and virtlockd leave their state for the
// program that they execute.
func (d Dirs) RestartFile(daemon string) string {
	if d.Privileged {
		return "/run/" + daemon + "-restart-exec.json"
	}
	return filepath.Join(d.Run, daemon+"-restart-exec.json")
}

// LogFile is where a daemon in the background logs when nobody said where.
func (d Dirs) LogFile(daemon string) string {
	return filepath.Join(d.Log, daemon+".log")
}

// Sockets are the UNIX sockets of a daemon; an empty path is a socket it lacks.
type Sockets struct {
	RW, RO, Admin string
}

// Sockets names the sockets with a prefix ("libvirt", "virtqemud"). A folder
// from unix_sock_dir takes the place of the run folder.
func (d Dirs) Sockets(prefix, dir string) Sockets {
	s := Sockets{}
	at := func(name string) string { return filepath.Join(d.Run, prefix+"-"+name) }
	if dir != "" {
		at = func(name string) string { return filepath.Join(dir, prefix+"-"+name) }
	}
	s.RW = at("sock")
	if d.Privileged {
		s.RO = at("sock-ro")
	}
	// As in libvirt, a session daemon told of a folder has no admin socket.
	if d.Privileged || dir == "" {
		s.Admin = at("admin-sock")
	}
	return s
}

// ObserveSocket is where virt-observe reads a daemon's process tree.
func (d Dirs) ObserveSocket(daemon string) string {
	return filepath.Join(d.Run, daemon+"-observe-sock")
}

// QEMU are the folders of the qemu driver.
type QEMU struct {
	ConfigBase, Config, Autostart string
	Log, State, Lib, Cache        string
	Save, Snapshot, Checkpoint    string
	NVRAM, MemoryBacking          string
	ChannelTarget, AutoDump       string
	SWTPMLog, SWTPMState          string
	SWTPMStorage                  string
	Slirp, Passt, DBus, RDP       string
}

// QEMU gives the folders of the qemu driver.
func (d Dirs) QEMU() QEMU {
	q := d.sessionQEMU()
	data := q.Config
	if d.Privileged {
		q = d.systemQEMU()
		data = q.Lib
	}
	q.Save = filepath.Join(data, "save")
	q.Snapshot = filepath.Join(data, "snapshot")
	q.Checkpoint = filepath.Join(data, "checkpoint")
	q.NVRAM = filepath.Join(data, "nvram")
	q.MemoryBacking = filepath.Join(data, "ram")
	q.AutoDump = filepath.Join(data, "dump")
	q.Autostart = filepath.Join(q.Config, "autostart")
	q.ChannelTarget = filepath.Join(q.State, "channel")
	q.Slirp = filepath.Join(q.State, "slirp")
	q.Passt = filepath.Join(q.State, "passt")
	q.DBus = filepath.Join(q.State, "dbus")
	q.RDP = filepath.Join(q.State, "rdp")
	return q
}

func (d Dirs) systemQEMU() QEMU {
	return QEMU{
		ConfigBase:   d.Config,
		Config:       filepath.Join(d.Config, "qemu"),
		Log:          filepath.Join(d.Log, "qemu"),
		State:        filepath.Join(d.Run, "qemu"),
		Lib:          filepath.Join(d.Lib, "qemu"),
		Cache:        filepath.Join(d.Cache, "qemu"),
		SWTPMLog:     "/var/log/swtpm/libvirt/qemu",
		SWTPMState:   filepath.Join(d.Run, "qemu", "swtpm"),
		SWTPMStorage: filepath.Join(d.Lib, "swtpm"),
	}
}

func (d Dirs) sessionQEMU() QEMU {
	return QEMU{
		ConfigBase:   d.Config,
		Config:       filepath.Join(d.Config, "qemu"),
		Log:          filepath.Join(d.Cache, "qemu", "log"),
		State:        filepath.Join(d.Run, "qemu", "run"),
		Lib:          filepath.Join(d.Config, "qemu", "lib"),
		Cache:        filepath.Join(d.Cache, "qemu", "cache"),
		SWTPMLog:     filepath.Join(d.Cache, "qemu", "log"),
		SWTPMState:   filepath.Join(d.Run, "qemu", "run", "swtpm"),
		SWTPMStorage: filepath.Join(d.Config, "qemu", "swtpm"),
	}
}
