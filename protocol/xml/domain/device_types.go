package domain

import (
	"virtree.dev/protocol/xml/uuid"
	"virtree.dev/protocol/xml/xmltree"
)

// Controller is a bus adapter. Numbers that are nil were not given.
type Controller struct {
	DeviceInfo
	Type  string // ide, fdc, scsi, sata, virtio-serial, ccid, usb, pci, xenbus, isa
	Index int    // -1 until assigned
	Model string
	// Ports is of virtio-serial and USB controllers, Vectors of the former.
	Ports, Vectors                   *int
	MaxGrantFrames, MaxEventChannels *int // of xenbus
	Driver                           ControllerDriver
	PCI                              PCIController
}

// ControllerDriver are the attributes of <driver>.
type ControllerDriver struct {
	Queues, CmdPerLUN, MaxSectors uint
	IOEventFD                     Tristate
	IOThread                      uint
	IOThreads                     []IOThreadQueues
	Virtio                        VirtioOptions
}

// PCIController are the parts only PCI controllers have.
type PCIController struct {
	ModelName   string // pcie-root-port, ...: <model name=...>
	ChassisNr   *int
	Chassis     *int
	Port        *int
	BusNr       *int
	TargetIndex *int
	Hotplug     Tristate
	MemReserve  uint64 // KiB
	NUMANode    *int
	Hole64      *uint64 // KiB
}

// Lease is a lock held while the domain runs.
type Lease struct {
	Lockspace, Key, Path string
	Offset               uint64
}

// Filesystem is a directory of the host in the guest.
type Filesystem struct {
	DeviceInfo
	Type       string // mount, block, file, template, ram, bind, volume
	AccessMode string // passthrough, mapped, squash
	Model      string
	Multidevs  string // remap, forbid, warn
	FMode      uint   // octal in the document
	DMode      uint
	Driver     FilesystemDriver
	Binary     FilesystemBinary
	IDMap      IDMap
	Source     string // dir, dev, file or name by Type
	Socket     string
	Pool       string
	Volume     string
	Usage      uint64 // bytes, of type ram
	Target     string
	ReadOnly   bool
	HardLimit  uint64 // bytes
	SoftLimit  uint64
}

// FilesystemDriver are the attributes of <driver>.
type FilesystemDriver struct {
	Type     string // path, handle, loop, nbd, ploop, virtiofs, mtp
	Format   string
	WRPolicy string // immediate
	Queue    uint64
	Virtio   VirtioOptions
}

// FilesystemBinary is the daemon of a virtiofs. ThreadPool is nil when not given.
type FilesystemBinary struct {
	Path             string
	XAttr            Tristate
	Cache            string // none, always
	Sandbox          string // namespace, chroot
	LockPOSIX, Flock Tristate
	ThreadPool       *int
	OpenFiles        uint64
}

// Interface is a network card.
type Interface struct {
	DeviceInfo
	Type               string // user, ethernet, vhostuser, server, client, mcast, network, bridge, internal, direct, hostdev, udp, vdpa, null, vds
	Managed            bool   // of type hostdev
	TrustGuestRxFilter Tristate
	MAC                string // 52:54:00:..., always given after parsing
	MACGenerated       bool   // made while parsing
	MACType            string // generated, static
	MACCheck           Tristate
	MACCurrent         string
	Source             InterfaceSource
	// Hostdev is the host's device behind type hostdev.
	Hostdev       *Hostdev
	VLAN          *VLAN
	VirtualPort   *VirtualPort
	Bandwidth     *Bandwidth
	Isolated      Tristate
	Actual        *ActualNet // of a running domain
	HostIP        IPInfo
	GuestIP       IPInfo
	PortForwards  []PortForward
	Script        string
	DownScript    string
	BackendDomain string
	Target        string // tap device
	TargetManaged Tristate
	GuestDev      string
	GuestActual   string
	Model         string
	Driver        InterfaceDriver
	Backend       InterfaceBackend
	Filter        string
	FilterParams  []FilterParam
	SndBuf        *uint64
	Teaming       *Teaming
	Link          string // up, down
	MTU           uint
	RxFrames      uint // <coalesce>
	Private       *xmltree.Node
}

// InterfaceSource are the attributes of <source>, by the type of the interface.
type InterfaceSource struct {
	Network, PortGroup, PortID string
	Bridge                     string
	Address                    string
	Port                       uint
	LocalAddress               string
	LocalPort                  uint
	Name                       string
	Dev                        string
	Mode                       string // direct: vepa, private, bridge, passthrough; vhostuser: server, client
	VhostUser                  *ChardevSource
	SwitchID                   string
	VDSPortID                  int64
	PortGroupID                string
	ConnectionID               int64
}

