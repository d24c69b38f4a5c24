package lockdconf

import (
	"virtree.dev/config/conf"
	"virtree.dev/config/daemonconf"
)

func settings() []conf.Setting[Config] { return daemonconf.ServiceSettings((*Config).Daemon) }

func pluginSettings() []conf.Setting[Plugin] {
	return []conf.Setting[Plugin]{
		conf.Flag("auto_disk_leases", "leases for disks that name none", func(p *Plugin) *bool { return &p.AutoDiskLeases }),
		conf.Text("file_lockspace_dir", "leases by the hash of a path", func(p *Plugin) *string { return &p.FileLockspaceDir }),
		conf.Text("lvm_lockspace_dir", "leases by the UUID of a logical volume", func(p *Plugin) *string { return &p.LVMLockspaceDir }),
		conf.Text("scsi_lockspace_dir", "leases by the id of a SCSI volume", func(p *Plugin) *string { return &p.SCSILockspaceDir }),
		conf.Custom("require_lease_for_disks", "refuses machines whose disks have no lease", func(f *conf.File, e *conf.Entry, p *Plugin) error {
			_, err := f.Bool(e.Name, &p.RequireLeaseForDisks)
			return err
		}).Takes("0 or 1"),
	}
}
