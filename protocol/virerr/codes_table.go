package virerr

// The kinds of errors: virErrorNumber.
const (
	Ok                      Code = 0
	InternalError           Code = 1
	NoMemory                Code = 2
	NoSupport               Code = 3
	UnknownHost             Code = 4
	NoConnect               Code = 5
	InvalidConn             Code = 6
	InvalidDomain           Code = 7
	InvalidArg              Code = 8
	OperationFailed         Code = 9
	GetFailed               Code = 10
	PostFailed              Code = 11
	HTTPError               Code = 12
	SExprSerial             Code = 13
	NoXen                   Code = 14
	XenCall                 Code = 15
	OSType                  Code = 16
	NoKernel                Code = 17
	NoRoot                  Code = 18
	NoSource                Code = 19
	NoTarget                Code = 20
	NoName                  Code = 21
	NoOS                    Code = 22
	NoDevice                Code = 23
	NoXenstore              Code = 24
	DriverFull              Code = 25
	CallFailed              Code = 26
	XMLError                Code = 27
	DomExist                Code = 28
	OperationDenied         Code = 29
	OpenFailed              Code = 30
	ReadFailed              Code = 31
	ParseFailed             Code = 32
	ConfSyntax              Code = 33
	WriteFailed             Code = 34
	XMLDetail               Code = 35
	InvalidNetwork          Code = 36
	NetworkExist            Code = 37
	SystemError             Code = 38
	RPC                     Code = 39
	GnuTLSError             Code = 40
	WarnNoNetwork           Code = 41
	NoDomain                Code = 42
	NoNetwork               Code = 43
	InvalidMAC              Code = 44
	AuthFailed              Code = 45
	InvalidStoragePool      Code = 46
	InvalidStorageVol       Code = 47
	WarnNoStorage           Code = 48
	NoStoragePool           Code = 49
	NoStorageVol            Code = 50
	WarnNoNode              Code = 51
	InvalidNodeDevice       Code = 52
	NoNodeDevice            Code = 53
	NoSecurityModel         Code = 54
	OperationInvalid        Code = 55
	WarnNoInterface         Code = 56
	NoInterface             Code = 57
	InvalidInterface        Code = 58
	MultipleInterfaces      Code = 59
	WarnNoNWFilter          Code = 60
	InvalidNWFilter         Code = 61
	NoNWFilter              Code = 62
	BuildFirewall           Code = 63
	WarnNoSecret            Code = 64
	InvalidSecret           Code = 65
	NoSecret                Code = 66
	ConfigUnsupported       Code = 67
	OperationTimeout        Code = 68
	MigratePersistFailed    Code = 69
	HookScriptFailed        Code = 70
	InvalidDomainSnapshot   Code = 71
	NoDomainSnapshot        Code = 72
	InvalidStream           Code = 73
	ArgumentUnsupported     Code = 74
	StorageProbeFailed      Code = 75
	StoragePoolBuilt        Code = 76
	SnapshotRevertRisky     Code = 77
	OperationAborted        Code = 78
	AuthCancelled           Code = 79
	NoDomainMetadata        Code = 80
	MigrateUnsafe           Code = 81
	Overflow                Code = 82
	BlockCopyActive         Code = 83
	OperationUnsupported    Code = 84
	SSH                     Code = 85
	AgentUnresponsive       Code = 86
	ResourceBusy            Code = 87
	AccessDenied            Code = 88
	DBusService             Code = 89
	StorageVolExist         Code = 90
	CPUIncompatible         Code = 91
	XMLInvalidSchema        Code = 92
	MigrateFinishOk         Code = 93
	AuthUnavailable         Code = 94
	NoServer                Code = 95
	NoClient                Code = 96
	AgentUnsynced           Code = 97
	LibSSH                  Code = 98
	DeviceMissing           Code = 99
	InvalidNWFilterBinding  Code = 100
	NoNWFilterBinding       Code = 101
	InvalidDomainCheckpoint Code = 102
	NoDomainCheckpoint      Code = 103
	NoDomainBackup          Code = 104
	InvalidNetworkPort      Code = 105
	NetworkPortExist        Code = 106
	NoNetworkPort           Code = 107
	NoHostname              Code = 108
	CheckpointInconsistent  Code = 109
	MultipleDomains         Code = 110
	NoNetworkMetadata       Code = 111
	AgentCommandTimeout     Code = 112
	AgentCommandFailed      Code = 113
)

