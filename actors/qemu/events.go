package qemu

import (
	"encoding/json"

	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// eventHandlers say what an event of QEMU means. Data is decoded by each of them: a
// field that is missing is worth no more than its zero.
var eventHandlers = map[string]func(m *machine, p *gen.Process, data json.RawMessage){
	"STOP":   (*machine).stopped,
	"RESUME": func(m *machine, p *gen.Process, _ json.RawMessage) { m.step(p, domain.ProcessorsStarted{}) },
	"RESET":  func(m *machine, p *gen.Process, _ json.RawMessage) { m.step(p, domain.WasReset{}) },
	"WAKEUP": (*machine).wokeUp,

	"SHUTDOWN":                  (*machine).poweredOff,
	"SUSPEND":                   (*machine).slept,
	"SUSPEND_DISK":              (*machine).sleptToDisk,
	"GUEST_PANICKED":            (*machine).panicked,
	"GUEST_CRASHLOADED":         (*machine).crashloaded,
	"WATCHDOG":                  (*machine).watchdog,
	"RTC_CHANGE":                (*machine).clockChanged,
	"BALLOON_CHANGE":            (*machine).balloonChanged,
	"BLOCK_IO_ERROR":            (*machine).diskFailed,
	"BLOCK_WRITE_THRESHOLD":     (*machine).thresholdReached,
	"DEVICE_DELETED":            (*machine).deviceDeleted,
	"DEVICE_TRAY_MOVED":         (*machine).trayMoved,
	"MEMORY_FAILURE":            (*machine).memoryFailed,
	"MEMORY_DEVICE_SIZE_CHANGE": (*machine).memoryResized,
	"VSERPORT_CHANGE":           (*machine).portChanged,
	"VNC_CONNECTED":             graphicsEvent(virtype.DomainEventGraphicsConnect, false),
	"VNC_INITIALIZED":           graphicsEvent(virtype.DomainEventGraphicsInitialize, false),
	"VNC_DISCONNECTED":          graphicsEvent(virtype.DomainEventGraphicsDisconnect, false),
	"SPICE_CONNECTED":           graphicsEvent(virtype.DomainEventGraphicsConnect, true),
	"SPICE_INITIALIZED":         graphicsEvent(virtype.DomainEventGraphicsInitialize, true),
	"SPICE_DISCONNECTED":        graphicsEvent(virtype.DomainEventGraphicsDisconnect, true),
}

// event takes an event of QEMU. Those who watch the monitor see every one, and first.
func (m *machine) event(p *gen.Process, e qmp.Event) {
	if m.status == nil {
		return
	}
	m.drv.emitMonitor(m.object(), e)
	if handle := eventHandlers[e.Name]; handle != nil {
		handle(m, p, e.Data)
	}
}

// fields decodes an event's data.
func fields[T any](data json.RawMessage) T {
	var t T
	_ = json.Unmarshal(data, &t)
	return t
}

// stopped comes before what libvirt tells of a crash, although QEMU says that first.
func (m *machine) stopped(p *gen.Process, _ json.RawMessage) {
	m.step(p, domain.ProcessorsStopped{})
	if m.panics {
		m.panics = false
		m.step(p, domain.Panicked{})
	}
}

func (m *machine) poweredOff(p *gen.Process, data json.RawMessage) {
	d := fields[struct {
		Guest *bool `json:"guest"`
	}](data)
	detail := int32(domain.ShutdownFinished)
	switch {
	case d.Guest == nil:
	case *d.Guest:
		detail = domain.ShutdownGuest
	default:
		detail = domain.ShutdownHost
	}
	m.step(p, domain.PoweredOff{Detail: detail})
}

func (m *machine) wokeUp(p *gen.Process, _ json.RawMessage) {
	m.stepAfter(p, domain.WokeUp{}, virtype.DomainEventIDPmwakeup, &remote.DomainEventPmwakeupMsg{Dom: m.wire()})
}

func (m *machine) slept(p *gen.Process, _ json.RawMessage) {
	m.stepAfter(p, domain.Slept{}, virtype.DomainEventIDPmsuspend, &remote.DomainEventPmsuspendMsg{Dom: m.wire()})
}

func (m *machine) sleptToDisk(p *gen.Process, _ json.RawMessage) {
	m.stepAfter(p, domain.Slept{ToDisk: true}, virtype.DomainEventIDPmsuspendDisk,
		&remote.DomainEventPmsuspendDiskMsg{Dom: m.wire()})
}

func (m *machine) panicked(p *gen.Process, data json.RawMessage) {
	if fields[struct{ Action string }](data).Action == "pause" {
		m.panics = true
		return
	}
	m.step(p, domain.Panicked{})
}

func (m *machine) crashloaded(p *gen.Process, _ json.RawMessage) {
	m.step(p, domain.Panicked{Loaded: true})
}

var watchdogActions = map[string]int32{
	"none": 0, "pause": 1, "reset": 2, "poweroff": 3, "shutdown": 4, "debug": 5, "inject-nmi": 6,
}

func (m *machine) watchdog(p *gen.Process, data json.RawMessage) {
	d := fields[struct{ Action string }](data)
	msg := &remote.DomainEventWatchdogMsg{Dom: m.wire(), Action: watchdogActions[d.Action]}
	if d.Action != "pause" {
		m.emit(virtype.DomainEventIDWatchdog, msg)
		return
	}
	m.step(p, domain.PauseComing{Reason: domain.PausedWatchdog})
	m.stepAfter(p, domain.ProcessorsStopped{}, virtype.DomainEventIDWatchdog, msg)
}

func (m *machine) clockChanged(_ *gen.Process, data json.RawMessage) {
	offset := fields[struct{ Offset int64 }](data).Offset
	if clock := m.status.Domain.Clock; clock.Offset == "variable" {
		offset += clock.Adjustment0 // QEMU counts from the time that it was given
		m.changeStatus(func(s *domstatus.Status) { s.Domain.Clock.Adjustment = offset })
	}
	m.emit(virtype.DomainEventIDRTCChange, &remote.DomainEventRTCChangeMsg{Dom: m.wire(), Offset: offset})
}

func (m *machine) balloonChanged(_ *gen.Process, data json.RawMessage) {
	actual := (fields[balloonInfo](data).Actual + 1023) / 1024
	m.changeStatus(func(s *domstatus.Status) { s.Domain.Memory.Current = actual })
	m.emit(virtype.DomainEventIDBalloonChange, &remote.DomainEventBalloonChangeMsg{Dom: m.wire(), Actual: actual})
}

// diskActions are what QEMU does on a disk's error, in the API's numbers.
var diskActions = map[string]int32{"ignore": 0, "stop": 1, "report": 2}

func (m *machine) diskFailed(p *gen.Process, data json.RawMessage) {
	d := fields[struct {
		Device, Action, Reason string
		QOMPath                string `json:"qom-path"`
		NodeName               string `json:"node-name"`
		NoSpace                bool   `json:"nospace"`
	}](data)
	source, alias := m.diskOf(d.Device, d.QOMPath, d.NodeName)
	action := diskActions[d.Action]
	reason := ""
	if d.NoSpace {
		reason = "enospc"
	}
	m.emit(virtype.DomainEventIDIOError,
		&remote.DomainEventIOErrorMsg{Dom: m.wire(), SrcPath: source, DevAlias: alias, Action: action})
	m.emit(virtype.DomainEventIDIOErrorReason,
		&remote.DomainEventIOErrorReasonMsg{Dom: m.wire(), SrcPath: source, DevAlias: alias, Action: action, Reason: reason})
	if action == virtype.DomainEventIOErrorPause {
		m.step(p, domain.PauseComing{Reason: domain.PausedIOError})
		m.step(p, domain.ProcessorsStopped{})
	}
}

func (m *machine) thresholdReached(_ *gen.Process, data json.RawMessage) {
	d := fields[struct {
		NodeName  string `json:"node-name"`
		Threshold uint64 `json:"write-threshold"`
		Excess    uint64 `json:"amount-exceeded"`
	}](data)
	disk := m.diskByNode(d.NodeName)
	if disk == nil {
		return
	}
	msg := &remote.DomainEventBlockThresholdMsg{Dom: m.wire(), Dev: disk.Target, Threshold: d.Threshold, Excess: d.Excess}
	if path := disk.Source.Path; path != "" {
		msg.Path = &path
	}
	m.emit(virtype.DomainEventIDBlockThreshold, msg)
}

func (m *machine) deviceDeleted(_ *gen.Process, data json.RawMessage) {
	if d := fields[struct{ Device string }](data); d.Device != "" {
		m.emit(virtype.DomainEventIDDeviceRemoved, &remote.DomainEventDeviceRemovedMsg{Dom: m.wire(), DevAlias: d.Device})
	}
}

func (m *machine) memoryResized(_ *gen.Process, data json.RawMessage) {
	d := fields[struct {
		ID   string
		Size uint64
	}](data)
	m.emit(virtype.DomainEventIDMemoryDeviceSizeChange,
		&remote.DomainEventMemoryDeviceSizeChangeMsg{Dom: m.wire(), Alias: d.ID, Size: (d.Size + 1023) / 1024})
}

func (m *machine) memoryFailed(_ *gen.Process, data json.RawMessage) {
	d := fields[struct {
		Recipient, Action string
		Flags             struct {
			ActionRequired bool `json:"action-required"`
			Recursive      bool
		}
	}](data)
	recipients := map[string]int32{"hypervisor": 0, "guest": 1}
	actions := map[string]int32{"ignore": 0, "inject": 1, "fatal": 2, "reset": 3}
	var flags uint32
	if d.Flags.ActionRequired {
		flags |= virtype.DomainMemoryFailureActionRequired
	}
	if d.Flags.Recursive {
		flags |= virtype.DomainMemoryFailureRecursive
	}
	m.emit(virtype.DomainEventIDMemoryFailure, &remote.DomainEventMemoryFailureMsg{
		Dom: m.wire(), Recipient: recipients[d.Recipient], Action: actions[d.Action], Flags: flags,
	})
}
