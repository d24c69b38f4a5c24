package lockdconf

import "virtree.dev/config/conf"

// Plugin is qemu-lockd.conf: what a driver asks the lock service for.
type Plugin struct {
	AutoDiskLeases       bool // each disk has a lease without being asked
	RequireLeaseForDisks bool // a machine with disks of its own and no lease is not started
	// Folders of leases; empty: a file is its own lease. They are shared by the
	// hosts that share the storage.
	FileLockspaceDir string // by the hash of a path
	LVMLockspaceDir  string // by the UUID of a logical volume
	SCSILockspaceDir string // by the id of a SCSI volume
}

// NewPlugin gives the defaults, which are also what counts without a file.
func NewPlugin() *Plugin {
	return &Plugin{AutoDiskLeases: true, RequireLeaseForDisks: true}
}

// LoadFile reads the file at path into p, if there is one. The notes tell of
// keys that nothing reads.
func (p *Plugin) LoadFile(path string) (notes []string, err error) {
	f, err := conf.ReadOptional(path, true)
	if err != nil || f == nil {
		return nil, err
	}
	return p.load(f)
}

func (p *Plugin) load(f *conf.File) (notes []string, err error) {
	if notes, err = conf.Load(f, pluginSettings(), p); err != nil {
		return nil, err
	}
	// Once there is a file, leases are asked for unless they come by themselves.
	if _, said := f.Lookup("require_lease_for_disks"); !said {
		p.RequireLeaseForDisks = !p.AutoDiskLeases
	}
	return notes, nil
}

// Check finds every mistake in the file at path, if there is one.
func (p *Plugin) Check(path string) *conf.Report {
	return conf.Check(path, true, pluginSettings(), p, nil)
}
