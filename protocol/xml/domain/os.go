package domain

// OS is how the guest boots.
type OS struct {
	Type    string // hvm, xen, linux, exe, uml, xenpvh
	Arch    string
	Machine string
	// Firmware asks for automatic selection: bios, efi.
	Firmware          string
	FirmwareFeatures  []FirmwareFeature // in libvirt's order
	Loader            *Loader
	Kernel            string
	Initrd            string
	Cmdline           string
	Shim              string
	DTB               string
	Root              string
	ACPITables        []ACPITable
	BootDevs          []string // fd, hd, cdrom, network
	BootMenu          Tristate
	BootMenuTimeout   *uint // milliseconds
	BIOSUseSerial     Tristate
	BIOSRebootTimeout *int   // milliseconds
	SMBIOS            string // emulate, host, sysinfo; empty for the default
	// Containers:
	Init      string
	InitArgs  []string
	InitEnv   []EnvVar
	InitDir   string
	InitUser  string
	InitGroup string
}

// FirmwareFeature asks for a firmware that has or lacks a feature.
type FirmwareFeature struct {
	Name    string // enrolled-keys, secure-boot
	Enabled Tristate
}

// Loader is the firmware image; a loader with only NVRAM stands for <nvram> without <loader>.
type Loader struct {
	Path      string
	Readonly  Tristate
	Secure    Tristate
	Type      string // rom, pflash
	Stateless Tristate
	Format    string // raw, qcow2
	// NVRAMTemplate is the image the variables are copied from, as given or found.
	NVRAMTemplate       string
	NVRAMTemplateFormat string
	NVRAM               *NVRAM
}

// NVRAM is where the firmware keeps its variables.
type NVRAM struct {
	Format string
	Path   string // written as the text of <nvram>, when Source is nil
	// Source and its Type are those of <nvram type='...'><source/></nvram>.
	Type   string
	Source *DiskSource
}

// ACPITable is a table given to the guest.
type ACPITable struct {
	Type string // raw, rawset, slic, msdm
	Path string
}

// SysInfo is what SMBIOS or fw_cfg tell the guest.
type SysInfo struct {
	Type       string     // smbios, fwcfg
	BIOS       []SysEntry // nil when there is no <bios>
	System     []SysEntry // the entry uuid is the domain's
	BaseBoards [][]SysEntry
	Chassis    []SysEntry
	OEMStrings []string
	FWCfg      []FWCfg
}

// SysEntry is one named value, in libvirt's order of names.
type SysEntry struct {
	Name, Value string
}

// FWCfg is an entry with a value or the content of a file.
type FWCfg struct {
	Name, Value, File string
}

// Clock is the guest's idea of time.
type Clock struct {
	Offset string // utc, localtime, variable, timezone, absolute
	// Reset of offset utc and localtime: do not follow what the guest sets.
	Reset bool
	// Adjustment in seconds to Basis (utc, localtime), of offset variable.
	Adjustment  int64
	Basis       string
	Adjustment0 int64 // at the start of a running domain; only in status documents
	Timezone    string
	Start       uint64 // seconds since 1970, of offset absolute
	Timers      []Timer
}

// Timer is a time source of the guest.
type Timer struct {
	Name       string // platform, pit, rtc, hpet, tsc, kvmclock, hypervclock, armvtimer
	Present    Tristate
	TickPolicy string // delay, catchup, merge, discard
	Track      string // boot, guest, wall, realtime
	Frequency  uint64 // Hz, of tsc
	Mode       string // of tsc: auto, native, emulate, paravirt, smpsafe
	Catchup    TimerCatchup
}

// TimerCatchup tunes tick policy catchup; zeros are not given.
type TimerCatchup struct {
	Threshold, Slew, Limit uint64
}

// Timer finds a timer by name, or nil.
func (c *Clock) Timer(name string) *Timer {
	for i := range c.Timers {
		if c.Timers[i].Name == name {
			return &c.Timers[i]
		}
	}
	return nil
}