// ActualNet is what an interface of type network became.
type ActualNet struct {
	Type            string
	Managed         bool
	TrustGuest      Tristate
	Bridge          string
	MACTableManager string
	Dev, Mode       string
	Hostdev         *Hostdev
	ClassID         uint
	VLAN            *VLAN
	VirtualPort     *VirtualPort
	Bandwidth       *Bandwidth
	Isolated        Tristate
}

// VLAN are the tags of a port.
type VLAN struct {
	Trunk bool
	Tags  []VLANTag
}

// VLANTag is one tag.
type VLANTag struct {
	ID         uint
	NativeMode string // tagged, untagged
}

// VirtualPort is how a switch knows the port. Values are nil when not given.
type VirtualPort struct {
	Type                    string // 802.1Qbg, 802.1Qbh, openvswitch, midonet; empty when not given
	ManagerID, TypeID       *uint
	TypeIDVersion           *uint
	InstanceID, InterfaceID *uuid.UUID
	ProfileID               string
}

// Bandwidth limits traffic.
type Bandwidth struct {
	Inbound, Outbound *Rate
}

// Rate is in kilobytes a second and kilobytes.
type Rate struct {
	Average, Peak, Floor, Burst uint64
}

// IPInfo are addresses and routes.
type IPInfo struct {
	Addresses []IPAddress
	Routes    []IPRoute
}

// IPAddress is an address with its net.
type IPAddress struct {
	Address, Family, Peer string
	Prefix                uint
}

// IPRoute is a route.
type IPRoute struct {
	Family, Address, Netmask, Gateway string
	Prefix, Metric                    *uint
}

// PortForward gives ports of the host to the guest.
type PortForward struct {
	Proto, Address, Dev string
	Ranges              []PortRange
}

// PortRange are the ports forwarded or left out.
type PortRange struct {
	Start, End, To uint
	Exclude        Tristate
}

// InterfaceDriver are the attributes of <driver>.
type InterfaceDriver struct {
	Name          string // qemu, vhost
	TxMode        string // iothread, timer
	IOEventFD     Tristate
	EventIdx      Tristate
	Queues        uint
	RxQueueSize   uint
	TxQueueSize   uint
	RSS           Tristate
	RSSHashReport Tristate
	Virtio        VirtioOptions
	// Host and Guest are the offloads by attribute name.
	Host, Guest map[string]Tristate
}

// InterfaceBackend is who handles the packets.
type InterfaceBackend struct {
	Type, Tap, Vhost, LogFile string
}

// FilterParam is a parameter of a network filter.
type FilterParam struct {
	Name, Value string
}

// Teaming joins two interfaces in the guest.
type Teaming struct {
	Type, Persistent string // persistent, transient
}

// Chardev is a serial, parallel, console or channel device.
type Chardev struct {
	DeviceInfo
	Kind   string // serial, parallel, console, channel
	Source ChardevSource
	// TargetType is what the guest sees; empty when not given.
	TargetType  string
	TargetModel string // of serial
	Port        int    // -1 until assigned; of serial, parallel, console
	Name        string // of a virtio or xen channel
	Address     string // of guestfwd
	AddressPort uint
	State       string // connected, disconnected: of a running virtio channel
}

// ChardevSource is the host's end.
type ChardevSource struct {
	Type string // null, vc, pty, dev, file, pipe, stdio, udp, tcp, unix, spicevmc, spiceport, nmdm, qemu-vdagent, dbus
	Path string // of pty, dev, file, pipe, unix
	// Listen is mode bind of tcp and unix.
	Listen        bool
	Append        Tristate
	Host          string // tcp, and udp connect
	Service       string
	BindHost      string // udp
	BindService   string
	Protocol      string // raw, telnet, telnets, tls: of tcp
	TLS           Tristate
	TLSFromConfig bool
	Reconnect     Reconnect
	Channel       string // spiceport, dbus
	Master, Slave string // nmdm
	Mouse         string // qemu-vdagent: server, client
	Clipboard     Tristate
	SecLabels     []DeviceSecLabel
	LogFile       string
	LogAppend     Tristate
}

// Reconnect tells whether a lost connection is made again.
type Reconnect struct {
	Enabled Tristate
	Timeout uint
}

// Smartcard is a card in a reader.
type Smartcard struct {
	DeviceInfo
	Mode         string // host, host-certificates, passthrough
	Certificates []string
	Database     string
	Source       *ChardevSource // of passthrough
}

