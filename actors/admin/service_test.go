package admin

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
)

// must makes a call that must be answered.
func must(c *wiretest.Client, proc int32, args, ret xdr.Value) {
	c.T.Helper()
	if err := c.Call(proc, args, ret); err != nil {
		c.T.Fatalf("%s: %v", adminprog.Program.Procedure(proc).Name, err)
	}
}

func TestEveryProcedureHasAHandler(t *testing.T) {
	table := New(Options{}).Tables()[0]
	for i := range adminprog.Program.Procedures {
		if p := &adminprog.Program.Procedures[i]; p.Kind == program.Call && p.Name != "" && table.Handler(p.Num) == nil {
			t.Errorf("%s has none", p.Name)
		}
	}
}

func TestServers(t *testing.T) {
	c := newRig(t, few).client()
	must(c, adminprog.ProcConnectOpen, &adminprog.ConnectOpenArgs{}, nil)
	var version adminprog.ConnectGetLibVersionRet
	must(c, adminprog.ProcConnectGetLibVersion, nil, &version)
	if version.LibVer != 11_003_000 {
		t.Error(version.LibVer)
	}
	var list, count adminprog.ConnectListServersRet
	must(c, adminprog.ProcConnectListServers, &adminprog.ConnectListServersArgs{NeedResults: 1}, &list)
	must(c, adminprog.ProcConnectListServers, &adminprog.ConnectListServersArgs{}, &count)
	if want := []adminprog.NonnullServer{named("admin"), named("main")}; list.Ret != 2 || !slices.Equal(list.Servers, want) {
		t.Errorf("%+v", list)
	}
	if count.Ret != 2 || len(count.Servers) != 0 {
		t.Errorf("the count alone: %+v", count)
	}
	var found adminprog.ConnectLookupServerRet
	must(c, adminprog.ProcConnectLookupServer, &adminprog.ConnectLookupServerArgs{Name: "main"}, &found)
	if found.Srv.Name != "main" {
		t.Errorf("%+v", found)
	}
	must(c, adminprog.ProcConnectClose, nil, nil)
	if !c.Closed() {
		t.Error("the connection stays open")
	}
}

func TestClients(t *testing.T) {
	r := newRig(t, few)
	began := time.Now().Unix()
	first := r.user()
	r.user()
	c := r.client()
	var list, count adminprog.ServerListClientsRet
	must(c, adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: named("main"), NeedResults: 1}, &list)
	must(c, adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: named("main")}, &count)
	if list.Ret != 2 || len(list.Clients) != 2 || count.Ret != 2 || len(count.Clients) != 0 {
		t.Fatalf("%+v, %+v", list, count)
	}
	for i, n := range list.Clients {
		if n.Srv.Name != "main" || n.ID != uint64(i+1) || n.Transport != 0 || n.Timestamp < began || n.Timestamp > time.Now().Unix() {
			t.Errorf("client %d: %+v", i+1, n)
		}
	}
	var found adminprog.ServerLookupClientRet
	must(c, adminprog.ProcServerLookupClient, &adminprog.ServerLookupClientArgs{Srv: named("main"), ID: 1}, &found)
	if found.Clnt != list.Clients[0] {
		t.Errorf("%+v, listed %+v", found.Clnt, list.Clients[0])
	}
	must(c, adminprog.ProcClientClose, &adminprog.ClientCloseArgs{Clnt: found.Clnt}, nil)
	if !first.Closed() {
		t.Error("the client is still there")
	}
	r.eventually("one is left", func() bool { return len(r.main.Clients()) == 1 })
}

