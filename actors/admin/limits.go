package admin

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// The limits of a server's clients. The other two are counts, and cannot be set.
const (
	clientsMax       = "nclients_max"
	clientsNow       = "nclients"
	clientsUnauthMax = "nclients_unauth_max"
	clientsUnauthNow = "nclients_unauth"
)

func (s *Service) clientLimits(_ *dispatch.Call, a *adminprog.ServerGetClientLimitsArgs) (*adminprog.ServerGetClientLimitsRet, error) {
	server, err := s.server(a.Srv.Name)
	if err != nil {
		return nil, err
	}
	if err := checkFlags("adminServerGetClientLimits", a.Flags); err != nil {
		return nil, err
	}
	limits := server.Limits()
	all, strangers := server.NumClients()
	var p virtype.Params
	p.Uint(clientsMax, uint32(limits.MaxClients))
	p.Uint(clientsNow, uint32(all))
	p.Uint(clientsUnauthMax, uint32(limits.MaxAnonymousClients))
	p.Uint(clientsUnauthNow, uint32(strangers))
	return &adminprog.ServerGetClientLimitsRet{Params: wireParams(p)}, nil
}

func (s *Service) setClientLimits(_ *dispatch.Call, a *adminprog.ServerSetClientLimitsArgs) (*dispatch.Void, error) {
	server, values, err := s.change(a.Srv, "adminServerSetClientLimits", a.Flags, a.Params, clientsMax, clientsUnauthMax)
	if err != nil {
		return nil, err
	}
	return nil, server.ChangeLimits(func(l *rpc.Limits) error {
		replace(&l.MaxClients, values, clientsMax)
		replace(&l.MaxAnonymousClients, values, clientsUnauthMax)
		if l.MaxClients < l.MaxAnonymousClients {
			return virerr.New(virerr.FromRPC, virerr.InvalidArg,
				"The overall maximum number of clients waiting for authentication must not be less than the overall maximum number of clients")
		}
		return nil
	})
}
