package admin

import (
	"sync"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
)

// Daemon is what the admin API steers beside servers and log.
type Daemon interface {
	// SetTimeout ends the daemon when it has had nothing to do for so many
	// seconds; 0: it stays.
	SetTimeout(seconds uint32)
	// Quit ends the daemon as a signal does.
	Quit()
}

// Options say what a Service steers.
type Options struct {
	Version uint64 // of the library, as clients read it
	Log     *logging.Log
	Daemon  Daemon
}

// Service has the handlers of the admin program.
type Service struct {
	Options

	mu      sync.Mutex
	servers map[string]*rpc.Server
}

// New makes a service that knows no servers yet.
func New(o Options) *Service { return &Service{Options: o, servers: map[string]*rpc.Server{}} }

// Add lets clients see a server, the admin server itself included.
func (s *Service) Add(server *rpc.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers[server.Name()] = server
}

// Tables are the handlers.
func (s *Service) Tables() []*dispatch.Table {
	t := dispatch.NewTable(&adminprog.Program)
	dispatch.Handle(t, adminprog.ProcConnectOpen, dispatch.Worker, s.open)
	dispatch.Handle(t, adminprog.ProcConnectClose, dispatch.Worker, s.close)
	dispatch.Handle(t, adminprog.ProcConnectGetLibVersion, dispatch.Worker, s.libVersion)
	dispatch.Handle(t, adminprog.ProcConnectListServers, dispatch.Worker, s.listServers)
	dispatch.Handle(t, adminprog.ProcConnectLookupServer, dispatch.Worker, s.lookupServer)
	dispatch.Handle(t, adminprog.ProcServerGetThreadpoolParameters, dispatch.Worker, s.threadpool)
	dispatch.Handle(t, adminprog.ProcServerSetThreadpoolParameters, dispatch.Worker, s.setThreadpool)
	dispatch.Handle(t, adminprog.ProcServerListClients, dispatch.Worker, s.listClients)
	dispatch.Handle(t, adminprog.ProcServerLookupClient, dispatch.Worker, s.lookupClient)
	dispatch.Handle(t, adminprog.ProcClientGetInfo, dispatch.Worker, s.clientInfo)
	dispatch.Handle(t, adminprog.ProcClientClose, dispatch.Worker, s.closeClient)
	dispatch.Handle(t, adminprog.ProcServerGetClientLimits, dispatch.Worker, s.clientLimits)
	dispatch.Handle(t, adminprog.ProcServerSetClientLimits, dispatch.Worker, s.setClientLimits)
	dispatch.Handle(t, adminprog.ProcConnectGetLoggingOutputs, dispatch.Worker, s.outputs)
	dispatch.Handle(t, adminprog.ProcConnectGetLoggingFilters, dispatch.Worker, s.filters)
	dispatch.Handle(t, adminprog.ProcConnectSetLoggingOutputs, dispatch.Worker, s.setOutputs)
	dispatch.Handle(t, adminprog.ProcConnectSetLoggingFilters, dispatch.Worker, s.setFilters)
	dispatch.Handle(t, adminprog.ProcServerUpdateTLSFiles, dispatch.Worker, s.updateTLS)
	dispatch.Handle(t, adminprog.ProcConnectSetDaemonTimeout, dispatch.Worker, s.setTimeout)
	dispatch.Handle(t, adminprog.ProcConnectDaemonShutdown, dispatch.Worker, s.shutdown)
	return []*dispatch.Table{t}
}

// checkFlags refuses all flags, in the name of the function that libvirt checks them in.
func checkFlags(function string, flags uint32) error {
	if flags == 0 {
		return nil
	}
	return virerr.Argument(virerr.FromAdmin, function, "flags", "unsupported flags (0x%x) in function %s", flags, function)
}

func (s *Service) open(_ *dispatch.Call, a *adminprog.ConnectOpenArgs) (*dispatch.Void, error) {
	return nil, checkFlags("adminDispatchConnectOpen", a.Flags)
}

func (s *Service) close(c *dispatch.Call, _ *dispatch.Void) (*dispatch.Void, error) {
	c.Session.Peer.CloseAfterReply()
	return nil, nil
}

func (s *Service) libVersion(*dispatch.Call, *dispatch.Void) (*adminprog.ConnectGetLibVersionRet, error) {
	return &adminprog.ConnectGetLibVersionRet{LibVer: s.Version}, nil
}
