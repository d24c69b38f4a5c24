package admin

import (
	"maps"
	"strings"
	"testing"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xdr"
)

// told is what a client is told of.
type told struct {
	code    virerr.Code
	from    virerr.Domain
	message string
}

func textParam(name string) adminprog.TypedParam {
	return adminprog.TypedParam{Field: name, Value: adminprog.TypedParamValue{Type: virtype.TypedParamString, S: "x"}}
}

// Every bad value is refused in libvirt's words, and changes nothing.
func TestBadLimitsChangeNothing(t *testing.T) {
	long := strings.Repeat("x", 80)
	const unsuited = "invalid argument: The overall maximum number of clients waiting for authentication must not be less than the overall maximum number of clients"
	both := []struct {
		params []adminprog.TypedParam
		want   told
	}{
		{[]adminprog.TypedParam{param("zzz", 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'zzz' not supported"}},
		{[]adminprog.TypedParam{param(long, 1)}, told{virerr.InternalError, virerr.FromNone, "internal error: parameter " + long + " too big for destination"}},
		{[]adminprog.TypedParam{param("b", 1), textParam("a")}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'a' not supported"}},
	}
	onlyClients := []struct {
		params []adminprog.TypedParam
		want   told
	}{
		{[]adminprog.TypedParam{param(clientsNow, 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'nclients' not supported"}},
		{[]adminprog.TypedParam{param(clientsUnauthNow, 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'nclients_unauth' not supported"}},
		{[]adminprog.TypedParam{textParam(clientsMax)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: invalid type 'string' for parameter 'nclients_max', expected 'uint'"}},
		{[]adminprog.TypedParam{param(clientsMax, 30), param(clientsMax, 31)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: parameter 'nclients_max' occurs multiple times"}},
		{[]adminprog.TypedParam{param(clientsMax, 19)}, told{virerr.InvalidArg, virerr.FromRPC, unsuited}},
		{[]adminprog.TypedParam{param(clientsUnauthMax, 201)}, told{virerr.InvalidArg, virerr.FromRPC, unsuited}},
		{[]adminprog.TypedParam{param(clientsMax, 300), param(clientsUnauthMax, 301)}, told{virerr.InvalidArg, virerr.FromRPC, unsuited}},
	}
	onlyWorkers := []struct {
		params []adminprog.TypedParam
		want   told
	}{
		{[]adminprog.TypedParam{param(workersNow, 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'nWorkers' not supported"}},
		{[]adminprog.TypedParam{param(workersFree, 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'freeWorkers' not supported"}},
		{[]adminprog.TypedParam{param(queueDepth, 1)}, told{virerr.ArgumentUnsupported, virerr.FromNone, "argument unsupported: parameter 'jobQueueDepth' not supported"}},
		{[]adminprog.TypedParam{textParam(workersPriority)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: invalid type 'string' for parameter 'prioWorkers', expected 'uint'"}},
		{[]adminprog.TypedParam{param(workersMin, 1), param(workersMin, 1)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: parameter 'minWorkers' occurs multiple times"}},
		{[]adminprog.TypedParam{param(workersMin, 4)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: minWorkers cannot be larger than maxWorkers"}},
		{[]adminprog.TypedParam{param(workersMax, 0)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: minWorkers cannot be larger than maxWorkers"}},
		{[]adminprog.TypedParam{param(workersMax, 0), param(workersMin, 0)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: maxWorkers must not be switched from zero to non-zero and vice versa"}},
		{[]adminprog.TypedParam{param(workersPriority, 7), param(workersMin, 9)}, told{virerr.InvalidArg, virerr.FromNone, "invalid argument: minWorkers cannot be larger than maxWorkers"}},
	}
	r := newRig(t, few)
	c := r.client()
	wereLimits, wereWorkers := limits(c, "main"), workers(c, "main")
	check := func(got *virerr.Error, params []adminprog.TypedParam, want told) {
		t.Helper()
		if got == nil || (told{got.Code, got.From, got.Message}) != want {
			t.Errorf("%+v: got %+v, want %+v", params, got, want)
		}
		if now := limits(c, "main"); !maps.Equal(now, wereLimits) {
			t.Errorf("%+v changed the limits from %v to %v", params, wereLimits, now)
		}
		if now := workers(c, "main"); !maps.Equal(now, wereWorkers) {
			t.Errorf("%+v changed the workers from %v to %v", params, wereWorkers, now)
		}
	}
	for _, x := range append(both, onlyClients...) {
		check(setLimits(c, x.params...), x.params, x.want)
	}
	for _, x := range append(both, onlyWorkers...) {
		check(setWorkers(c, x.params...), x.params, x.want)
	}
}

// What names no server, no client or no flag is told of by the part of libvirt that finds it.
func TestWhatIsNotThere(t *testing.T) {
	r := newRig(t, few)
	r.user()
	c := r.client()
	nobody, elsewhere := adminprog.NonnullClient{Srv: named("main"), ID: 99}, adminprog.NonnullClient{Srv: named("nope"), ID: 1}
	noServer := told{virerr.NoServer, virerr.FromRPC, "Server not found: No server named 'nope'"}
	ownNoServer := told{virerr.NoServer, virerr.FromAdmin, "Server not found: no server with matching name 'nope' found"}
	noClient := told{virerr.NoClient, virerr.FromRPC, "Client not found: No client with matching ID '99'"}
	flags := func(function string) told {
		return told{virerr.InvalidArg, virerr.FromAdmin, "unsupported flags (0x6) in function " + function}
	}
	first := adminprog.NonnullClient{Srv: named("main"), ID: 1}
	for _, x := range []struct {
		proc int32
		args xdr.Value
		want told
	}{
		{adminprog.ProcConnectOpen, &adminprog.ConnectOpenArgs{Flags: 6}, flags("adminDispatchConnectOpen")},
		{adminprog.ProcConnectListServers, &adminprog.ConnectListServersArgs{Flags: 6}, flags("adminConnectListServers")},
		{adminprog.ProcConnectLookupServer, &adminprog.ConnectLookupServerArgs{Name: "nope"}, noServer},
		{adminprog.ProcServerGetThreadpoolParameters, &adminprog.ServerGetThreadpoolParametersArgs{Srv: named("nope")}, noServer},
		{adminprog.ProcServerGetThreadpoolParameters, &adminprog.ServerGetThreadpoolParametersArgs{Srv: named("main"), Flags: 6}, flags("adminServerGetThreadPoolParameters")},
		{adminprog.ProcServerSetThreadpoolParameters, &adminprog.ServerSetThreadpoolParametersArgs{Srv: named("nope")}, ownNoServer},
		{adminprog.ProcServerSetThreadpoolParameters, &adminprog.ServerSetThreadpoolParametersArgs{Srv: named("main"), Flags: 6}, flags("adminServerSetThreadPoolParameters")},
		{adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: named("nope")}, noServer},
		{adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: named("main"), Flags: 6}, flags("adminServerListClients")},
		{adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: named("nope"), ID: 1}, noServer},
		{adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: named("main"), ID: 99}, noClient},
		{adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: named("main"), ID: 1, Flags: 6}, flags("adminServerLookupClient")},
		{adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: elsewhere}, ownNoServer},
		{adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: nobody}, told{virerr.NoClient, virerr.FromAdmin, "Client not found: no client with matching id '99' found"}},
		{adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: first, Flags: 6}, flags("adminClientGetInfo")},
		{adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: elsewhere}, noServer},
		{adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: nobody}, noClient},
		{adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: first, Flags: 6}, flags("adminClientClose")},
		{adminprog.ProcServerGetClientLimits, &adminprog.ServerGetClientLimitsArgs{Srv: named("nope")}, noServer},
		{adminprog.ProcServerGetClientLimits, &adminprog.ServerGetClientLimitsArgs{Srv: named("main"), Flags: 6}, flags("adminServerGetClientLimits")},
		{adminprog.ProcServerSetClientLimits, &adminprog.ServerSetClientLimitsArgs{Srv: named("nope")}, ownNoServer},
		{adminprog.ProcServerSetClientLimits, &adminprog.ServerSetClientLimitsArgs{Srv: named("main"), Flags: 6}, flags("adminServerSetClientLimits")},
		{adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{Flags: 6}, flags("adminConnectGetLoggingOutputs")},
		{adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{Flags: 6}, flags("adminConnectGetLoggingFilters")},
		{adminprog.ProcConnectSetLoggingOutputs, &adminprog.ConnectSetLoggingOutputsArgs{Flags: 6}, flags("adminConnectSetLoggingOutputs")},
		{adminprog.ProcConnectSetLoggingFilters, &adminprog.ConnectSetLoggingFiltersArgs{Flags: 6}, flags("adminConnectSetLoggingFilters")},
		{adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: named("nope")}, noServer},
		{adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: named("main"), Flags: 6}, flags("adminServerUpdateTlsFiles")},
		{adminprog.ProcServerUpdateTLSFiles, &adminprog.ServerUpdateTLSFilesArgs{Srv: named("main")}, told{virerr.InternalError, virerr.FromRPC, "internal error: no tls service found, unable to update tls files"}},
		{adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Timeout: 1, Flags: 6}, flags("adminConnectSetDaemonTimeout")},
		{adminprog.ProcConnectDaemonShutdown, &adminprog.ConnectDaemonShutdownArgs{Flags: 6}, flags("adminConnectDaemonShutdown")},
	} {
		got := c.Call(x.proc, x.args, nil)
		if got == nil || (told{got.Code, got.From, got.Message}) != x.want {
			t.Errorf("%s of %+v: got %+v, want %+v", adminprog.Program.Procedure(x.proc).Name, x.args, got, x.want)
		}
	}
	if len(r.main.Clients()) != 1 || len(r.timeout) != 0 {
		t.Error("something of it was done nevertheless")
	}
}

func TestBadLogSettingsChangeNothing(t *testing.T) {
	r := newRig(t, few)
	c := r.client()
	if err := r.log.SetFilters("1:rig"); err != nil {
		t.Fatal(err)
	}
	outputs, filters := r.log.Outputs(), r.log.Filters()
	set := func(proc int32, text string) *virerr.Error {
		if proc == adminprog.ProcConnectSetLoggingFilters {
			return c.Call(proc, &adminprog.ConnectSetLoggingFiltersArgs{Filters: &text}, nil)
		}
		return c.Call(proc, &adminprog.ConnectSetLoggingOutputsArgs{Outputs: &text}, nil)
	}
	for text, want := range map[string]string{
		"bad":                          "invalid argument: Malformed format for log output 'bad'",
		"9:stderr":                     "invalid argument: Invalid log priority '9' for log output '9:stderr'",
		"1:stderr 1:nowhere":           "invalid argument: Invalid log destination 'nowhere' for log output '1:nowhere'",
		"1:file":                       "invalid argument: Log output '1:file' does not meet the format requirements for destination type 'file'",
		"1:stderr:x":                   "invalid argument: Log output '1:stderr:x' does not meet the format requirements for destination type 'stderr'",
		"1:stderr 1:file:/nonexist/ab": "failed to open /nonexist/ab: No such file or directory",
	} {
		if err := set(adminprog.ProcConnectSetLoggingOutputs, text); err == nil || err.Message != want || err.From != virerr.FromNone {
			t.Errorf("%q: got %+v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"bad":      "invalid argument: Malformed format for filter 'bad'",
		"9:x":      "invalid argument: Invalid priority '9' for filter '9:x'",
		"1:a 1:":   "invalid argument: Invalid match string ''",
		"1:a 1:+":  "invalid argument: Invalid match string '+'",
		"4:b :c":   "invalid argument: Invalid priority '' for filter ':c'",
		"-1:other": "invalid argument: Invalid priority '-1' for filter '-1:other'",
	} {
		if err := set(adminprog.ProcConnectSetLoggingFilters, text); err == nil || err.Message != want || err.Code != virerr.InvalidArg {
			t.Errorf("%q: got %+v, want %s", text, err, want)
		}
	}
	if r.log.Outputs() != outputs || r.log.Filters() != filters {
		t.Errorf("now %q and %q, before %q and %q", r.log.Outputs(), r.log.Filters(), outputs, filters)
	}
}
