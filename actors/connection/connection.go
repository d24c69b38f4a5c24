package connection

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
)

// Service has the handlers for what the daemon owns.
type Service struct {
	drivers driver.Roster
	bus     *events.Bus
}

// New makes the service for a daemon's drivers.
func New(drivers driver.Roster, bus *events.Bus) *Service { return &Service{drivers, bus} }

// Tables are the handlers, by program.
func (s *Service) Tables() []*dispatch.Table {
	t := dispatch.NewTable(&remote.Program)
	dispatch.Handle(t, remote.ProcConnectOpen, dispatch.Worker, s.open)
	dispatch.Handle(t, remote.ProcConnectClose, dispatch.Inline, s.close)
	dispatch.Handle(t, remote.ProcAuthList, dispatch.Inline, s.authList)
	dispatch.Handle(t, remote.ProcAuthPolkit, dispatch.Inline, authPolkit)
	dispatch.Handle(t, remote.ProcAuthSASLInit, dispatch.Inline, authSASLInit)
	dispatch.Handle(t, remote.ProcAuthSASLStart, dispatch.Inline, authSASLStart)
	dispatch.Handle(t, remote.ProcAuthSASLStep, dispatch.Inline, authSASLStep)
	dispatch.Handle(t, remote.ProcConnectSupportsFeature, dispatch.Inline, s.supportsFeature)
	t.Always(remote.ProcConnectSupportsFeature)
	dispatch.Handle(t, remote.ProcConnectGetURI, dispatch.Inline, s.uri)
	dispatch.Handle(t, remote.ProcConnectSetIdentity, dispatch.Inline, s.setIdentity)
	dispatch.Handle(t, remote.ProcConnectRegisterCloseCallback, dispatch.Inline, s.registerClose)
	dispatch.Handle(t, remote.ProcConnectUnregisterCloseCallback, dispatch.Inline, s.unregisterClose)
	s.eventHandlers(t)
	q := dispatch.NewTable(&qemuprog.Program)
	dispatch.Handle(q, qemuprog.ProcConnectDomainMonitorEventRegister, dispatch.Inline, s.monitorRegister)
	dispatch.Handle(q, qemuprog.ProcConnectDomainMonitorEventDeregister, dispatch.Inline, s.monitorDeregister)
	return []*dispatch.Table{t, q}
}

// rpcInternal is an internal error as the daemon's own dispatch raises it.
func rpcInternal(format string, args ...any) error {
	return virerr.New(virerr.FromRPC, virerr.InternalError, format, args...)
}

func (s *Service) open(c *dispatch.Call, a *remote.ConnectOpenArgs) (*dispatch.Void, error) {
	if c.Session.Opened() {
		return nil, rpcInternal("connection already open")
	}
	// Clients also send bits that are meant for their own library.
	if a.Flags&virtype.ConnectRo != 0 {
		c.Session.SetReadOnly()
	}
	name := ""
	if a.Name != nil {
		name = *a.Name
	}
	return nil, s.drivers.Open(c.Session, name)
}

func (s *Service) close(c *dispatch.Call, _ *dispatch.Void) (*dispatch.Void, error) {
	s.dropAll(c.Session)
	c.Session.Close()
	return nil, nil
}

func (s *Service) uri(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectGetURIRet, error) {
	if !c.Session.Opened() {
		return nil, rpcInternal("hypervisor connection not open")
	}
	return &remote.ConnectGetURIRet{URI: c.Session.URI()}, nil
}

// The features that clients ask for, beside those of migration.
const (
	featureFDPassing          = 8
	featureTypedParamString   = 9
	featureKeepalive          = 10
	featureXMLMigratable      = 11
	featureEventCallback      = 14
	featureCloseCallback      = 15
	featureNetworkUpdateOrder = 16
)

func (s *Service) supportsFeature(c *dispatch.Call, a *remote.ConnectSupportsFeatureArgs) (*remote.ConnectSupportsFeatureRet, error) {
	has := int32(0)
	switch a.Feature {
	case featureKeepalive: // asked before the connection is open
		c.Session.KeepAlive()
		return &remote.ConnectSupportsFeatureRet{Supported: 1}, nil
	case featureFDPassing, featureTypedParamString, featureXMLMigratable,
		featureEventCallback, featureCloseCallback, featureNetworkUpdateOrder:
		has = 1
	}
	if !c.Session.Opened() {
		return nil, rpcInternal("hypervisor connection not open")
	}
	return &remote.ConnectSupportsFeatureRet{Supported: has}, nil
}

// identityStrings are the names of an identity and where they go.
var identityStrings = map[string]func(i *dispatch.Identity, v string){
	"user-name":               func(i *dispatch.Identity, v string) { i.User = v },
	"group-name":              func(i *dispatch.Identity, v string) { i.Group = v },
	"sasl-user-name":          func(i *dispatch.Identity, v string) { i.SASLUser = v },
	"x509-distinguished-name": func(i *dispatch.Identity, v string) { i.X509 = v },
	"selinux-context":         func(i *dispatch.Identity, v string) { i.SELinux = v },
}

var identityNumbers = map[string]func(i *dispatch.Identity, v int64){
	"unix-user-id":       func(i *dispatch.Identity, v int64) { i.UID = int(v) },
	"unix-group-id":      func(i *dispatch.Identity, v int64) { i.GID = int(v) },
	"process-id":         func(i *dispatch.Identity, v int64) { i.PID = int(v) },
	"process-start-time": func(i *dispatch.Identity, v int64) { i.ProcessTime = uint64(v) },
}

// setIdentity takes over who a proxy speaks for; only the daemon's own user may say so.
func (s *Service) setIdentity(c *dispatch.Call, a *remote.ConnectSetIdentityArgs) (*dispatch.Void, error) {
	if !c.Session.Opened() {
		return nil, rpcInternal("hypervisor connection not open")
	}
	if a.Flags != 0 {
		return nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "unsupported flags (0x%x) in function %s", a.Flags, "virConnectSetIdentity")
	}
	who := c.Session.Identity
	for i := range a.Params {
		p := &a.Params[i]
		if set := identityStrings[p.Field]; set != nil && p.Value.Type == virtype.TypedParamString {
			set(&who, p.Value.S)
		} else if set := identityNumbers[p.Field]; set != nil {
			set(&who, p.Value.L+int64(p.Value.Ul))
		} else {
			return nil, virerr.New(virerr.FromNone, virerr.ArgumentUnsupported, "parameter '%s' not supported", p.Field)
		}
	}
	if !privileged(c.Session.Identity) {
		return nil, virerr.New(virerr.FromAccess, virerr.AccessDenied, "only the user of the daemon may speak for others")
	}
	c.Session.Identity = who
	return nil, nil
}

// watchesClose marks a session that wants to hear of its connection's end.
type watchesClose struct{}

// registerClose notes the wish. QEMU's connection never ends before the
// daemon does, so that no message follows.
func (s *Service) registerClose(c *dispatch.Call, _ *dispatch.Void) (*dispatch.Void, error) {
	if c.Session.Value(watchesClose{}) == true {
		return nil, rpcInternal("A close callback is already registered")
	}
	c.Session.SetValue(watchesClose{}, true)
	return nil, nil
}

func (s *Service) unregisterClose(c *dispatch.Call, _ *dispatch.Void) (*dispatch.Void, error) {
	if c.Session.Value(watchesClose{}) != true {
		return nil, rpcInternal("the requested callback function is not registered")
	}
	c.Session.SetValue(watchesClose{}, false)
	return nil, nil
}
