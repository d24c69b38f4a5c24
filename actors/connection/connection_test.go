package connection

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
	"virtree.dev/supervisor/gen"
)

// stub is a driver that opens what it is told to.
type stub struct {
	kind   program.Owner
	scheme string
	failed error
}

func (s stub) Name() string                 { return s.scheme }
func (s stub) Kind() program.Owner          { return s.kind }
func (s stub) Table(uint32) *dispatch.Table { return dispatch.NewTable(&remote.Program) }
func (s stub) Open(_ *dispatch.Session, u *url.URL) (driver.Verdict, error) {
	if s.kind == program.Hypervisor && u.Scheme != s.scheme {
		return driver.Declined, nil
	}
	return driver.Accepted, s.failed
}

// withDefault is what an empty URI stands for.
type withDefault struct{ stub }

func (withDefault) DefaultURI() string { return "qemu:///session" }

// client is the other end of a session.
type client struct {
	leaving       bool
	authenticated bool
}

func (*client) Deliver([]byte, int32) {}
func (c *client) Authenticated()      { c.authenticated = true }
func (c *client) CloseAfterReply()    { c.leaving = true }

type silent struct{}

func (silent) Panic(procedure string, v any, _ []byte)  { panic(v) }
func (silent) Failed(*program.Procedure, *virerr.Error) {}

type bench struct {
	*testing.T
	bus     *events.Bus
	peer    *client
	session *dispatch.Session
	d       *dispatch.Dispatcher
	service *Service
}

// everything has a driver of each kind.
var everything = driver.Roster{
	withDefault{stub{kind: program.Hypervisor, scheme: "qemu"}}, stub{kind: program.Hypervisor, scheme: "lxc"},
	stub{kind: program.Network}, stub{kind: program.Storage}, stub{kind: program.NodeDevice}, stub{kind: program.Secret},
	stub{kind: program.Interface}, stub{kind: program.NWFilter},
}

func newBench(t *testing.T, drivers driver.Roster) *bench {
	b := &bench{T: t, bus: events.NewBus(gen.NewSystem(), "events"), peer: new(client)}
	b.session = dispatch.NewSession(1, dispatch.Identity{PID: 7, UID: os.Geteuid(), GID: 1}, false, nil, silent{})
	b.session.Peer = b.peer
	b.service = New(drivers, b.bus)
	b.d = dispatch.New(b.service.Tables()...)
	return b
}

func (b *bench) as(who dispatch.Identity) *bench {
	b.session.SetIdentity(who)
	return b
}

func (b *bench) call(prog uint32, proc int32, args, ret xdr.Value) error {
	b.Helper()
	p, h, err := b.d.Find(b.session, wire.Header{Program: prog, Version: 1, Procedure: proc})
	if err != nil {
		return err
	}
	var payload []byte
	if args != nil {
		payload = args.AppendXDR(nil)
	}
	v, err := h.Run(&dispatch.Call{Context: b.Context(), Session: b.session, Proc: p}, payload)
	if err == nil && ret != nil {
		ret.DecodeXDR(xdr.NewDecoder(v.AppendXDR(nil)))
	}
	return err
}

func (b *bench) open(uri string, flags uint32) error {
	b.session.Authenticate()
	return b.call(remote.ID, remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: &uri, Flags: flags}, nil)
}

func (b *bench) refused(err error, code virerr.Code, text string) {
	b.Helper()
	var e *virerr.Error
	if !errors.As(err, &e) || e.Code != code || !strings.Contains(e.Message, text) {
		b.Errorf("%v instead of %q", err, text)
	}
}

