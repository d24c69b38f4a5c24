package admin

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/observe"
	"virtree.dev/test/peer"
)

const replacements = 12

func libvirtd() adminprog.NonnullServer { return adminprog.NonnullServer{Name: "libvirtd"} }

func must(c *wiretest.Client, proc int32, args, ret xdr.Value) {
	c.T.Helper()
	if err := c.Call(proc, args, ret); err != nil {
		c.T.Fatalf("procedure %d: %v", proc, err)
	}
}

// adminClient is a client of the admin server.
func adminClient(t *testing.T, d *peer.Daemon) *wiretest.Client {
	c := d.Dial(t, d.AdminSocket())
	c.Program = &adminprog.Program
	return c
}

// seen is what an admin client sees of a daemon.
type seen struct {
	limits, workers          map[string]uint32
	clients, admins          []adminprog.NonnullClient
	outputs, filters, client string
}

func look(c *wiretest.Client, id uint64) seen {
	c.T.Helper()
	var limits adminprog.ServerGetClientLimitsRet
	must(c, adminprog.ProcServerGetClientLimits, &adminprog.ServerGetClientLimitsArgs{Srv: libvirtd()}, &limits)
	var workers adminprog.ServerGetThreadpoolParametersRet
	must(c, adminprog.ProcServerGetThreadpoolParameters, &adminprog.ServerGetThreadpoolParametersArgs{Srv: libvirtd()}, &workers)
	var clients, admins adminprog.ServerListClientsRet
	must(c, adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: libvirtd(), NeedResults: 1}, &clients)
	must(c, adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: adminprog.NonnullServer{Name: "admin"}, NeedResults: 1}, &admins)
	var outputs adminprog.ConnectGetLoggingOutputsRet
	must(c, adminprog.ProcConnectGetLoggingOutputs, &adminprog.ConnectGetLoggingOutputsArgs{}, &outputs)
	var filters adminprog.ConnectGetLoggingFiltersRet
	must(c, adminprog.ProcConnectGetLoggingFilters, &adminprog.ConnectGetLoggingFiltersArgs{}, &filters)
	var info adminprog.ClientGetInfoRet
	must(c, adminprog.ProcClientGetInfo, &adminprog.ClientGetInfoArgs{Clnt: adminprog.NonnullClient{Srv: libvirtd(), ID: id}}, &info)
	s := seen{limits: numbers(limits.Params), workers: numbers(workers.Params), clients: clients.Clients, admins: admins.Clients, outputs: outputs.Outputs}
	if filters.Filters != nil {
		s.filters = *filters.Filters
	}
	s.client = string((&info).AppendXDR(nil))
	return s
}

func (s seen) equal(o seen) bool {
	return maps.Equal(s.limits, o.limits) && maps.Equal(s.workers, o.workers) && slices.Equal(s.clients, o.clients) &&
		slices.Equal(s.admins, o.admins) && s.outputs == o.outputs && s.filters == o.filters && s.client == o.client
}

func numbers(params []adminprog.TypedParam) map[string]uint32 {
	m := map[string]uint32{}
	for _, p := range params {
		m[p.Field] = p.Value.Ui
	}
	delete(m, "freeWorkers") // those who call at the time do not count
	return m
}

func uints(pairs ...any) (list []adminprog.TypedParam) {
	for i := 0; i < len(pairs); i += 2 {
		v := adminprog.TypedParamValue{Type: virtype.TypedParamUint, Ui: uint32(pairs[i+1].(int))}
		list = append(list, adminprog.TypedParam{Field: pairs[i].(string), Value: v})
	}
	return list
}

// change sets everything that can be set.
func change(t *testing.T, c *wiretest.Client, d *peer.Daemon) {
	t.Helper()
	must(c, adminprog.ProcServerSetClientLimits, &adminprog.ServerSetClientLimitsArgs{
		Srv: libvirtd(), Params: uints("nclients_max", 77, "nclients_unauth_max", 11),
	}, nil)
	must(c, adminprog.ProcServerSetThreadpoolParameters, &adminprog.ServerSetThreadpoolParametersArgs{
		Srv: libvirtd(), Params: uints("minWorkers", 6, "maxWorkers", 9, "prioWorkers", 3),
	}, nil)
	outputs, filters := "2:stderr 4:file:"+d.Path("files/live.log"), "1:nothing 3:other"
	must(c, adminprog.ProcConnectSetLoggingOutputs, &adminprog.ConnectSetLoggingOutputsArgs{Outputs: &outputs}, nil)
	must(c, adminprog.ProcConnectSetLoggingFilters, &adminprog.ConnectSetLoggingFiltersArgs{Filters: &filters}, nil)
	must(c, adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Timeout: 4711}, nil)
}

