package admin

import (
	"maps"
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
)

// server finds a server by name.
func (s *Service) server(name string) (*rpc.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.servers[name]; found != nil {
		return found, nil
	}
	return nil, virerr.New(virerr.FromRPC, virerr.NoServer, "No server named '%s'", name)
}

// serverFor is server for those functions that find their own words.
func (s *Service) serverFor(name string) (*rpc.Server, error) {
	found, err := s.server(name)
	if err != nil {
		return nil, virerr.New(virerr.FromAdmin, virerr.NoServer, "no server with matching name '%s' found", name)
	}
	return found, nil
}

func (s *Service) listServers(_ *dispatch.Call, a *adminprog.ConnectListServersArgs) (*adminprog.ConnectListServersRet, error) {
	if err := checkFlags("adminConnectListServers", a.Flags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	names := slices.Sorted(maps.Keys(s.servers))
	s.mu.Unlock()
	ret := &adminprog.ConnectListServersRet{Ret: uint32(len(names))}
	if a.NeedResults == 0 {
		return ret, nil
	}
	for _, name := range names {
		ret.Servers = append(ret.Servers, adminprog.NonnullServer{Name: name})
	}
	return ret, nil
}

// lookupServer takes any flags, as libvirt does.
func (s *Service) lookupServer(_ *dispatch.Call, a *adminprog.ConnectLookupServerArgs) (*adminprog.ConnectLookupServerRet, error) {
	found, err := s.server(a.Name)
	if err != nil {
		return nil, err
	}
	return &adminprog.ConnectLookupServerRet{Srv: adminprog.NonnullServer{Name: found.Name()}}, nil
}

// updateTLS reads the certificates again; those that cannot be used change nothing.
func (s *Service) updateTLS(_ *dispatch.Call, a *adminprog.ServerUpdateTLSFilesArgs) (*dispatch.Void, error) {
	found, err := s.server(a.Srv.Name)
	if err != nil {
		return nil, err
	}
	if err := checkFlags("adminServerUpdateTlsFiles", a.Flags); err != nil {
		return nil, err
	}
	none, err := found.UpdateTLS()
	switch {
	case err != nil:
		return nil, virerr.New(virerr.FromRPC, virerr.SystemError, "%v", err)
	case none:
		return nil, virerr.New(virerr.FromRPC, virerr.InternalError, "no tls service found, unable to update tls files")
	}
	return nil, nil
}
