package wire

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

// steering calls procedures of the admin program, one after the other.
func steering(calls ...any) func(s *script) {
	return func(s *script) {
		s.Program = &adminprog.Program
		for i := 0; i < len(calls); i += 2 {
			args, _ := calls[i+1].(xdr.Value)
			s.call(int32(calls[i].(int)), args)
		}
		s.alive()
	}
}

func srv(name string) adminprog.NonnullServer { return adminprog.NonnullServer{Name: name} }

func clnt(server string, id uint64) adminprog.NonnullClient {
	return adminprog.NonnullClient{Srv: srv(server), ID: id}
}

func uintParam(name string, n uint32) adminprog.TypedParam {
	return adminprog.TypedParam{Field: name, Value: adminprog.TypedParamValue{Type: virtype.TypedParamUint, Ui: n}}
}

func workersOf(server string, flags uint32, params ...adminprog.TypedParam) *adminprog.ServerSetThreadpoolParametersArgs {
	return &adminprog.ServerSetThreadpoolParametersArgs{Srv: srv(server), Params: params, Flags: flags}
}

func limitsOf(server string, flags uint32, params ...adminprog.TypedParam) *adminprog.ServerSetClientLimitsArgs {
	return &adminprog.ServerSetClientLimitsArgs{Srv: srv(server), Params: params, Flags: flags}
}

const (
	getPool, setPool     = adminprog.ProcServerGetThreadpoolParameters, adminprog.ProcServerSetThreadpoolParameters
	getLimits, setLimits = adminprog.ProcServerGetClientLimits, adminprog.ProcServerSetClientLimits
	setOutputs           = adminprog.ProcConnectSetLoggingOutputs
	setFilters           = adminprog.ProcConnectSetLoggingFilters
)

func outputs(text string) xdr.Value {
	return &adminprog.ConnectSetLoggingOutputsArgs{Outputs: &text}
}
func filters(text string) xdr.Value {
	return &adminprog.ConnectSetLoggingFiltersArgs{Filters: &text}
}

