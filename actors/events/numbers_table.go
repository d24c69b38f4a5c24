package events

import (
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
)

// Kind is a family of events with its own numbering.
type Kind uint8

// The kinds of events.
const (
	Domain Kind = iota
	Network
	StoragePool
	NodeDevice
	Secret
	Monitor
	kinds
)

var kindNames = [kinds]string{"domain", "network", "storage pool", "node device", "secret", "qemu monitor"}

func (k Kind) String() string { return kindNames[k] }

// numbers are the procedures that tell of an event. Plain goes to those who
// asked in the old way, without a callback number; Callback begins with one.
// Reason is set where the callback form has a reason, always 0, behind it.
type numbers struct {
	plain, callback int32
	reason          bool
}

// procedures are by event id; the facts are libvirt 11.3's.
var procedures = [kinds][]numbers{
	Domain: {
		{plain: remote.ProcDomainEventLifecycle, callback: remote.ProcDomainEventCallbackLifecycle},
		{plain: remote.ProcDomainEventReboot, callback: remote.ProcDomainEventCallbackReboot},
		{plain: remote.ProcDomainEventRTCChange, callback: remote.ProcDomainEventCallbackRTCChange},
		{plain: remote.ProcDomainEventWatchdog, callback: remote.ProcDomainEventCallbackWatchdog},
		{plain: remote.ProcDomainEventIOError, callback: remote.ProcDomainEventCallbackIOError},
		{plain: remote.ProcDomainEventGraphics, callback: remote.ProcDomainEventCallbackGraphics},
		{plain: remote.ProcDomainEventIOErrorReason, callback: remote.ProcDomainEventCallbackIOErrorReason},
		{plain: remote.ProcDomainEventControlError, callback: remote.ProcDomainEventCallbackControlError},
		{plain: remote.ProcDomainEventBlockJob, callback: remote.ProcDomainEventCallbackBlockJob},
		{plain: remote.ProcDomainEventDiskChange, callback: remote.ProcDomainEventCallbackDiskChange},
		{plain: remote.ProcDomainEventTrayChange, callback: remote.ProcDomainEventCallbackTrayChange},
		{plain: remote.ProcDomainEventPmwakeup, callback: remote.ProcDomainEventCallbackPmwakeup, reason: true},
		{plain: remote.ProcDomainEventPmsuspend, callback: remote.ProcDomainEventCallbackPmsuspend, reason: true},
		{plain: remote.ProcDomainEventBalloonChange, callback: remote.ProcDomainEventCallbackBalloonChange},
		{plain: remote.ProcDomainEventPmsuspendDisk, callback: remote.ProcDomainEventCallbackPmsuspendDisk, reason: true},
		{plain: remote.ProcDomainEventDeviceRemoved, callback: remote.ProcDomainEventCallbackDeviceRemoved},
		{callback: remote.ProcDomainEventBlockJob2},
		{callback: remote.ProcDomainEventCallbackTunable},
		{callback: remote.ProcDomainEventCallbackAgentLifecycle},
		{callback: remote.ProcDomainEventCallbackDeviceAdded},
		{callback: remote.ProcDomainEventCallbackMigrationIteration},
		{callback: remote.ProcDomainEventCallbackJobCompleted},
		{callback: remote.ProcDomainEventCallbackDeviceRemovalFailed},
		{callback: remote.ProcDomainEventCallbackMetadataChange},
		{callback: remote.ProcDomainEventBlockThreshold},
		{callback: remote.ProcDomainEventMemoryFailure},
		{callback: remote.ProcDomainEventMemoryDeviceSizeChange},
		{callback: remote.ProcDomainEventNicMACChange},
	},
	Network: {
		{callback: remote.ProcNetworkEventLifecycle},
		{callback: remote.ProcNetworkEventCallbackMetadataChange},
	},
	StoragePool: {
		{callback: remote.ProcStoragePoolEventLifecycle},
		{callback: remote.ProcStoragePoolEventRefresh},
	},
	NodeDevice: {
		{callback: remote.ProcNodeDeviceEventLifecycle},
		{callback: remote.ProcNodeDeviceEventUpdate},
	},
	Secret: {
		{callback: remote.ProcSecretEventLifecycle},
		{callback: remote.ProcSecretEventValueChanged},
	},
	Monitor: {{callback: qemuprog.ProcDomainMonitorEvent}},
}

// Known says whether a kind has an event of this number.
func (k Kind) Known(id int32) bool { return id >= 0 && int(id) < len(procedures[k]) }

// Plain says whether an event can be told in the old way.
func Plain(id int32) bool { return Domain.Known(id) && procedures[Domain][id].plain != 0 }