// Input is a keyboard, mouse or tablet.
type Input struct {
	DeviceInfo
	Type       string // mouse, tablet, keyboard, passthrough, evdev
	Bus        string // ps2, usb, xen, parallels, virtio, none
	Model      string
	Evdev      string
	Grab       string // all
	GrabToggle string
	Repeat     Tristate
	Virtio     VirtioOptions
}

// TPM is a trusted platform module.
type TPM struct {
	DeviceInfo
	Model           string // tpm-tis, tpm-crb, tpm-spapr, spapr-tpm-proxy
	Backend         string // passthrough, emulator, external
	Device          string // of passthrough
	Version         string // 1.2, 2.0
	PersistentState bool
	Debug           uint
	Secret          *uuid.UUID
	PCRBanks        []string
	SourceType      string // file, dir
	SourcePath      string
	Profile         *TPMProfile
	Socket          *ChardevSource // of external
	Private         *xmltree.Node
}

// TPMProfile is what an emulated TPM 2.0 can do.
type TPMProfile struct {
	Source, RemoveDisabled, Name string
}

// Graphics is a display.
type Graphics struct {
	Type      string // sdl, vnc, rdp, desktop, spice, egl-headless, dbus
	Port      int    // vnc, spice, rdp; 0 when not given, -1 never stored
	TLSPort   int
	AutoPort  bool
	WebSocket int
	// WebSocketGenerated tells that the port was assigned.
	WebSocketGenerated bool
	// PortReserved and others of a running domain are the driver's, not the document's.
	Keymap       string
	SharePolicy  string // allow-exclusive, force-shared, ignore
	PowerControl Tristate
	Auth         GraphicsAuth
	Listens      []GraphicsListen
	AudioID      uint
	Display      string // sdl, desktop
	XAuth        string
	Fullscreen   bool
	GL           Tristate
	RenderNode   string
	ReplaceUser  bool
	MultiUser    bool
	P2P          bool
	Address      string // dbus
	Spice        SpiceOptions
}

// GraphicsAuth is who may look.
type GraphicsAuth struct {
	Username  string
	Password  *string
	ValidTo   string // as in 2010-04-09T15:51:00
	Connected string // fail, disconnect, keep
}

// GraphicsListen is where a display listens.
type GraphicsListen struct {
	Type          string // none, address, network, socket
	Address       string
	Network       string
	Socket        string
	FromConfig    bool
	AutoGenerated bool
}

// SpiceOptions are the parts only spice has.
type SpiceOptions struct {
	DefaultMode  string // any, secure, insecure
	Channels     map[string]string
	Image        string
	JPEG         string
	ZLib         string
	Playback     Tristate
	Streaming    string
	Mouse        string
	CopyPaste    Tristate
	FileTransfer Tristate
}

// Sound is a sound card.
type Sound struct {
	DeviceInfo
	Model        string
	Multichannel Tristate
	Streams      uint // of virtio
	Codecs       []string
	AudioID      uint
	Virtio       VirtioOptions
}

// Audio is the host's end of sound cards.
type Audio struct {
	ID                 uint
	Type               string // none, alsa, coreaudio, jack, oss, pulseaudio, sdl, spice, file, dbus, pipewire
	TimerPeriod        uint
	TryMMap, Exclusive Tristate // oss
	DSPPolicy          *int     // oss
	ServerName         string   // pulseaudio
	Driver             string   // sdl
	Path               string   // file
	RuntimeDir         string   // pipewire
	Input, Output      AudioIO
}

// AudioIO is one direction.
type AudioIO struct {
	MixingEngine  Tristate
	FixedSettings Tristate
	Voices        uint
	BufferLength  uint
	Frequency     uint
	Channels      uint
	Format        string
	// Backend are the attributes of the backend's own, by name.
	Backend map[string]string
}

// Video is a graphics card.
type Video struct {
	DeviceInfo
	Model                     string // vga, cirrus, ...; empty for the default
	RAM, VRAM, VRAM64, VGAMem uint   // KiB
	Heads                     uint
	Primary                   bool
	Blob                      Tristate
	Accel                     *VideoAccel
	Resolution                *VideoResolution
	VGAConf                   string // io, on, off
	Backend                   string // qemu, vhostuser
	Virtio                    VirtioOptions
}

// VideoAccel is what is accelerated.
type VideoAccel struct {
	Accel3D, Accel2D Tristate
	RenderNode       string
}

// VideoResolution is the initial size.
type VideoResolution struct {
	X, Y uint
}

