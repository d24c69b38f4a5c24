package domain

import "virtree.dev/protocol/xml/xmltree"

// Disk is a disk, CD-ROM or floppy drive.
type Disk struct {
	DeviceInfo
	Device   string // disk, cdrom, floppy, lun
	Model    string // virtio, virtio-transitional, virtio-non-transitional
	RawIO    Tristate
	SGIO     string // filtered, unfiltered
	Snapshot string // no, internal, external, manual
	// Source is what the guest sees; it is never nil. An empty drive has an empty source.
	Source        *DiskSource
	Driver        DiskDriver
	StartupPolicy string // mandatory, requisite, optional
	BackendDomain string // of Xen
	Geometry      *Geometry
	BlockIO       BlockIO
	Mirror        *DiskMirror
	Target        string // vda
	Bus           string // ide, fdc, scsi, virtio, xen, usb, sata, sd
	Tray          string // open; closed when empty
	Removable     Tristate
	RotationRate  uint
	// IOTune are the limits by element name, as those of a throttle group.
	IOTune        map[string]uint64
	IOTuneGroup   string
	ThrottleNames []string // <throttlefilters>
	ReadOnly      bool
	Shareable     bool
	Transient     bool
	ShareBacking  Tristate
	Serial        string
	WWN           string
	Vendor        string
	Product       string
	// AuthInDisk and EncryptionInDisk tell that <auth> and <encryption> stand in <disk>, not in <source>.
	AuthInDisk, EncryptionInDisk bool
	Private                      *xmltree.Node // of status documents
}

// DiskDriver are the attributes of <driver>; the format is that of the source.
type DiskDriver struct {
	Name           string // qemu
	Cache          string // none, writethrough, writeback, directsync, unsafe
	ErrorPolicy    string // stop, report, ignore, enospace
	RErrorPolicy   string
	IO             string // native, threads, io_uring
	IOEventFD      Tristate
	EventIdx       Tristate
	CopyOnRead     Tristate
	Discard        string // unmap, ignore
	IOThread       uint
	IOThreads      []IOThreadQueues
	DetectZeroes   string // off, on, unmap
	DiscardNoUnref Tristate
	Queues         uint
	QueueSize      uint
	Virtio         VirtioOptions
}

// IOThreadQueues gives the queues an iothread serves; none stand for a share of all.
type IOThreadQueues struct {
	ID     uint
	Queues []uint
}

// Geometry is what the BIOS is told of a disk.
type Geometry struct {
	Cylinders, Heads, Sectors uint
	Translation               string // none, auto, lba
}

// BlockIO are the sizes of blocks in bytes.
type BlockIO struct {
	Logical, Physical, DiscardGranularity uint
}

// DiskMirror is where a running block job writes to.
type DiskMirror struct {
	Source *DiskSource
	Job    string // copy, active-commit
	Ready  string // yes, abort, pivot
}

// DiskSource is an image or a device, with what it is based on.
type DiskSource struct {
	Type   string // file, block, dir, network, volume, nvme, vhostuser, vhostvdpa; none ends a backing chain
	Format string // raw, qcow2, ...; empty when not given
	// Path is the file, the device, the directory or the name on the network, by Type.
	Path    string
	FDGroup string
	Index   uint // of a running domain
	// Pool and Volume are of type volume.
	Pool, Volume, PoolMode string // mode: host, direct
	// Actual is the type of what a volume turned out to be, once it was looked up.
	Actual           string
	Network          *NetworkSource
	NVMe             *NVMeSource
	VhostUser        *ChardevSource
	Slice            *Slice
	SecLabels        []DeviceSecLabel
	Auth             *SourceAuth
	Encryption       *Encryption
	Reservations     *Reservations
	MetadataCacheMax uint64 // bytes
	Backing          *DiskSource
	// Detected tells that the image was found in another's header, not in the document.
	Detected bool
	Data     *DiskSource   // <dataStore> of qcow2
	Private  *xmltree.Node // of status documents
}

// Empty says whether there is nothing in the drive.
func (s *DiskSource) Empty() bool {
	switch s.Type {
	case "network":
		return s.Network == nil || s.Network.Protocol == ""
	case "volume":
		return s.Pool == "" && s.Volume == "" && s.Path == ""
	case "nvme":
		return s.NVMe == nil
	case "vhostuser":
		return s.VhostUser == nil
	}
	return s.Path == "" && s.FDGroup == ""
}

// shapeless says whether nothing is to be written of a source.
func (s *DiskSource) shapeless() bool {
	return (s.Type == "block" || s.Type == "dir") && s.Empty() && s.Index == 0 && len(s.SecLabels) == 0 && s.Slice == nil &&
		s.Reservations == nil && s.Encryption == nil && s.Backing == nil && s.Private == nil
}

// NetworkSource is where on the network an image is.
type NetworkSource struct {
	Protocol      string // nbd, rbd, iscsi, http, https, ...
	Name          string
	Query         string
	TLS           Tristate
	TLSHostname   string
	TLSFromConfig bool
	Hosts         []NetworkHost
	NFSUser       string
	NFSGroup      string
	Reconnect     uint
	Snapshot      string
	ConfigFile    string
	InitiatorIQN  string
	SSLVerify     Tristate
	Cookies       []Cookie
	ReadAhead     uint64
	Timeout       uint64
	KnownHosts    string
	SSHUser       string
	SSHKeyFile    string
	SSHAgent      string
}

// NetworkHost is a server.
type NetworkHost struct {
	Name      string
	Port      uint
	Transport string // tcp, unix, rdma; empty counts as tcp
	Socket    string
}

// Cookie is sent to an HTTP server.
type Cookie struct {
	Name, Value string
}

// NVMeSource is a namespace of an NVMe device.
type NVMeSource struct {
	Managed   Tristate
	Namespace uint64
	Address   PCIAddress
}

// Slice is the part of an image that is used.
type Slice struct {
	Offset, Size uint64
}

// DeviceSecLabel is the security label of one image or file.
type DeviceSecLabel struct {
	Model     string
	Label     string
	Relabel   bool
	LabelSkip bool
}

// SourceAuth is how a server is told who asks.
type SourceAuth struct {
	Type     string // chap, ceph; empty when not given
	Username string
	Secret   SecretRef
}

// SecretRef names a secret by UUID or usage.
type SecretRef struct {
	Type  string // iscsi, ceph, passphrase, ...
	UUID  string
	Usage string
}

// Encryption is how an image is encrypted.
type Encryption struct {
	Format  string // qcow, luks, luks2, luks-any, default
	Engine  string // qemu, librbd
	Secrets []SecretRef
	Cipher  *Cipher
}

// Cipher are the details of an encryption that is being made.
type Cipher struct {
	Name, Mode, Hash     string
	Size                 uint
	IVGenName, IVGenHash string
}

// Reservations are persistent reservations of SCSI.
type Reservations struct {
	Managed Tristate
	Path    string
}

// StorageFormats are the formats of images.
var StorageFormats = []string{
	"none", "raw", "dir", "bochs", "cloop", "dmg", "iso", "vpc", "vdi", "fat", "vhd", "ploop", "cow", "qcow",
	"qcow2", "qed", "vmdk",
}
