package qemu

import (
	"bufio"
	"net"
	"os"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/internal/hostinfo"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) netHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainInterfaceStats, dispatch.Inline, d.interfaceStats)
	dispatch.Handle(t, remote.ProcDomainInterfaceAddresses, dispatch.Worker, d.interfaceAddresses)
}

// findInterface finds an interface by its address or by the host's end of it.
func findInterface(def *xml.Domain, device string) (*xml.Interface, error) {
	mac, notMAC := net.ParseMAC(device)
	for _, nic := range def.Devices.Interfaces {
		if notMAC == nil && strings.EqualFold(nic.MAC, mac.String()) || nic.Target != "" && nic.Target == device {
			return nic, nil
		}
	}
	return nil, errDomainArg("'%s' is not a known interface", device)
}

// interfaceTraffic counts as the guest does. What the host's end of a tap receives is
// what the guest sent; a macvtap counts as the guest does itself.
func (d *Driver) interfaceTraffic(nic *xml.Interface) (hostinfo.Traffic, error) {
	t, err := d.host.Traffic(nic.Target)
	if err != nil || nic.Type == "direct" {
		return t, err
	}
	return hostinfo.Traffic{
		RxBytes: t.TxBytes, RxPackets: t.TxPackets, RxErrors: t.TxErrors, RxDropped: t.TxDropped,
		TxBytes: t.RxBytes, TxPackets: t.RxPackets, TxErrors: t.RxErrors, TxDropped: t.RxDropped,
	}, nil
}

func (d *Driver) interfaceStats(_ *dispatch.Call, a *remote.DomainInterfaceStatsArgs) (*remote.DomainInterfaceStatsRet, error) {
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	nic, err := findInterface(o.Def, a.Device)
	if err != nil {
		return nil, err
	}
	if nic.Target == "" {
		return nil, virerr.New(virerr.FromNone, virerr.InternalError, "Interface name not provided")
	}
	t, err := d.interfaceTraffic(nic)
	if err != nil {
		return nil, virerr.New(virerr.FromNone, virerr.InternalError, "/proc/net/dev: Interface not found")
	}
	return &remote.DomainInterfaceStatsRet{
		RxBytes: t.RxBytes, RxPackets: t.RxPackets, RxErrs: t.RxErrors, RxDrop: t.RxDropped,
		TxBytes: t.TxBytes, TxPackets: t.TxPackets, TxErrs: t.TxErrors, TxDrop: t.TxDropped,
	}, nil
}

func (d *Driver) interfaceAddresses(c *dispatch.Call, a *remote.DomainInterfaceAddressesArgs) (*remote.DomainInterfaceAddressesRet, error) {
	if err := checkFlags(c, a.Flags, 0); err != nil {
		return nil, err
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	switch a.Source {
	case virtype.DomainInterfaceAddressesSrcLease:
		return leasedAddresses(o)
	case virtype.DomainInterfaceAddressesSrcAgent:
		return nil, d.noAgent(c, a.Dom, false)
	case virtype.DomainInterfaceAddressesSrcArp:
		return arpAddresses(o)
	}
	return nil, errUnsupportedArgument("Unknown IP address data source %d", a.Source)
}

// leasedAddresses are those that libvirt's own networks gave out; interfaces of other types have none.
func leasedAddresses(o *domain.Object) (*remote.DomainInterfaceAddressesRet, error) {
	for _, nic := range o.Def.Devices.Interfaces {
		if nic.Type == "network" {
			return nil, errUnsupportedOperation("no network driver is active")
		}
	}
	return &remote.DomainInterfaceAddressesRet{}, nil
}

// arpAddresses looks the guest's addresses up in the host's table of neighbours.
func arpAddresses(o *domain.Object) (*remote.DomainInterfaceAddressesRet, error) {
	r := &remote.DomainInterfaceAddressesRet{}
	neighbours, err := readARP("/proc/net/arp")
	if err != nil {
		return nil, errSystem(err, "cannot read %s", "/proc/net/arp")
	}
	for _, nic := range o.Def.Devices.Interfaces {
		addresses := neighbours[strings.ToLower(nic.MAC)]
		if len(addresses) == 0 {
			continue
		}
		mac := nic.MAC
		found := remote.DomainInterface{Name: nic.Target, Hwaddr: &mac}
		for _, address := range addresses {
			found.Addrs = append(found.Addrs, remote.DomainIPAddr{Addr: address})
		}
		r.Ifaces = append(r.Ifaces, found)
	}
	return r, nil
}

// readARP gives the addresses by MAC address.
func readARP(path string) (map[string][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found := map[string][]string{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		const address, mac, columns = 0, 3, 6
		f := strings.Fields(lines.Text())
		if len(f) == columns && net.ParseIP(f[address]) != nil {
			found[f[mac]] = append(found[f[mac]], f[address])
		}
	}
	return found, lines.Err()
}