func TestOpenAndClose(t *testing.T) {
	b := newBench(t, everything)
	if err := b.open("", virtype.ConnectRo); err != nil {
		t.Fatal(err)
	}
	if b.session.URI() != "qemu:///session" || !b.session.ReadOnly() || !b.session.Serves(program.Secret) {
		t.Error(b.session.URI(), b.session.ReadOnly())
	}
	b.refused(b.open("", 0), virerr.InternalError, "connection already open")
	if err := b.call(remote.ID, remote.ProcConnectClose, nil, nil); err != nil || !b.peer.leaving {
		t.Error("close leaves the connection open", err)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	b := newBench(t, everything)
	b.refused(b.call(remote.ID, remote.ProcConnectOpen, &remote.ConnectOpenArgs{}, nil), virerr.RPC, "authentication required")
	b.session.Authenticate()
	b.refused(b.call(remote.ID, remote.ProcConnectOpen, &remote.ConnectOpenArgs{}, nil), virerr.InternalError, "connection not open")
	for uri, text := range map[string]string{
		"xen:///system": "no connection driver available for xen:///system",
		"/system":       "does not include a driver name",
		"][":            "Unable to parse URI ][",
		"qemu://h:x/s":  "Unable to parse URI qemu://h:x/s",
		"qemu:///a b":   "Unable to parse URI qemu:///a b",
		"qemu+ssh:///s": "no connection driver available for qemu+ssh:///s",
	} {
		err := b.open(uri, 0)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	if b.session.Opened() {
		t.Error("something is open")
	}
	nothing := newBench(t, nil)
	b.refused(nothing.open("", 0), virerr.NoConnect, "no connection driver available")
	broken := newBench(t, driver.Roster{stub{program.Hypervisor, "qemu", virerr.New(virerr.FromNone, virerr.InternalError, "unexpected path")}})
	b.refused(broken.open("qemu:///x", 0), virerr.InternalError, "unexpected path")
}

func TestFeatures(t *testing.T) {
	b := newBench(t, everything)
	b.session.Authenticate()
	ask := func(f int32) (int32, error) {
		var ret remote.ConnectSupportsFeatureRet
		err := b.call(remote.ID, remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: f}, &ret)
		return ret.Supported, err
	}
	if n, err := ask(featureKeepalive); n != 1 || err != nil || !b.session.KeepsAlive() {
		t.Error("keepalive before open:", n, err)
	}
	if _, err := ask(featureFDPassing); err == nil {
		t.Error("a feature before open")
	}
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	for f, want := range map[int32]int32{0: 0, 1: 0, 6: 0, 8: 1, 9: 1, 10: 1, 11: 1, 13: 0, 14: 1, 15: 1, 16: 1, 17: 0, -1: 0} {
		if n, err := ask(f); n != want || err != nil {
			t.Errorf("feature %d: %d, %v", f, n, err)
		}
	}
}

func TestAuthentication(t *testing.T) {
	list := func(b *bench) int32 {
		var ret remote.AuthListRet
		if err := b.call(remote.ID, remote.ProcAuthList, nil, &ret); err != nil || len(ret.Types) != 1 {
			t.Fatal(ret, err)
		}
		return ret.Types[0]
	}
	own := newBench(t, everything)
	own.session.Demand(dispatch.AuthPolkit)
	if list(own) != remote.AuthNone || !own.peer.authenticated || !own.session.Authenticated() {
		t.Error("the daemon's own user is not let in")
	}
	stranger := newBench(t, everything).as(dispatch.Identity{PID: 1, UID: 4711, GID: 4711})
	stranger.session.Demand(dispatch.AuthPolkit)
	if list(stranger) != remote.AuthPolkit || stranger.session.Authenticated() {
		t.Error("a stranger is let in")
	}
	stranger.refused(stranger.call(remote.ID, remote.ProcAuthPolkit, nil, nil), virerr.AuthFailed, "authentication failed")
	stranger.refused(stranger.call(remote.ID, remote.ProcAuthSASLInit, nil, nil), virerr.AuthFailed, "authentication failed")
	stranger.refused(stranger.call(remote.ID, remote.ProcAuthSASLStart, &remote.AuthSASLStartArgs{}, nil), virerr.AuthFailed, "authentication failed")
	stranger.refused(stranger.call(remote.ID, remote.ProcAuthSASLStep, &remote.AuthSASLStepArgs{}, nil), virerr.AuthFailed, "authentication failed")
	err := stranger.call(remote.ID, remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: new(string)}, nil)
	stranger.refused(err, virerr.RPC, "authentication required")
	far := newBench(t, everything).as(dispatch.Nobody())
	far.session.Demand(dispatch.AuthSASL)
	if list(far) != remote.AuthSASL || far.session.Authenticated() {
		t.Error("a client of another host is let in")
	}
}