// steered are the calls of an admin, well and badly made. What is changed is changed back.
var steered = []exchange{
	{name: "before open", run: steering(adminprog.ProcConnectLookupServer, &adminprog.ConnectLookupServerArgs{Name: "libvirtd", Flags: 7})},
	{name: "open", run: steering(adminprog.ProcConnectOpen, &adminprog.ConnectOpenArgs{}, adminprog.ProcConnectOpen, &adminprog.ConnectOpenArgs{},
		adminprog.ProcConnectOpen, &adminprog.ConnectOpenArgs{Flags: 1})},
	{name: "close", run: func(s *script) {
		s.Program = &adminprog.Program
		s.call(adminprog.ProcConnectClose, nil)
		s.end()
	}},
	{name: "version", run: steering(adminprog.ProcConnectGetLibVersion, nil), differs: "the version is ours"},
	{name: "unknown procedures", run: steering(21, nil, 0, nil, -1, nil)},
	{name: "garbage", run: func(s *script) {
		s.Program = &adminprog.Program
		s.SendRaw(s.Header(adminprog.ProcConnectLookupServer), words(9))
		s.hear(1)
		s.alive()
	}},
	{name: "servers", run: steering(
		adminprog.ProcConnectListServers, &adminprog.ConnectListServersArgs{},
		adminprog.ProcConnectListServers, &adminprog.ConnectListServersArgs{Flags: 5},
		adminprog.ProcConnectLookupServer, &adminprog.ConnectLookupServerArgs{Name: "nope"},
		adminprog.ProcConnectLookupServer, &adminprog.ConnectLookupServerArgs{},
		adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: srv("nope"), Flags: 1},
		adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: srv("admin"), Flags: 1},
		adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: srv("libvirtd")})},
	{name: "workers", run: steering(
		getPool, &adminprog.ServerGetThreadpoolParametersArgs{Srv: srv("libvirtd")},
		getPool, &adminprog.ServerGetThreadpoolParametersArgs{Srv: srv("admin")},
		getPool, &adminprog.ServerGetThreadpoolParametersArgs{Srv: srv("nope")},
		getPool, &adminprog.ServerGetThreadpoolParametersArgs{Srv: srv("libvirtd"), Flags: 1})},
	{name: "workers set", run: steering(
		setPool, workersOf("libvirtd", 0, uintParam("minWorkers", 7), uintParam("maxWorkers", 21)),
		getPool, &adminprog.ServerGetThreadpoolParametersArgs{Srv: srv("libvirtd")},
		setPool, workersOf("libvirtd", 0),
		setPool, workersOf("nope", 1, uintParam("minWorkers", 7)),
		setPool, workersOf("libvirtd", 1, uintParam("minWorkers", 22)),
		setPool, workersOf("libvirtd", 0, uintParam("minWorkers", 22)),
		setPool, workersOf("libvirtd", 0, uintParam("minWorkers", 0), uintParam("maxWorkers", 0)),
		setPool, workersOf("libvirtd", 0, uintParam("nWorkers", 2)),
		setPool, workersOf("libvirtd", 0, uintParam("maxWorkers", 9), uintParam("maxWorkers", 9)),
		setPool, workersOf("libvirtd", 0, adminprog.TypedParam{Field: "maxWorkers", Value: adminprog.TypedParamValue{Type: virtype.TypedParamInt}}),
		setPool, workersOf("libvirtd", 0, uintParam("zzz", 9), uintParam("aaa", 9)),
		setPool, workersOf("libvirtd", 0, uintParam(strings.Repeat("x", 80), 9)),
		setPool, workersOf("libvirtd", 0, uintParam("minWorkers", 5), uintParam("maxWorkers", 20), uintParam("prioWorkers", 5)))},
	{name: "clients", run: steering(
		adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: srv("nope")},
		adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: srv("libvirtd"), Flags: 2},
		adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: srv("nope"), ID: 4711},
		adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: srv("libvirtd"), ID: 4711},
		adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: srv("libvirtd"), ID: 4711, Flags: 2},
		adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: clnt("nope", 4711)},
		adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: clnt("libvirtd", 4711), Flags: 1},
		adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: clnt("nope", 4711)},
		adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: clnt("libvirtd", 4711), Flags: 1})},
	{name: "limits", run: steering(
		setLimits, limitsOf("libvirtd", 0, uintParam("nclients_max", 40), uintParam("nclients_unauth_max", 40)),
		setLimits, limitsOf("libvirtd", 0, uintParam("nclients_max", 39)),
		setLimits, limitsOf("libvirtd", 0, uintParam("nclients_unauth_max", 41)),
		setLimits, limitsOf("libvirtd", 0, uintParam("nclients", 4)),
		setLimits, limitsOf("libvirtd", 3, uintParam("nclients", 4)),
		setLimits, limitsOf("nope", 3, uintParam("nclients", 4)),
		getLimits, &adminprog.ServerGetClientLimitsArgs{Srv: srv("nope")},
		getLimits, &adminprog.ServerGetClientLimitsArgs{Srv: srv("admin"), Flags: 8},
		setLimits, limitsOf("libvirtd", 0, uintParam("nclients_max", 5000), uintParam("nclients_unauth_max", 20)))},
	{name: "log", run: steering(
		setOutputs, outputs("bad"), setOutputs, outputs("0:stderr"), setOutputs, outputs("1:nowhere:x"), setOutputs, outputs("1:file:/nonexistent/x"),
		setOutputs, outputs("1:syslog"), setOutputs, outputs("3:stderr 4:stderr 4:syslog:x"),
		adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{},
		adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{Flags: 1},
		setOutputs, &adminprog.ConnectSetLoggingOutputsArgs{Flags: 1},
		setOutputs, &adminprog.ConnectSetLoggingOutputsArgs{},
		adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{},
		setFilters, filters("bad"), setFilters, filters("7:x"), setFilters, filters("1:"), setFilters, filters("1:+x 2:y"),
		adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{},
		adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{Flags: 1},
		setFilters, &adminprog.ConnectSetLoggingFiltersArgs{Flags: 1},
		setFilters, &adminprog.ConnectSetLoggingFiltersArgs{},
		adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{})},
	{name: "timeout", run: steering(
		adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Timeout: 1000},
		adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Flags: 1},
		adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{})},
}

func TestAdmin(t *testing.T) {
	compare(t, place{
		golden:  "admin.golden",
		options: peer.Options{System: os.Geteuid() == 0}, // nobody but its own user is let in
		socket:  (*peer.Daemon).AdminSocket,
		prepare: awaitAdmin,
	}, steered)
}

// awaitAdmin waits for the socket that is opened last.
func awaitAdmin(t *testing.T, d *peer.Daemon) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(d.AdminSocket()); err == nil {
			return
		}
	}
	t.Fatal("no admin socket:\n" + d.Log())
}

// describeAdmin writes what an admin is answered with.
func describeAdmin(f *wiretest.Frame) string {
	p := adminprog.Program.Procedure(f.Procedure)
	if p == nil || p.Ret == nil {
		return ""
	}
	ret := p.Ret()
	d := xdr.NewDecoder(f.Payload)
	if ret.DecodeXDR(d); d.End() != nil {
		return ""
	}
	var list []adminprog.TypedParam
	switch r := ret.(type) {
	case *adminprog.ServerGetThreadpoolParametersRet:
		list = r.Params
	case *adminprog.ServerGetClientLimitsRet:
		list = r.Params
	default:
		text, _ := json.Marshal(ret)
		return string(text)
	}
	var words []string
	for _, p := range list {
		text, _ := json.Marshal([]any{p.Field, p.Value.Type, p.Value.Ui})
		words = append(words, string(text))
	}
	return strings.Join(words, " ")
}
