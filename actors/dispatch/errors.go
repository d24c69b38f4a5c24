package dispatch

import (
	"strings"

	"virtree.dev/protocol/program"
	"virtree.dev/protocol/virerr"
)

// apiDomains are the parts of libvirt's library by the name of the function,
// or by its beginning; the first that suits counts. Each part raises errors in
// its own name.
var apiDomains = []struct {
	prefix string
	domain virerr.Domain
}{
	{"virDomainSnapshot", virerr.FromDomainSnapshot},
	{"virDomainListAllSnapshots", virerr.FromDomainSnapshot},
	{"virDomainHasCurrentSnapshot", virerr.FromDomainSnapshot},
	{"virDomainRevertToSnapshot", virerr.FromDomainSnapshot},
	{"virDomainCheckpoint", virerr.FromDomainCheckpoint},
	{"virDomainListAllCheckpoints", virerr.FromDomainCheckpoint},
	{"virDomainQemu", virerr.FromNone},
	{"virDomainLxc", virerr.FromNone},
	{"virConnectDomainQemu", virerr.FromNone},
	{"virConnectOpen", virerr.FromNone},
	{"virConnectClose", virerr.FromNone},
	{"virDomain", virerr.FromDomain},
	{"virNetwork", virerr.FromNetwork},
	{"virStorage", virerr.FromStorage},
	{"virNodeDevice", virerr.FromNodeDev},
	{"virSecret", virerr.FromSecret},
	{"virNWFilter", virerr.FromNWFilter},
	{"virInterface", virerr.FromInterface},
	{"virStream", virerr.FromStreams},
}

// ownerDomains are for the functions of a connection and of the host, whose
// names begin alike.
var ownerDomains = map[program.Owner]virerr.Domain{
	program.Server: virerr.FromDomain, program.Hypervisor: virerr.FromDomain,
	program.Network: virerr.FromNetwork, program.Storage: virerr.FromStorage,
	program.NodeDevice: virerr.FromNodeDev, program.Secret: virerr.FromSecret,
	program.NWFilter: virerr.FromNWFilter, program.Interface: virerr.FromInterface,
}

// errorDomain is the part of libvirt's library that a procedure's function is in.
func errorDomain(p *program.Procedure) virerr.Domain {
	for _, d := range apiDomains {
		if strings.HasPrefix(p.API, d.prefix) {
			return d.domain
		}
	}
	return ownerDomains[p.Owner]
}

// Unsupported is what libvirt's library says for a driver without the function.
func Unsupported(p *program.Procedure) *virerr.Error {
	api := p.API
	if api == "" {
		api = p.Name
	}
	return virerr.New(errorDomain(p), virerr.NoSupport, "%s", api)
}

// rpcError is an error of the RPC itself.
func rpcError(format string, args ...any) *virerr.Error {
	return virerr.New(virerr.FromRPC, virerr.RPC, format, args...)
}
