package admin

import (
	"os/user"
	"strconv"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

func nonnullClient(server *rpc.Server, c rpc.ClientInfo) adminprog.NonnullClient {
	return adminprog.NonnullClient{
		Srv: adminprog.NonnullServer{Name: server.Name()},
		ID:  c.ID, Timestamp: c.Since.Unix(), Transport: uint32(c.Transport),
	}
}

func noClient(id uint64) error {
	return virerr.New(virerr.FromRPC, virerr.NoClient, "No client with matching ID '%d'", id)
}

func (s *Service) listClients(_ *dispatch.Call, a *adminprog.ServerListClientsArgs) (*adminprog.ServerListClientsRet, error) {
	server, err := s.server(a.Srv.Name)
	if err != nil {
		return nil, err
	}
	if err := checkFlags("adminServerListClients", a.Flags); err != nil {
		return nil, err
	}
	list := server.Clients()
	if len(list) > adminprog.ClientListMax {
		return nil, virerr.New(virerr.FromAdmin, virerr.InternalError, "Too many clients '%d' for limit '%d'", len(list), adminprog.ClientListMax)
	}
	ret := &adminprog.ServerListClientsRet{Ret: uint32(len(list))}
	if a.NeedResults == 0 {
		return ret, nil
	}
	for _, c := range list {
		ret.Clients = append(ret.Clients, nonnullClient(server, c))
	}
	return ret, nil
}

func (s *Service) lookupClient(_ *dispatch.Call, a *adminprog.ServerLookupClientArgs) (*adminprog.ServerLookupClientRet, error) {
	server, err := s.server(a.Srv.Name)
	if err != nil {
		return nil, err
	}
	if err := checkFlags("adminServerLookupClient", a.Flags); err != nil {
		return nil, err
	}
	c, found := server.Client(a.ID)
	if !found {
		return nil, noClient(a.ID)
	}
	return &adminprog.ServerLookupClientRet{Clnt: nonnullClient(server, c)}, nil
}

func (s *Service) clientInfo(_ *dispatch.Call, a *adminprog.ClientGetInfoArgs) (*adminprog.ClientGetInfoRet, error) {
	server, err := s.serverFor(a.Clnt.Srv.Name)
	if err != nil {
		return nil, err
	}
	c, found := server.Client(a.Clnt.ID)
	if !found {
		return nil, virerr.New(virerr.FromAdmin, virerr.NoClient, "no client with matching id '%d' found", a.Clnt.ID)
	}
	if err := checkFlags("adminClientGetInfo", a.Flags); err != nil {
		return nil, err
	}
	return &adminprog.ClientGetInfoRet{Params: wireParams(describe(c))}, nil
}

// describe tells what is known of a client, in libvirt's order. Those of a
// UNIX socket have a user and a process, others an address and a certificate.
func describe(c rpc.ClientInfo) (p virtype.Params) {
	who := c.Identity
	text := func(field, v string) {
		if v != "" {
			p.String(field, v)
		}
	}
	number := func(field string, v int) {
		if v >= 0 {
			p.Int(field, int32(v))
		}
	}
	p.Boolean("readonly", c.ReadOnly)
	text("sasl_user_name", who.SASLUser)
	if c.Transport == rpc.UNIX {
		number("unix_user_id", who.UID)
		text("unix_user_name", userName(who))
		number("unix_group_id", who.GID)
		text("unix_group_name", groupName(who))
		number("unix_process_id", who.PID)
	} else {
		text("sock_addr", c.Address)
		text("tls_x509_dname", who.X509)
	}
	text("selinux_context", who.SELinux)
	return p
}

// userName is what a proxy said, or else what the host knows the user as.
func userName(who dispatch.Identity) string {
	if who.User != "" || who.UID < 0 {
		return who.User
	}
	if u, err := user.LookupId(strconv.Itoa(who.UID)); err == nil {
		return u.Username
	}
	return ""
}

func groupName(who dispatch.Identity) string {
	if who.Group != "" || who.GID < 0 {
		return who.Group
	}
	if g, err := user.LookupGroupId(strconv.Itoa(who.GID)); err == nil {
		return g.Name
	}
	return ""
}

func (s *Service) closeClient(_ *dispatch.Call, a *adminprog.ClientCloseArgs) (*dispatch.Void, error) {
	server, err := s.server(a.Clnt.Srv.Name)
	if err != nil {
		return nil, err
	}
	if _, found := server.Client(a.Clnt.ID); !found {
		return nil, noClient(a.Clnt.ID)
	}
	if err := checkFlags("adminClientClose", a.Flags); err != nil {
		return nil, err
	}
	server.Disconnect(a.Clnt.ID)
	return nil, nil
}
