package daemon

import (
	"context"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
	"virtree.dev/config/paths"
	"virtree.dev/internal/audit"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

// Spec is what makes one daemon different from the others.
type Spec struct {
	Name         string // "libvirtd"
	SocketPrefix string // "libvirt": PREFIX-sock, PREFIX-sock-ro, PREFIX-admin-sock
	About        string // what --help says that it is: "libvirt log management daemon"
	Listen       bool   // has --listen
	ReadOnly     bool   // has a read-only socket in system mode
	OwnerOnly    bool   // clients of another user are closed at once
	Keeps        bool   // holds what must outlive it: without systemd's store it has a keeper
	TakesOver    bool   // from libvirt's own daemon of that name, by its restart file
	Settings     func(privileged bool) Settings
	Service      func(h Host) (Service, error)
	Check        func(d paths.Dirs) []*conf.Report // of the files beside the daemon's own; nil: it reads none
}

// Settings are a daemon's configuration file.
type Settings interface {
	// LoadFile reads the file at path; the notes tell of keys that nothing reads.
	LoadFile(path string, mayBeMissing bool) (notes []string, err error)
	// Check finds every mistake in the file at path.
	Check(path string, mayBeMissing bool) *conf.Report
	// Daemon are the settings that every daemon has.
	Daemon() *daemonconf.Config
}

// Host is what a daemon gives to its service.
type Host struct {
	System   *gen.System
	Dirs     paths.Dirs
	Log      *logging.Log
	UUID     uuid.UUID // the host's identity
	Settings Settings
	Audit    *audit.Trail
	Box      *freeze.Box // from the program that this one replaces; nil where there was none
	Store    keep.Store  // outlives this program, also where it is killed
}

// Service is what a daemon serves: its drivers, its logs or its locks.
type Service interface {
	// Children are its processes, in the order of their start; servers come after them.
	Children() []gen.Child
	// Tables are its programs.
	Tables() []*dispatch.Table
	// Sessions carries what stands behind its clients through a replacement.
	Sessions() rpc.Sessions
	// Freeze puts into the box what the next program needs. The server begins no
	// call meanwhile; resume lets all go on in this program.
	Freeze(ctx context.Context, box *freeze.Box) (resume func(), err error)
	Busy() bool // something runs for which an idle daemon stays
	Reload()    // on SIGHUP
	Close()     // when its processes have ended
}