// TestThroughReplacements keeps admin clients, and what they changed, while the
// daemon replaces itself again and again under admin calls.
func TestThroughReplacements(t *testing.T) {
	for _, system := range []bool{false, true} {
		t.Run(map[bool]string{false: "session", true: "system"}[system], func(t *testing.T) {
			d := peer.Start(t, peer.Options{Binary: peer.Build(t), System: system, Conf: "log_level = 2\nauth_unix_ro = \"none\"\nauth_unix_rw = \"none\"\n"})
			socket := d.Socket()
			if system {
				socket = d.ReadOnlySocket()
			}
			user := d.Dial(t, socket)
			user.Open("")
			half, c, storm := adminClient(t, d), adminClient(t, d), startStorm(t, d)
			change(t, c, d)
			id := newest(t, c)
			want := look(c, id)
			if want.limits["nclients_max"] != 77 || want.workers["maxWorkers"] != 9 {
				t.Fatalf("nothing was changed: %+v", want)
			}
			for i := range replacements {
				frame := wire.AppendRaw(nil, half.Header(adminprog.ProcConnectGetLibVersion), nil)
				half.Write(frame[:len(frame)/2])
				d.Replace(t, i+1)
				half.Write(frame[len(frame)/2:])
				if err := half.Answer(new(adminprog.ConnectGetLibVersionRet)); err != nil {
					t.Fatalf("a call that came in two halves: %v", err)
				}
				if got := look(c, id); !got.equal(want) {
					t.Fatalf("after %d replacements\n%+v\nbefore\n%+v", i+1, got, want)
				}
				must(user, remote.ProcConnectGetLibVersion, nil, nil)
			}
			storm.end(t)
			d.Dial(t, socket).Open("")
			if n := newest(t, c); n <= id {
				t.Errorf("a new client has number %d after %d", n, id)
			}
			wantTimeout(t, d, system)
		})
	}
}

// newest is the number of the client that came last.
func newest(t *testing.T, c *wiretest.Client) (id uint64) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var ret adminprog.ServerListClientsRet
		must(c, adminprog.ProcServerListClients, &adminprog.ServerListClientsArgs{Srv: libvirtd(), NeedResults: 1}, &ret)
		// Those who looked whether the daemon is there are gone at some time.
		if n := len(ret.Clients); n > 0 && ret.Clients[n-1].ID != id {
			id = ret.Clients[n-1].ID
		} else if n > 0 {
			return id
		}
	}
	t.Fatal("no clients")
	return 0
}

// wantTimeout looks for the timeout that was set live.
func wantTimeout(t *testing.T, d *peer.Daemon, system bool) {
	t.Helper()
	path := d.Path("run/libvirt/libvirtd-observe-sock")
	if system {
		path = fmt.Sprintf("/proc/%d/root/run/libvirt/libvirtd-observe-sock", d.PID())
	}
	var page bytes.Buffer
	if err := observe.Copy(&page, path, observe.Request{Pages: true, Name: "idle"}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "timeout: 1h18m31s") {
		t.Errorf("the timeout is lost:\n%s", page.String())
	}
}

// storm is admin clients that call without a pause.
type storm struct {
	all   sync.WaitGroup
	stop  atomic.Bool
	calls atomic.Int64
}

func startStorm(t *testing.T, d *peer.Daemon) *storm {
	s := &storm{}
	for range 4 {
		c := adminClient(t, d)
		s.all.Add(1)
		go func() {
			defer s.all.Done()
			for !s.stop.Load() {
				h := c.Header(adminprog.ProcConnectListServers)
				b, err := wire.Append(nil, h, &adminprog.ConnectListServersArgs{NeedResults: 1})
				if err == nil {
					_, err = c.Conn.Write(b)
				}
				if err != nil {
					t.Errorf("an admin client was cut off: %v", err)
					return
				}
				if f, err := c.Next(); err != nil || f.Serial != h.Serial || f.Status != wire.OK {
					t.Errorf("%+v, %v", f.Header, err)
					return
				}
				s.calls.Add(1)
			}
		}()
	}
	t.Cleanup(s.halt)
	return s
}

func (s *storm) halt() {
	s.stop.Store(true)
	s.all.Wait()
}

func (s *storm) end(t *testing.T) {
	t.Helper()
	s.halt()
	if s.calls.Load() == 0 {
		t.Error("nothing was called meanwhile")
	}
}
