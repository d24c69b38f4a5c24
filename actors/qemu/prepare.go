package qemu

import (
	"slices"

	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
)

// Names of the ranges of ports in messages.
const (
	displayRange   = "display"
	websocketRange = "webSocket"
)

// reserve takes what the machine needs of the host for itself: ports. What it
// took until an error is given back by release.
func (d *Driver) reservePorts(def *xml.Domain) error {
	for i, g := range def.Devices.Graphics {
		fresh := *g
		def.Devices.Graphics[i] = &fresh
		if err := d.reserveDisplay(&fresh); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) reserveDisplay(g *xml.Graphics) (err error) {
	if !listens(g) {
		return nil
	}
	switch g.Type {
	case "spice":
		return d.reserveSpice(g)
	case "vnc":
		return d.reserveVNC(g)
	}
	return nil
}

// reserveSpice takes a port each for what goes with TLS and without, as the channels want.
func (d *Driver) reserveSpice(g *xml.Graphics) (err error) {
	plain, secure := g.Port == -1, g.TLSPort == -1
	if g.AutoPort {
		modes := []string{g.Spice.DefaultMode}
		for _, mode := range g.Spice.Channels {
			modes = append(modes, mode)
		}
		plain = plain || slices.Contains(modes, "insecure")
		secure = secure || slices.Contains(modes, "secure")
		if modes[0] == "" || modes[0] == "any" {
			plain, secure = true, secure || d.config.Spice.TLS.Enabled
		}
	}
	if secure && !d.config.Spice.TLS.Enabled {
		return errUnsupportedConfig("Auto allocation of spice TLS port requested but spice TLS is disabled in qemu.conf")
	}
	for _, p := range []struct {
		wanted bool
		port   *int
	}{{plain, &g.Port}, {secure, &g.TLSPort}} {
		if !p.wanted {
			d.ports.adopt(*p.port)
			continue
		}
		if *p.port, err = d.ports.acquire(d.ports.displays, displayRange); err != nil {
			return err
		}
	}
	return nil
}

func (d *Driver) reserveVNC(g *xml.Graphics) (err error) {
	if g.AutoPort || g.Port == 0 {
		if g.Port, err = d.ports.acquire(d.ports.displays, displayRange); err != nil {
			return err
		}
	} else {
		d.ports.adopt(g.Port)
	}
	if g.WebSocket == -1 {
		g.WebSocketGenerated = true
		g.WebSocket, err = d.ports.acquire(d.ports.websockets, websocketRange)
	}
	return err
}

// listens says whether a display has an address, and not only a socket or nothing.
func listens(g *xml.Graphics) bool {
	return len(g.Listens) == 0 || g.Listens[0].Type == "address" || g.Listens[0].Type == "network"
}

// release gives back what the machine had of the host.
func (d *Driver) release(s *domstatus.Status) { d.releasePorts(s.Domain) }

func (d *Driver) releasePorts(def *xml.Domain) {
	for _, g := range def.Devices.Graphics {
		d.ports.release(g.Port)
		d.ports.release(g.TLSPort)
		d.ports.release(g.WebSocket)
	}
}

// adopt notes what a machine of a former daemon has of the host.
func (d *Driver) adopt(s *domstatus.Status) {
	for _, g := range s.Domain.Devices.Graphics {
		if listens(g) {
			d.ports.adopt(g.Port)
			d.ports.adopt(g.TLSPort)
			d.ports.adopt(g.WebSocket)
		}
	}
}

// nvramPath is the file of the firmware's variables, where there is one on this host.
func nvramPath(def *xml.Domain) string {
	if def == nil || def.OS.Loader == nil || def.OS.Loader.NVRAM == nil {
		return ""
	}
	nvram := def.OS.Loader.NVRAM
	switch {
	case nvram.Source == nil:
		return nvram.Path
	case local(nvram.Source):
		return nvram.Source.Path
	}
	return ""
}