func TestClientInfo(t *testing.T) {
	r := newRig(t, few)
	r.user()
	var ret adminprog.ClientGetInfoRet
	must(r.client(), adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: adminprog.NonnullClient{Srv: named("main"), ID: 1}}, &ret)
	var got []string
	for _, p := range ret.Params {
		got = append(got, fmt.Sprintf("%s:%d=%d%d%s", p.Field, p.Value.Type, p.Value.I, p.Value.B, p.Value.S))
	}
	me, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Skip(err)
	}
	want := []string{
		"readonly:6=00", "unix_user_id:1=" + me.Uid + "0", "unix_user_name:7=00" + me.Username,
		"unix_group_id:1=" + me.Gid + "0", "unix_group_name:7=00" + group.Name, fmt.Sprintf("unix_process_id:1=%d0", os.Getpid()),
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What only other transports know has a place, and an order.
func TestClientsFromElsewhere(t *testing.T) {
	who := dispatch.Nobody()
	who.SASLUser, who.X509, who.SELinux = "fred", "CN=fred", "system_u"
	names := func(c rpc.ClientInfo) (list []string) {
		for _, p := range describe(c) {
			list = append(list, p.Field)
		}
		return list
	}
	want := []string{"readonly", "sasl_user_name", "sock_addr", "tls_x509_dname", "selinux_context"}
	if got := names(rpc.ClientInfo{Transport: rpc.TLS, Address: "127.0.0.1:1", Identity: who}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	who.UID, who.GID, who.PID, who.User, who.Group = 1<<30, 1<<30, 7, "", ""
	want = []string{"readonly", "sasl_user_name", "unix_user_id", "unix_group_id", "unix_process_id", "selinux_context"}
	if got := names(rpc.ClientInfo{Identity: who}); !slices.Equal(got, want) {
		t.Errorf("a user that the host does not know: got %q, want %q", got, want)
	}
}

func TestLogging(t *testing.T) {
	r := newRig(t, few)
	c := r.client()
	path := filepath.Join(t.TempDir(), "log")
	defer func() { _ = r.log.Close() }()
	text := "3:file:" + path + " 4:stderr"
	must(c, adminprog.ProcConnectSetLoggingOutputs, &adminprog.ConnectSetLoggingOutputsArgs{Outputs: &text}, nil)
	r.log.Logger("rig").Warn("the next line")
	if b, err := os.ReadFile(path); err != nil || !strings.Contains(string(b), "the next line") {
		t.Errorf("%v: %s", err, b)
	}
	var outputs adminprog.ConnectGetLoggingOutputsRet
	must(c, adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{}, &outputs)
	if outputs.Outputs != text || outputs.Noutputs != 2 {
		t.Errorf("%+v", outputs)
	}
	var filters adminprog.ConnectGetLoggingFiltersRet
	must(c, adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{}, &filters)
	if filters.Filters != nil || filters.Nfilters != 0 {
		t.Errorf("%+v", filters)
	}
	text = "4:rig 1:other"
	must(c, adminprog.ProcConnectSetLoggingFilters, &adminprog.ConnectSetLoggingFiltersArgs{Filters: &text}, nil)
	r.log.Logger("rig").Warn("a line that is filtered")
	if b, _ := os.ReadFile(path); strings.Contains(string(b), "filtered") {
		t.Errorf("the filter does not count:\n%s", b)
	}
	must(c, adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{}, &filters)
	if filters.Filters == nil || *filters.Filters != "4:*rig* 1:*other* " || filters.Nfilters != 2 {
		t.Errorf("%+v", filters)
	}
	must(c, adminprog.ProcConnectSetLoggingFilters, &adminprog.ConnectSetLoggingFiltersArgs{}, nil)
	if r.log.Filters() != "" {
		t.Error("no filters were asked for:", r.log.Filters())
	}
}

func TestTimeoutAndEnd(t *testing.T) {
	r := newRig(t, few)
	c := r.client()
	must(c, adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Timeout: 4294967295}, nil)
	if n := <-r.timeout; n != 4294967295 {
		t.Error(n)
	}
	must(c, adminprog.ProcConnectDaemonShutdown, &adminprog.ConnectDaemonShutdownArgs{}, nil)
	<-r.quit
}

// Logs and locks are served by a server without workers: calls run one by one.
func TestServerWithoutWorkers(t *testing.T) {
	r := newRig(t, rpc.Limits{MaxClients: 9, MaxAnonymousClients: 9, MaxClientRequests: 1})
	c := r.client()
	want := map[string]uint32{workersMin: 0, workersMax: 0, workersNow: 0, workersFree: 0, workersPriority: 0, queueDepth: 0}
	if got := workers(c, "admin"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	args := &adminprog.ServerSetThreadpoolParametersArgs{Srv: named("admin"), Params: []adminprog.TypedParam{param(workersMax, 2)}}
	if err := c.Call(adminprog.ProcServerSetThreadpoolParameters, args, nil); err == nil || !strings.HasSuffix(err.Message, "vice versa") {
		t.Error(err)
	}
}

// An admin server answers while every worker of the other is held up.
func TestAnswersWhileTheOtherIsStuck(t *testing.T) {
	r := newRig(t, few)
	defer close(r.hold)
	u := r.user()
	for range 3 {
		u.Send(u.Header(remote.ProcConnectGetCapabilities), nil)
	}
	r.eventually("all workers are held up", func() bool { return r.main.Stats().Free == 0 })
	if got := workers(r.client(), "main"); got[workersNow] != 3 || got[workersFree] != 0 {
		t.Errorf("%v", got)
	}
}