// Hostdev is a device of the host in the guest.
type Hostdev struct {
	DeviceInfo
	Mode          string // subsystem, capabilities
	Type          string // usb, pci, scsi, scsi_host, mdev; storage, misc, net
	Managed       bool
	StartupPolicy string
	Missing       bool
	USB           HostUSB
	PCI           HostPCI
	SCSI          HostSCSI
	WWPN          string // of scsi_host
	Protocol      string // of scsi_host: vhost
	Model         string // of scsi_host and mdev
	UUID          string // of mdev
	Display       Tristate
	RamFB         Tristate
	Caps          string // block, char or interface of mode capabilities
	IP            IPInfo
	Teaming       *Teaming
	ReadOnly      bool
	Shareable     bool
}

// HostUSB finds a USB device.
type HostUSB struct {
	Vendor, Product uint
	Bus, Device     uint
	AutoAddress     bool
	GuestReset      string // off, uninitialized, on
}

// HostPCI finds a PCI device.
type HostPCI struct {
	Address        PCIAddress
	DriverName     string // kvm, vfio, xen
	DriverModel    string
	WriteFiltering Tristate
	OrigStates     []string
}

// HostSCSI finds a SCSI device: behind an adapter, or an iSCSI one.
type HostSCSI struct {
	SGIO        string
	RawIO       Tristate
	Adapter     string
	Bus, Target uint
	Unit        uint64
	ISCSI       *DiskSource
	Private     *xmltree.Node
}

// Redirdev is a device a client may plug in.
type Redirdev struct {
	DeviceInfo
	Bus    string // usb
	Source ChardevSource
}

// RedirRule allows or refuses devices of clients; -1 is any.
type RedirRule struct {
	Class, Vendor, Product, Version int
	Allow                           bool
}

// Hub is a USB hub.
type Hub struct {
	DeviceInfo
	Type string // usb
}

// Watchdog restarts a guest that hangs.
type Watchdog struct {
	DeviceInfo
	Model  string // i6300esb, ib700, diag288, itco
	Action string // reset, shutdown, poweroff, pause, dump, none, inject-nmi
}

// Memballoon takes memory from the guest. Model none stands for no device.
type Memballoon struct {
	DeviceInfo
	Model             string
	AutoDeflate       Tristate
	FreePageReporting Tristate
	Period            uint
	Virtio            VirtioOptions
}

// RNG gives randomness.
type RNG struct {
	DeviceInfo
	Model   string
	Rate    uint
	Period  uint
	Backend string // random, egd, builtin
	File    string
	Source  *ChardevSource
	Virtio  VirtioOptions
}

// NVRAMDevice is the NVRAM of POWER.
type NVRAMDevice struct {
	DeviceInfo
}

// Panic tells the host of a crash.
type Panic struct {
	DeviceInfo
	Model string // isa, pseries, hyperv, s390, pvpanic
}

// Shmem is memory shared with others.
type Shmem struct {
	DeviceInfo
	Name         string
	Role         string // master, peer
	Model        string // ivshmem, ivshmem-plain, ivshmem-doorbell
	Size         uint64 // bytes
	Server       bool
	ServerPath   string
	MSI          bool
	MSIVectors   uint
	MSIIOEventFD Tristate
}

// MemoryDevice is memory that can be plugged. Sizes are in KiB.
type MemoryDevice struct {
	DeviceInfo
	Model           string // dimm, nvdimm, virtio-pmem, virtio-mem, sgx-epc
	Access          string
	Discard         Tristate
	UUID            *uuid.UUID
	Nodes           *CPUSet
	PageSize        uint64
	Path            string
	AlignSize       uint64
	PMem            bool
	Size            uint64
	TargetNode      *uint
	LabelSize       uint64
	ReadOnly        bool
	BlockSize       uint64
	RequestedSize   uint64
	CurrentSize     uint64
	BaseAddress     uint64
	DynamicMemslots Tristate
}

// Crypto is a cryptographic accelerator.
type Crypto struct {
	DeviceInfo
	Model   string // virtio
	Type    string // qemu
	Backend string // builtin, lkcf
	Queues  uint
	Virtio  VirtioOptions
}

// IOMMU is an I/O memory management unit.
type IOMMU struct {
	DeviceInfo
	Model          string // intel, smmuv3, virtio
	IntRemap       Tristate
	CachingMode    Tristate
	EIM            Tristate
	IOTLB          Tristate
	AWBits         uint
	DMATranslation Tristate
}

// VSock is a socket between guest and host.
type VSock struct {
	DeviceInfo
	Model   string
	AutoCID Tristate
	CID     uint
	Virtio  VirtioOptions
}

// PStore is where the guest's kernel leaves its last words.
type PStore struct {
	DeviceInfo
	Backend string // acpi-erst
	Path    string
	Size    uint64 // KiB
}
