package caps

import "slices"

// newestShared is the newest flag of libvirt 9.0. A daemon that reads the status of a
// machine and finds a flag that it does not know gives the machine up; one that misses
// a flag does without.
const newestShared Flag = "netdev.stream"

// grantedFlags are flags that today's daemons do not look for, as every QEMU has what
// they stand for. Older ones do, and would drive the machine in an outdated way without.
var grantedFlags = []Flag{
	"iothread", "query-hotpluggable-cpus", "iothread.poll-max-ns", "nbd-bitmap", "incremental-backup",
	"query-named-block-nodes.flat", "blockdev-snapshot.allow-write-only-overlay", "blockdev-reopen",
	"block-export-add", "migration-param.block-bitmap-mapping", "object.qapified", "compat-deprecated",
	"ide-drive.wwn", "scsi-disk.wwn", "usb-storage.removable", "gpex-pcihost", "vfio-pci.display",
}

// grantedX86 are those of the PC's devices.
var grantedX86 = []Flag{
	"no-hpet", "no-acpi", "disable-s3", "disable-s4", "ich9-disable-s3", "ich9-disable-s4", "cpu-cache",
}

// StatusFlags are the flags for the status document of a machine, so that a daemon
// as old as libvirt 9.0 can take it over.
func (c *Caps) StatusFlags() []string {
	granted := grantedFlags
	if c.Arch == "x86_64" || c.Arch == "i686" {
		granted = append(slices.Clone(granted), grantedX86...)
	}
	var out []string
	for _, f := range Flags {
		if c.flags[f] || slices.Contains(granted, f) {
			out = append(out, string(f))
		}
		if f == newestShared {
			break
		}
	}
	return out
}
