package qemu

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"go.uber.org/zap"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/qemu/caps"
	"virtree.dev/actors/qemu/defaults"
	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/actors/qemu/security"
	"virtree.dev/actors/qemu/stdio"
	"virtree.dev/actors/schema"
	"virtree.dev/config/paths"
	"virtree.dev/config/qemuconf"
	"virtree.dev/internal/audit"
	outside "virtree.dev/internal/command"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/internal/ownership"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/sysinfo"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// Options are what the driver needs of the daemon that holds it.
type Options struct {
	System *gen.System
	Dirs   paths.Dirs
	Config *qemuconf.Config
	Bus    *events.Bus
	Log    *zap.Logger

	HostUUID xml.UUID // the host's identity in capabilities
	Locks    *lockmanager.Manager
	Security *security.Policy
	Audit    *audit.Trail // nil: none
}

// Driver serves the machines of QEMU. Its fields do not change once it is made;
// what does is in tables that one process writes.
type Driver struct {
	system   *gen.System
	config   *qemuconf.Config
	security *security.Policy
	owners   ownership.Boot
	dirs     paths.Dirs
	files    files
	host     hostinfo.Host
	bus      *events.Bus
	log      *zap.Logger
	registry *domain.Registry
	homes    gen.Table[xml.UUID, home] // written by the store
	lastID   atomic.Int64
	lives    atomic.Uint64 // of domains' processes
	serial   atomic.Uint64 // of their names
	swept    sync.Once
	tables   map[uint32]*dispatch.Table
	ports    *portPool
	consoles consoles
	groups   fdGroups
	binaries *caps.Store
	launcher caps.Launcher
	defaults *defaults.Host
	swtpm    *swtpm
	stdio    *stdio.Handler
	locks    *lockmanager.Manager
	audit    *audit.Trail
	schemas  schema.Validator

	processor *caps.HostProcessor
	smbios    func() (*sysinfo.Info, error) // the host's tables, read once
	hostUUID  xml.UUID
}

// New makes the driver; its processes are started by Child.
func New(o Options) *Driver {
	d := &Driver{
		system: o.System, config: o.Config, security: o.Security, dirs: o.Dirs, files: files{o.Dirs.QEMU()},
		bus: o.Bus, log: o.Log, registry: domain.NewRegistry(),
		ports:    newPortPool(o.Config),
		swtpm:    &swtpm{runner: outside.Host{}},
		stdio:    newStdio(&o),
		locks:    o.Locks,
		audit:    o.Audit,
		schemas:  schema.Validator{Runner: outside.Host{}, Folder: schema.Folder},
		launcher: caps.Launcher{Runner: outside.Host{}, Folder: o.Dirs.QEMU().Lib, User: o.Security.Probing()},
	}
	if at, err := d.host.BootTime(); err != nil {
		d.log.Warn(err.Error())
	} else {
		d.owners = ownership.Boot(at)
	}
	d.binaries = caps.NewStore(filepath.Join(o.Dirs.QEMU().Cache, "capabilities"), d.launcher)
	d.processor, d.hostUUID = caps.NewHostProcessor(d.host), o.HostUUID
	d.smbios = sync.OnceValues(d.readSMBIOS)
	d.defaults = d.defaultsHost()
	d.tables = map[uint32]*dispatch.Table{
		remote.Program.ID:   d.remoteTable(),
		qemuprog.Program.ID: d.qemuTable(),
	}
	return d
}

// Name is what clients see as the type of the hypervisor.
func (d *Driver) Name() string { return "QEMU" }

// Kind says which procedures the driver owns.
func (d *Driver) Kind() program.Owner { return program.Hypervisor }

// Table gives the handlers for a program.
func (d *Driver) Table(prog uint32) *dispatch.Table { return d.tables[prog] }

// DefaultURI is what a client that names no hypervisor gets.
func (d *Driver) DefaultURI() string {
	if d.dirs.Privileged {
		return "qemu:///system"
	}
	return "qemu:///session"
}

// Open takes a connection to qemu:///system or qemu:///session, whichever this daemon is.
func (d *Driver) Open(_ *dispatch.Session, uri *url.URL) (driver.Verdict, error) {
	if uri == nil || uri.Scheme != "qemu" || uri.Host != "" {
		return driver.Declined, nil
	}
	want := "/session"
	if d.dirs.Privileged {
		want = "/system"
	}
	// root may say /session and gets the one driver that there is.
	if uri.Path != want && (uri.Path != "/session" || !d.dirs.Privileged) {
		return driver.Declined, virerr.New(virerr.FromNone, virerr.InternalError,
			"unexpected %s URI path '%s', try %s://%s", "qemu", uri.Path, "qemu", want)
	}
	return driver.Accepted, nil
}

// Child is the driver's tree: domains before the store, which starts them anew or finds them there.
func (d *Driver) Child() gen.Child {
	domains := act.Supervisor{Type: act.SimpleOneForOne}.Child(nameDomains, gen.Permanent)
	domains.Register = true
	tree := act.Supervisor{Type: act.RestForOne, Children: []gen.Child{
		domains,
		{Name: nameStore, Register: true, New: func() gen.Behavior { return &store{drv: d} }},
		{Name: nameStarter, Restart: gen.Transient, New: func() gen.Behavior { return &autostarter{drv: d} }},
		{Name: nameProber, Restart: gen.Transient, New: d.newProber},
	}}
	return tree.Child(nameDriver, gen.Permanent)
}

// Busy says whether there are machines, so that an idle daemon with them stays.
func (d *Driver) Busy() bool { return len(d.registry.Select(domain.ListActive)) > 0 }

func (d *Driver) domainRef(uuid xml.UUID) gen.Ref {
	h, _ := d.homes.Get(uuid)
	return h.process
}

// nextID numbers a machine.
func (d *Driver) nextID() int { return int(d.lastID.Add(1)) }

// noteID keeps later machines from getting the number of one that is there.
func (d *Driver) noteID(id int) {
	for {
		last := d.lastID.Load()
		if int64(id) <= last || d.lastID.CompareAndSwap(last, int64(id)) {
			return
		}
	}
}

// claim asks the store for the domain of a document.
func (d *Driver) claim(ctx context.Context, def *xml.Domain, mode claimMode) (handle, error) {
	return gen.Call(ctx, d.system.Named(nameStore), claim{Def: def, Mode: mode})
}

// reserve asks the store for another name for a domain.
func (d *Driver) reserve(ctx context.Context, uuid xml.UUID, name string) error {
	_, err := gen.Call(ctx, d.system.Named(nameStore), reserve{UUID: uuid, Name: name})
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