// rules allow what they name.
type rules string

func (r rules) Allow(_ context.Context, who dispatch.Identity, action string) error {
	if who.UID == 4711 && action == string(r) {
		return nil
	}
	return virerr.New(virerr.FromPolkit, virerr.AuthFailed, "access denied by policy")
}

func TestPolicyDecides(t *testing.T) {
	try := func(r rules, readOnly bool, auth dispatch.Auth) (*bench, error) {
		b := newBench(t, everything).as(dispatch.Identity{PID: 1, UID: 4711, GID: 4711})
		b.session.Demand(auth)
		if readOnly {
			b.session.SetReadOnly()
		}
		b.service.Trust(r)
		return b, b.call(remote.ID, remote.ProcAuthPolkit, nil, nil)
	}
	for _, readOnly := range []bool{false, true} {
		action := map[bool]rules{false: actionManage, true: actionMonitor}[readOnly]
		if b, err := try(action, readOnly, dispatch.AuthPolkit); err != nil || !b.session.Authenticated() {
			t.Errorf("read-only %t: %v", readOnly, err)
		}
		b, err := try(action, !readOnly, dispatch.AuthPolkit)
		if b.refused(err, virerr.AuthFailed, "access denied by policy"); b.session.Authenticated() {
			t.Error("let in all the same")
		}
	}
	b, err := try(actionManage, false, dispatch.AuthSASL)
	b.refused(err, virerr.AuthFailed, "authentication failed")
}

func TestIdentity(t *testing.T) {
	b := newBench(t, everything)
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	set := func(params ...remote.TypedParam) error {
		return b.call(remote.ID, remote.ProcConnectSetIdentity, &remote.ConnectSetIdentityArgs{Params: params, Flags: 1}, nil)
	}
	text := func(name, v string) remote.TypedParam {
		return remote.TypedParam{Field: name, Value: remote.TypedParamValue{Type: virtype.TypedParamString, S: v}}
	}
	number := func(name string, v uint64) remote.TypedParam {
		return remote.TypedParam{Field: name, Value: remote.TypedParamValue{Type: virtype.TypedParamUllong, Ul: v}}
	}
	before := b.session.Identity()
	b.refused(set(text("shoe-size", "44")), virerr.ArgumentUnsupported, "parameter 'shoe-size' not supported")
	b.refused(set(text("unix-user-id", "0")), virerr.InvalidArg, "invalid type 'string' for parameter 'unix-user-id', expected 'ullong'")
	b.refused(set(text("user-name", "a"), text("user-name", "b")), virerr.InvalidArg, "parameter 'user-name' occurs multiple times")
	if b.session.Identity() != before {
		t.Error("bad parameters changed something")
	}
	if err := set(text("user-name", "jo"), number("unix-user-id", 4711), number("process-time", 9), text("selinux-context", "c")); err != nil {
		t.Fatal(err)
	}
	want := dispatch.Nobody()
	want.User, want.UID, want.ProcessTime, want.SELinux = "jo", 4711, 9, "c"
	if got := b.session.Identity(); got != want {
		t.Errorf("%+v instead of %+v", got, want)
	}
	b.refused(set(text("user-name", "root")), virerr.AccessDenied, "access denied") // for 4711 is no proxy
}