// The parts that raise errors: virErrorDomain.
const (
	FromNone             Domain = 0
	FromXen              Domain = 1
	FromXend             Domain = 2
	FromXenstore         Domain = 3
	FromSExpr            Domain = 4
	FromXML              Domain = 5
	FromDom              Domain = 6
	FromRPC              Domain = 7
	FromProxy            Domain = 8
	FromConf             Domain = 9
	FromQEMU             Domain = 10
	FromNet              Domain = 11
	FromTest             Domain = 12
	FromRemote           Domain = 13
	FromOpenVZ           Domain = 14
	FromXenXM            Domain = 15
	FromStatsLinux       Domain = 16
	FromLXC              Domain = 17
	FromStorage          Domain = 18
	FromNetwork          Domain = 19
	FromDomain           Domain = 20
	FromUml              Domain = 21
	FromNodeDev          Domain = 22
	FromXenInotify       Domain = 23
	FromSecurity         Domain = 24
	FromVBox             Domain = 25
	FromInterface        Domain = 26
	FromONE              Domain = 27
	FromESX              Domain = 28
	FromPhyp             Domain = 29
	FromSecret           Domain = 30
	FromCPU              Domain = 31
	FromXenAPI           Domain = 32
	FromNWFilter         Domain = 33
	FromHook             Domain = 34
	FromDomainSnapshot   Domain = 35
	FromAudit            Domain = 36
	FromSysinfo          Domain = 37
	FromStreams          Domain = 38
	FromVMware           Domain = 39
	FromEvent            Domain = 40
	FromLibXL            Domain = 41
	FromLocking          Domain = 42
	FromHyperV           Domain = 43
	FromCapabilities     Domain = 44
	FromURI              Domain = 45
	FromAuth             Domain = 46
	FromDBus             Domain = 47
	FromParallels        Domain = 48
	FromDevice           Domain = 49
	FromSSH              Domain = 50
	FromLockspace        Domain = 51
	FromInitCtl          Domain = 52
	FromIdentity         Domain = 53
	FromCgroup           Domain = 54
	FromAccess           Domain = 55
	FromSystemd          Domain = 56
	FromBhyve            Domain = 57
	FromCrypto           Domain = 58
	FromFirewall         Domain = 59
	FromPolkit           Domain = 60
	FromThread           Domain = 61
	FromAdmin            Domain = 62
	FromLogging          Domain = 63
	FromXenXL            Domain = 64
	FromPerf             Domain = 65
	FromLibSSH           Domain = 66
	FromResctrl          Domain = 67
	FromFirewalld        Domain = 68
	FromDomainCheckpoint Domain = 69
	FromTPM              Domain = 70
	FromBPF              Domain = 71
	FromCH               Domain = 72
)

