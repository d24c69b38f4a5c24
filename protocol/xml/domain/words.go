package domain

import "slices"

var (
	virtTypes = []string{
		"none", "qemu", "kqemu", "kvm", "xen", "lxc", "uml", "openvz", "test", "vmware", "hyperv", "vbox",
		"phyp", "parallels", "bhyve", "vz", "hvf",
	}
	osTypes          = []string{"hvm", "xen", "linux", "exe", "uml", "xenpvh"}
	lifecycleActions = []string{
		"destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart",
	}
	lockFailureActions = []string{"default", "poweroff", "restart", "pause", "ignore"}

	memorySources     = []string{"file", "anonymous", "memfd"}
	memoryAccesses    = []string{"default", "shared", "private"}
	memoryAllocations = []string{"immediate", "ondemand"}

	schedulers     = []string{"batch", "idle", "fifo", "rr"}
	placements     = []string{"static", "auto"}
	resctrlCaches  = []string{"both", "code", "data"}
	numaModes      = []string{"strict", "preferred", "interleave", "restrictive"}
	numaPlacements = []string{"default", "static", "auto"}
	associativity  = []string{"none", "direct", "full"}
	cachePolicies  = []string{"none", "writeback", "writethrough"}
	memoryLatency  = []string{"access", "read", "write"}

	firmwares        = []string{"bios", "efi"}
	firmwareFeatures = []string{"enrolled-keys", "secure-boot"}
	loaderTypes      = []string{"rom", "pflash"}
	acpiTableTypes   = []string{"raw", "rawset", "slic", "msdm"}
	bootDevs         = []string{"fd", "cdrom", "hd", "network"}
	smbiosModes      = []string{"none", "emulate", "host", "sysinfo"}

	clockOffsets      = []string{"utc", "localtime", "variable", "timezone", "absolute"}
	clockBases        = []string{"utc", "localtime"}
	timerNames        = []string{"platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer"}
	timerTracks       = []string{"boot", "guest", "wall", "realtime"}
	timerTickPolicies = []string{"delay", "catchup", "merge", "discard"}
	timerModes        = []string{"auto", "native", "emulate", "paravirt", "smpsafe"}

	secLabelTypes       = []string{"none", "dynamic", "static"}
	launchSecurityTypes = []string{"sev", "sev-snp", "s390-pv"}
	sysInfoTypes        = []string{"smbios", "fwcfg"}
)

// PerfEvents are the events of <perf>, in the order they are written.
var PerfEvents = []string{
	"cmt", "mbmt", "mbml", "cpu_cycles", "instructions", "cache_references", "cache_misses",
	"branch_instructions", "branch_misses", "bus_cycles", "stalled_cycles_frontend",
	"stalled_cycles_backend", "ref_cpu_cycles", "cpu_clock", "task_clock", "page_faults",
	"context_switches", "cpu_migrations", "page_faults_min", "page_faults_maj", "alignment_faults",
	"emulation_faults",
}

// ThrottleLimits are the elements of <throttlegroup>, in the order they are written.
var ThrottleLimits = []string{
	"total_bytes_sec", "read_bytes_sec", "write_bytes_sec",
	"total_iops_sec", "read_iops_sec", "write_iops_sec",
	"total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max",
	"total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max",
	"size_iops_sec",
	"total_bytes_sec_max_length", "read_bytes_sec_max_length", "write_bytes_sec_max_length",
	"total_iops_sec_max_length", "read_iops_sec_max_length", "write_iops_sec_max_length",
}

// ProcessCapabilityNames are the elements of <features><capabilities>, in the order they are written.
var ProcessCapabilityNames = []string{
	"audit_control", "audit_write", "block_suspend", "chown", "dac_override", "dac_read_search", "fowner",
	"fsetid", "ipc_lock", "ipc_owner", "kill", "lease", "linux_immutable", "mac_admin", "mac_override",
	"mknod", "net_admin", "net_bind_service", "net_broadcast", "net_raw", "setgid", "setfcap", "setpcap",
	"setuid", "sys_admin", "sys_boot", "sys_chroot", "sys_module", "sys_nice", "sys_pacct", "sys_ptrace",
	"sys_rawio", "sys_resource", "sys_time", "sys_tty_config", "syslog", "wake_alarm",
}

// KnownVirtType says whether there is a virt type of that name.
func KnownVirtType(name string) bool { return slices.Contains(virtTypes, name) }
