package dispatch

import "virtree.dev/protocol/virtype"

// aclFlags are the values by which rules of access depend on arguments.
var aclFlags = map[string]uint64{
	"VIR_DOMAIN_AFFECT_LIVE":                   virtype.DomainAffectLive,
	"VIR_DOMAIN_AFFECT_CONFIG":                 virtype.DomainAffectConfig,
	"VIR_DOMAIN_XML_SECURE":                    virtype.DomainXMLSecure,
	"VIR_DOMAIN_XML_MIGRATABLE":                virtype.DomainXMLMigratable,
	"VIR_DOMAIN_SNAPSHOT_XML_SECURE":           virtype.DomainSnapshotXMLSecure,
	"VIR_DOMAIN_SAVE_IMAGE_XML_SECURE":         virtype.DomainSaveImageXMLSecure,
	"VIR_DOMAIN_CHECKPOINT_XML_SECURE":         virtype.DomainCheckpointXMLSecure,
	"VIR_DOMAIN_VCPU_GUEST":                    virtype.DomainVCPUGuest,
	"VIR_DOMAIN_SHUTDOWN_GUEST_AGENT":          virtype.DomainShutdownGuestAgent,
	"VIR_DOMAIN_REBOOT_GUEST_AGENT":            virtype.DomainRebootGuestAgent,
	"VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE":       virtype.DomainSnapshotCreateQuiesce,
	"VIR_DOMAIN_CHECKPOINT_CREATE_QUIESCE":     virtype.DomainCheckpointCreateQuiesce,
	"VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT": virtype.DomainInterfaceAddressesSrcAgent,
	"VIR_NETWORK_UPDATE_AFFECT_LIVE":           virtype.NetworkUpdateAffectLive,
	"VIR_NETWORK_UPDATE_AFFECT_CONFIG":         virtype.NetworkUpdateAffectConfig,
	"VIR_NODE_DEVICE_UPDATE_AFFECT_LIVE":       virtype.NodeDeviceUpdateAffectLive,
	"VIR_NODE_DEVICE_UPDATE_AFFECT_CONFIG":     virtype.NodeDeviceUpdateAffectConfig,
}
