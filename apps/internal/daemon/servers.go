package daemon

import (
	"slices"
	"time"

	"virtree.dev/actors/admin"
	"virtree.dev/actors/auth"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/apps/internal/release"
	"virtree.dev/config/daemonconf"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// adminName is what clients of the admin API call its own server.
const adminName = "admin"

// serversChild has both servers, of which neither goes down with the other. The
// admin server opens last: after a replacement it must not show the other one
// before that has its clients and limits again.
func (s *setup) serversChild(t *tree) gen.Child {
	return act.Supervisor{Type: act.OneForOne, Children: []gen.Child{
		t.server.Child(s.box.Take(t.server.ClientsName()), t.listeners.main...),
		t.admin.Child(s.box.Take(t.admin.ClientsName()), t.listeners.admin...),
	}}.Child("servers", gen.Permanent)
}

func (s *setup) newServer(service Service) *rpc.Server {
	return rpc.New(rpc.Options{
		Name:       s.spec.Name,
		Dispatcher: dispatch.New(service.Tables()...),
		Sessions:   service.Sessions(),
		Access:     s.access(),
		Limits:     serverLimits(s.config),
		OwnerOnly:  s.spec.OwnerOnly,
		Log:        s.log.Logger("rpc.server"),
		Errors:     s.log.Logger("util.error"),
	})
}

// access is what decides on single calls, nil where nothing does.
func (s *setup) access() dispatch.Access {
	if !slices.Contains(s.config.AccessDrivers, accessPolkit) {
		return nil
	}
	return auth.NewAccess(s.log.Logger("access.accessdriverpolkit"))
}

// newAdmin makes the server that shows and changes both servers and the log.
func (s *setup) newAdmin(t *tree) *rpc.Server {
	service := admin.New(admin.Options{Version: release.Number, Log: s.log, Daemon: t})
	server := rpc.New(rpc.Options{
		Name:       adminName,
		Dispatcher: dispatch.New(service.Tables()...),
		Sessions:   service,
		Limits:     adminLimits(s.config),
		OwnerOnly:  true,
		Threads:    1,
		Log:        s.log.Logger("rpc.server"),
		Errors:     s.log.Logger("util.error"),
	})
	service.Add(t.server)
	service.Add(server)
	return server
}

func serverLimits(c *daemonconf.Config) rpc.Limits {
	l := limitsOf(&c.Server)
	l.Priority, l.MaxAnonymousClients = int(c.PrioWorkers), int(c.MaxAnonymousClients)
	return l
}

func adminLimits(c *daemonconf.Config) rpc.Limits {
	l := limitsOf(&c.Admin)
	l.MaxAnonymousClients = int(c.AdminMaxAnonymousClients)
	return l
}

func limitsOf(l *daemonconf.Limits) rpc.Limits {
	return rpc.Limits{
		Limits:            act.Limits{Min: int(l.MinWorkers), Max: int(l.MaxWorkers)},
		MaxClients:        int(l.MaxClients),
		MaxClientRequests: int(l.MaxClientRequests),
		KeepaliveInterval: time.Duration(l.KeepaliveInterval) * time.Second,
		KeepaliveCount:    int(l.KeepaliveCount),
	}
}
