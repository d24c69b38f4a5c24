package qemu

import (
	"strings"

	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// facts are what only QEMU knows of a machine: threads, terminals, who listens, which devices there are.
type facts struct {
	cpus     []cpuFast
	chardevs []chardev
	devices  []qomProperty
}

// devicesFolder is where QEMU keeps the devices that have a name.
var devicesFolder = map[string]string{"path": "/machine/peripheral"}

// fill tells them to a status.
func (f *facts) fill(s *domstatus.Status) {
	s.VCPUs = nil
	for _, c := range f.cpus {
		s.VCPUs = append(s.VCPUs, domstatus.VCPU{ID: uint(c.Index), PID: c.Thread})
	}
	s.Devices = nil
	for _, d := range f.devices {
		if strings.HasPrefix(d.Type, "child<") {
			s.Devices = append(s.Devices, d.Name)
		}
	}
	nameTerminals(s.Domain, f.chardevs)
}

// nameTerminals tells the document which terminal each character device got, and whether
// somebody in the guest has a channel open.
func nameTerminals(d *xml.Domain, devices []chardev) {
	known := map[string]chardev{}
	for _, dev := range devices {
		known[strings.TrimPrefix(dev.Label, "char")] = dev
	}
	v := &d.Devices
	for _, list := range []*[]*xml.Chardev{&v.Serials, &v.Parallels, &v.Channels, &v.Consoles} {
		*list = replace(*list, func(c *xml.Chardev) bool { return known[c.Alias].Label != "" }, func(c *xml.Chardev) {
			dev := known[c.Alias]
			if path, ok := strings.CutPrefix(dev.Filename, "pty:"); ok && c.Source.Type == "pty" {
				c.Source.Path = path
			}
			if c.Kind == "channel" && c.TargetType == "virtio" {
				c.State = channelState(dev.FrontendOpen)
			}
		})
	}
}

func channelState(open bool) string {
	if open {
		return "connected"
	}
	return "disconnected"
}
