package roster

import (
	"context"
	"os"
	"slices"

	"virtree.dev/actors/auth"
	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/rpc"
	"virtree.dev/apps/internal/daemon"
	"virtree.dev/config/saslconf"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/freeze"
	"virtree.dev/supervisor/gen"
)

// reloader is a driver that has something to look up again on SIGHUP.
type reloader interface{ Reload() }

// Service makes the service of a daemon that holds drivers.
func Service(entries ...Entry) func(daemon.Host) (daemon.Service, error) {
	return func(h daemon.Host) (daemon.Service, error) {
		s := &service{bus: events.NewBus(h.System, "events")}
		for _, entry := range entries {
			d, err := entry(Host{System: h.System, Dirs: h.Dirs, Bus: s.bus, Log: h.Log, UUID: h.UUID, Audit: h.Audit})
			if err != nil {
				s.Close()
				return nil, err
			}
			s.drivers = append(s.drivers, d)
		}
		drivers := make(driver.Roster, len(s.drivers))
		for i, d := range s.drivers {
			drivers[i] = d
		}
		s.Service = connection.New(drivers, s.bus)
		if h.Dirs.Privileged {
			s.Trust(auth.NewPolkit())
		}
		s.Negotiate(door(h))
		return s, nil
	}
}

// door is where clients come in by SASL.
func door(h daemon.Host) *auth.SASL {
	c := h.Settings.Daemon()
	d := auth.NewSASL(saslconf.NewSource(h.Dirs.Config, os.Getenv), auth.Rules{
		Allowed: c.SASLAllowedUsernames, Limited: c.SASLAllowedUsernames != nil, MinSSF: int(c.TCPMinSSF),
	}, h.Log.Logger("rpc.netsaslcontext"))
	if c.DemandsSASL() {
		d.Check()
	}
	return d
}

// service is a daemon's drivers, and the connections that clients open to them.
type service struct {
	*connection.Service
	bus     *events.Bus
	drivers []Driver
}

// Children are the bus of events, then the drivers.
func (s *service) Children() []gen.Child {
	var children []gen.Child
	for _, d := range s.drivers {
		children = append(children, d.Child())
	}
	return []gen.Child{s.bus.Child(), act.Supervisor{Type: act.OneForOne, Children: children}.Child("drivers", gen.Permanent)}
}

// Sessions are the connections.
func (s *service) Sessions() rpc.Sessions { return s.Service }

// Tables are those of the connections and of the drivers.
func (s *service) Tables() []*dispatch.Table { return s.Service.Tables() }

// Freeze waits until the events that were are delivered.
func (s *service) Freeze(ctx context.Context, _ *freeze.Box) (resume func(), err error) {
	return func() {}, s.Flush(ctx)
}

// Busy says whether a driver is.
func (s *service) Busy() bool { return slices.ContainsFunc(s.drivers, Driver.Busy) }

// Reload lets the drivers look again.
func (s *service) Reload() {
	for _, d := range s.drivers {
		if r, ok := d.(reloader); ok {
			r.Reload()
		}
	}
}

// Close ends what is no process.
func (s *service) Close() {
	if s.Service != nil {
		s.Service.Close()
	}
	for _, d := range s.drivers {
		d.Close()
	}
}
