package qemu

import (
	"encoding/json"
	"strings"

	"virtree.dev/actors/domain"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xdr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

func (d *Driver) emitLifecycle(o *domain.Object, e domain.Emit) {
	dom := wire(o)
	d.bus.Domain(dom, virtype.DomainEventIDLifecycle,
		&remote.DomainEventLifecycleMsg{Dom: dom, Event: int32(e.Type), Detail: e.Detail})
}

func (d *Driver) emitReboot(o *domain.Object) {
	dom := wire(o)
	d.bus.Domain(dom, virtype.DomainEventIDReboot, &remote.DomainEventRebootMsg{Dom: dom})
}

func (d *Driver) emitMetadata(a *remote.DomainSetMetadataArgs) {
	dom := a.Dom
	if o := d.registry.ByUUID(xml.UUID(dom.UUID)); o != nil {
		dom = wire(o)
	}
	d.bus.Domain(dom, virtype.DomainEventIDMetadataChange,
		&remote.DomainEventCallbackMetadataChangeMsg{Dom: dom, Type: a.Type, Nsuri: a.URI})
}

// emitMonitor passes an event of QEMU on as it is.
func (d *Driver) emitMonitor(o *domain.Object, e qmp.Event) {
	msg := &qemuprog.DomainMonitorEventMsg{
		Dom: wire(o), Event: e.Name, Seconds: e.Time.Seconds, Micros: uint32(e.Time.Microseconds),
	}
	if len(e.Data) > 0 {
		details := string(e.Data)
		msg.Details = &details
	}
	d.bus.Monitor(msg)
}

// emit tells subscribers of something that happened to the machine.
func (m *machine) emit(id int32, msg xdr.Value) { m.drv.bus.Domain(m.wire(), id, msg) }

func (m *machine) wire() remote.NonnullDomain { return wire(m.object()) }

// changeStatus changes what is known of the machine and publishes it.
func (m *machine) changeStatus(change func(*domstatus.Status)) {
	_, _ = m.updateMachine(change) // the only error is that there is no machine any more
}

// diskOf finds the disk that QEMU means by one of its names, and gives its file and its alias.
func (m *machine) diskOf(device, qomPath, node string) (source, alias string) {
	for _, disk := range m.status.Domain.Devices.Disks {
		switch {
		case device != "" && strings.TrimPrefix(device, "drive-") == disk.Alias,
			qomPath != "" && qomAlias(qomPath) == disk.Alias,
			node != "" && m.diskByNode(node) == disk:
			return disk.Source.Path, disk.Alias
		}
	}
	return "", ""
}

// qomAlias is the alias in a path among QEMU's objects: /machine/peripheral/ALIAS/virtio-backend.
func qomAlias(path string) string {
	alias, _, _ := strings.Cut(strings.TrimPrefix(path, "/machine/peripheral/"), "/")
	return alias
}

// diskByNode finds the disk of a block node: "libvirt-3-format" belongs to the source with index 3.
func (m *machine) diskByNode(node string) *xml.Disk {
	for _, disk := range m.status.Domain.Devices.Disks {
		for s := disk.Source; s != nil; s = s.Backing {
			if strings.HasPrefix(node, nodeName(s)+"-") || node == nodeName(s) {
				return disk
			}
		}
	}
	return nil
}

func (m *machine) trayMoved(_ *gen.Process, data json.RawMessage) {
	d := fields[struct {
		Device, ID string
		Open       bool `json:"tray-open"`
	}](data)
	alias := qomAlias(d.ID)
	if alias == "" {
		alias = strings.TrimPrefix(d.Device, "drive-")
	}
	reason, tray := int32(virtype.DomainEventTrayChangeClose), ""
	if d.Open {
		reason, tray = virtype.DomainEventTrayChangeOpen, "open"
	}
	m.changeStatus(func(s *domstatus.Status) {
		s.Domain.Devices.Disks = replace(s.Domain.Devices.Disks, func(disk *xml.Disk) bool { return disk.Alias == alias },
			func(disk *xml.Disk) { disk.Tray = tray })
	})
	m.emit(virtype.DomainEventIDTrayChange, &remote.DomainEventTrayChangeMsg{Dom: m.wire(), DevAlias: alias, Reason: reason})
}

// portChanged notes whether somebody in the guest has a channel open; the guest's agent is told of.
func (m *machine) portChanged(_ *gen.Process, data json.RawMessage) {
	d := fields[struct {
		ID   string
		Open bool
	}](data)
	state := channelState(d.Open)
	agent := false
	m.changeStatus(func(s *domstatus.Status) {
		s.Domain.Devices.Channels = replace(s.Domain.Devices.Channels,
			func(c *xml.Chardev) bool { return c.Alias == d.ID },
			func(c *xml.Chardev) {
				agent = c.Name == agentChannel && c.State != state
				c.State = state
			})
	})
	if agent {
		m.drv.emitAgent(m.object(), state, virtype.ConnectDomainEventAgentLifecycleReasonChannel)
	}
}

// agentChannel is the name of the channel that the guest's agent listens on.
const agentChannel = "org.qemu.guest_agent.0"

// agentState is that of the agent's channel; nothing when there is none, or QEMU does not tell.
func agentState(d *xml.Domain) string {
	for _, c := range d.Devices.Channels {
		if c.TargetType == "virtio" && c.Name == agentChannel {
			return c.State
		}
	}
	return ""
}

func (d *Driver) emitAgent(o *domain.Object, channel string, reason int32) {
	state := int32(virtype.ConnectDomainEventAgentLifecycleStateDisconnected)
	switch channel {
	case "":
		return
	case channelState(true):
		state = virtype.ConnectDomainEventAgentLifecycleStateConnected
	}
	dom := wire(o)
	d.bus.Domain(dom, virtype.DomainEventIDAgentLifecycle,
		&remote.DomainEventCallbackAgentLifecycleMsg{Dom: dom, State: state, Reason: reason})
}

// replace gives a list in which the items that are meant are changed copies: published
// documents do not change.
func replace[T any](list []*T, meant func(*T) bool, change func(*T)) []*T {
	out := make([]*T, len(list))
	for i, item := range list {
		if meant(item) {
			fresh := *item
			change(&fresh)
			item = &fresh
		}
		out[i] = item
	}
	return out
}

// graphicsFamilies are QEMU's names of address families, in the API's numbers.
var graphicsFamilies = map[string]int32{
	"ipv4": virtype.DomainEventGraphicsAddressIpv4,
	"ipv6": virtype.DomainEventGraphicsAddressIpv6,
	"unix": virtype.DomainEventGraphicsAddressUnix,
}

// graphicsEnd is one end of a display's connection.
type graphicsEnd struct {
	Host, Family, Auth string
	Service, Port      string // VNC's word and SPICE's for the same
	X509Dname          string `json:"x509_dname"`
	SASLUsername       string `json:"sasl_username"`
}

func (e graphicsEnd) address() remote.DomainEventGraphicsAddress {
	return remote.DomainEventGraphicsAddress{
		Family: graphicsFamilies[e.Family], Node: e.Host, Service: e.Service + e.Port,
	}
}

// graphicsEvent makes the handler of a phase of a display's connection.
func graphicsEvent(phase int32, spice bool) func(*machine, *gen.Process, json.RawMessage) {
	return func(m *machine, _ *gen.Process, data json.RawMessage) {
		d := fields[struct{ Client, Server graphicsEnd }](data)
		msg := &remote.DomainEventGraphicsMsg{
			Dom: m.wire(), Phase: phase, Local: d.Server.address(), Remote: d.Client.address(), AuthScheme: d.Server.Auth,
		}
		if spice && phase != virtype.DomainEventGraphicsInitialize {
			msg.AuthScheme = ""
		}
		for _, id := range []remote.DomainEventGraphicsIdentity{
			{Type: "x509dname", Name: d.Client.X509Dname}, {Type: "saslUsername", Name: d.Client.SASLUsername},
		} {
			if id.Name != "" {
				msg.Subject = append(msg.Subject, id)
			}
		}
		m.emit(virtype.DomainEventIDGraphics, msg)
	}
}