// texts are the messages of each code, without a detail and with one.
var texts = [...]struct{ plain, detailed string }{
	InternalError:           {"internal error", "internal error: %s"},
	NoMemory:                {"out of memory", "out of memory: %s"},
	NoSupport:               {"this function is not supported by the connection driver", "this function is not supported by the connection driver: %s"},
	UnknownHost:             {"unknown host", "unknown host %s"},
	NoConnect:               {"no connection driver available", "no connection driver available for %s"},
	InvalidConn:             {"invalid connection pointer in", "invalid connection pointer in %s"},
	InvalidDomain:           {"invalid domain pointer in", "invalid domain pointer in %s"},
	InvalidArg:              {"invalid argument", "invalid argument: %s"},
	OperationFailed:         {"operation failed", "operation failed: %s"},
	GetFailed:               {"GET operation failed", "GET operation failed: %s"},
	PostFailed:              {"POST operation failed", "POST operation failed: %s"},
	HTTPError:               {"got unknown HTTP error code", "got unknown HTTP error code %s"},
	SExprSerial:             {"failed to serialize S-Expr", "failed to serialize S-Expr: %s"},
	NoXen:                   {"could not use Xen hypervisor entry", "could not use Xen hypervisor entry %s"},
	XenCall:                 {"failed Xen syscall", "failed Xen syscall %s"},
	OSType:                  {"unknown OS type", "unknown OS type %s"},
	NoKernel:                {"missing kernel information", "missing kernel information: %s"},
	NoRoot:                  {"missing root device information", "missing root device information in %s"},
	NoSource:                {"missing source information for device", "missing source information for device %s"},
	NoTarget:                {"missing target information for device", "missing target information for device %s"},
	NoName:                  {"missing name information", "missing name information in %s"},
	NoOS:                    {"missing operating system information", "missing operating system information for %s"},
	NoDevice:                {"missing devices information", "missing devices information for %s"},
	NoXenstore:              {"could not connect to Xen Store", "could not connect to Xen Store %s"},
	DriverFull:              {"too many drivers registered", "too many drivers registered in %s"},
	CallFailed:              {"library call failed", "library call failed: %s"},
	XMLError:                {"XML description is invalid or not well formed", "XML error: %s"},
	DomExist:                {"this domain exists already", "domain %s exists already"},
	OperationDenied:         {"operation forbidden for read only access", "operation forbidden: %s"},
	OpenFailed:              {"failed to open configuration file", "failed to open configuration file %s"},
	ReadFailed:              {"failed to read configuration file", "failed to read configuration file %s"},
	ParseFailed:             {"failed to parse configuration file", "failed to parse configuration file %s"},
	ConfSyntax:              {"configuration file syntax error", "configuration file syntax error: %s"},
	WriteFailed:             {"failed to write configuration file", "failed to write configuration file: %s"},
	XMLDetail:               {"parser error", "%s"},
	InvalidNetwork:          {"invalid network pointer in", "invalid network pointer in %s"},
	NetworkExist:            {"this network exists already", "network %s exists already"},
	SystemError:             {"system call error", "%s"},
	RPC:                     {"RPC error", "%s"},
	GnuTLSError:             {"GNUTLS call error", "%s"},
	WarnNoNetwork:           {"Failed to find the network", "Failed to find the network: %s"},
	NoDomain:                {"Domain not found", "Domain not found: %s"},
	NoNetwork:               {"Network not found", "Network not found: %s"},
	InvalidMAC:              {"invalid MAC address", "invalid MAC address: %s"},
	AuthFailed:              {"authentication failed", "authentication failed: %s"},
	InvalidStoragePool:      {"invalid storage pool pointer in", "invalid storage pool pointer in %s"},
	InvalidStorageVol:       {"invalid storage volume pointer in", "invalid storage volume pointer in %s"},
	WarnNoStorage:           {"Failed to find a storage driver", "Failed to find a storage driver: %s"},
	NoStoragePool:           {"Storage pool not found", "Storage pool not found: %s"},
	NoStorageVol:            {"Storage volume not found", "Storage volume not found: %s"},
	WarnNoNode:              {"Failed to find a node driver", "Failed to find a node driver: %s"},
	InvalidNodeDevice:       {"invalid node device pointer", "invalid node device pointer in %s"},
	NoNodeDevice:            {"Node device not found", "Node device not found: %s"},
	NoSecurityModel:         {"Security model not found", "Security model not found: %s"},
	OperationInvalid:        {"Requested operation is not valid", "Requested operation is not valid: %s"},
	WarnNoInterface:         {"Failed to find the interface", "Failed to find the interface: %s"},
	NoInterface:             {"Interface not found", "Interface not found: %s"},
	InvalidInterface:        {"invalid interface pointer in", "invalid interface pointer in %s"},
	MultipleInterfaces:      {"multiple matching interfaces found", "multiple matching interfaces found: %s"},
	WarnNoNWFilter:          {"Failed to start the nwfilter driver", "Failed to start the nwfilter driver: %s"},
	InvalidNWFilter:         {"Invalid network filter", "Invalid network filter: %s"},
	NoNWFilter:              {"Network filter not found", "Network filter not found: %s"},
	BuildFirewall:           {"Error while building firewall", "Error while building firewall: %s"},
	WarnNoSecret:            {"Failed to find a secret storage driver", "Failed to find a secret storage driver: %s"},
	InvalidSecret:           {"Invalid secret", "Invalid secret: %s"},
	NoSecret:                {"Secret not found", "Secret not found: %s"},
	ConfigUnsupported:       {"unsupported configuration", "unsupported configuration: %s"},
	OperationTimeout:        {"Timed out during operation", "Timed out during operation: %s"},
	MigratePersistFailed:    {"Failed to make domain persistent after migration", "Failed to make domain persistent after migration: %s"},
	HookScriptFailed:        {"Hook script execution failed", "Hook script execution failed: %s"},
	InvalidDomainSnapshot:   {"Invalid domain snapshot", "Invalid domain snapshot: %s"},
	NoDomainSnapshot:        {"Domain snapshot not found", "Domain snapshot not found: %s"},
	InvalidStream:           {"invalid stream pointer", "invalid stream pointer in %s"},
	ArgumentUnsupported:     {"argument unsupported", "argument unsupported: %s"},
	StorageProbeFailed:      {"Storage pool probe failed", "Storage pool probe failed: %s"},
	StoragePoolBuilt:        {"Storage pool already built", "Storage pool already built: %s"},
	SnapshotRevertRisky:     {"revert requires force", "revert requires force: %s"},
	OperationAborted:        {"operation aborted", "operation aborted: %s"},
	AuthCancelled:           {"authentication cancelled", "authentication cancelled: %s"},
	NoDomainMetadata:        {"metadata not found", "metadata not found: %s"},
	MigrateUnsafe:           {"Unsafe migration", "Unsafe migration: %s"},
	Overflow:                {"numerical overflow", "numerical overflow: %s"},
	BlockCopyActive:         {"block copy still active", "block copy still active: %s"},
	OperationUnsupported:    {"Operation not supported", "Operation not supported: %s"},
	SSH:                     {"SSH transport error", "SSH transport error: %s"},
	AgentUnresponsive:       {"Guest agent is not responding", "Guest agent is not responding: %s"},
	ResourceBusy:            {"resource busy", "resource busy: %s"},
	AccessDenied:            {"access denied", "access denied: %s"},
	DBusService:             {"error from service", "error from service: %s"},
	StorageVolExist:         {"this storage volume exists already", "storage volume %s exists already"},
	CPUIncompatible:         {"the CPU is incompatible with host CPU", "the CPU is incompatible with host CPU: %s"},
	XMLInvalidSchema:        {"XML document failed to validate against schema", "XML document failed to validate against schema: %s"},
	MigrateFinishOk:         {"migration successfully aborted", "migration successfully aborted: %s"},
	AuthUnavailable:         {"authentication unavailable", "authentication unavailable: %s"},
	NoServer:                {"Server not found", "Server not found: %s"},
	NoClient:                {"Client not found", "Client not found: %s"},
	AgentUnsynced:           {"guest agent replied with wrong id to guest-sync command", "guest agent replied with wrong id to guest-sync command: %s"},
	LibSSH:                  {"libssh transport error", "libssh transport error: %s"},
	DeviceMissing:           {"device not found", "device not found: %s"},
	InvalidNWFilterBinding:  {"Invalid network filter binding", "Invalid network filter binding: %s"},
	NoNWFilterBinding:       {"Network filter binding not found", "Network filter binding not found: %s"},
	InvalidDomainCheckpoint: {"Invalid domain checkpoint", "Invalid domain checkpoint: %s"},
	NoDomainCheckpoint:      {"Domain checkpoint not found", "Domain checkpoint not found: %s"},
	NoDomainBackup:          {"Domain backup job id not found", "Domain backup job id not found: %s"},
	InvalidNetworkPort:      {"Invalid network port pointer", "Invalid network port pointer: %s"},
	NetworkPortExist:        {"this network port exists already", "network port %s exists already"},
	NoNetworkPort:           {"network port not found", "network port not found: %s"},
	NoHostname:              {"no hostname found", "no hostname found: %s"},
	CheckpointInconsistent:  {"checkpoint inconsistent", "checkpoint inconsistent: %s"},
	MultipleDomains:         {"multiple matching domains found", "multiple matching domains found: %s"},
	NoNetworkMetadata:       {"metadata not found", "metadata not found: %s"},
	AgentCommandTimeout:     {"guest agent command timed out", "guest agent command timed out: %s"},
	AgentCommandFailed:      {"guest agent command failed", "guest agent command failed: %s"},
}
