package connection

import (
	"context"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/supervisor/act"
)

// Service has the handlers for what the daemon owns.
type Service struct {
	drivers driver.Roster
	bus     *events.Bus
	policy  Policy // nil: nobody comes in by it
	screens *act.Pool
	door    Door // likewise
}

// Policy decides what the process of a client may do.
type Policy interface {
	Allow(ctx context.Context, who dispatch.Identity, action string) error
}

// New makes the service for a daemon's drivers.
func New(drivers driver.Roster, bus *events.Bus) *Service {
	return &Service{drivers: drivers, bus: bus, screens: act.NewPool(act.Limits{Max: screeners}, nil)}
}

// Close ends what is no process.
func (s *Service) Close() { s.screens.Close() }

// Flush waits until the events that were are with their clients.
func (s *Service) Flush(ctx context.Context) error {
	if err := s.bus.Flush(ctx); err != nil {
		return err
	}
	select {
	case <-s.screens.Drained():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Trust lets clients in that a policy allows to.
func (s *Service) Trust(p Policy) { s.policy = p }

// Negotiate lets clients in that say by SASL who they are.
func (s *Service) Negotiate(d Door) { s.door = d }

// Tables are the handlers, by program.
func (s *Service) Tables() []*dispatch.Table {
	t := dispatch.NewTable(&remote.Program)
	dispatch.Handle(t, remote.ProcConnectOpen, dispatch.Worker, s.open)
	t.AsksItself(remote.ProcConnectOpen)
	dispatch.Handle(t, remote.ProcConnectClose, dispatch.Inline, s.close)
	dispatch.Handle(t, remote.ProcAuthList, dispatch.Inline, s.authList)
	dispatch.Handle(t, remote.ProcAuthPolkit, dispatch.Worker, s.authPolkit)
	dispatch.Handle(t, remote.ProcAuthSASLInit, dispatch.Worker, s.saslInit)
	dispatch.Handle(t, remote.ProcAuthSASLStart, dispatch.Worker, s.saslStart)
	dispatch.Handle(t, remote.ProcAuthSASLStep, dispatch.Worker, s.saslStep)
	dispatch.Handle(t, remote.ProcConnectSupportsFeature, dispatch.Inline, s.supportsFeature)
	t.Always(remote.ProcConnectSupportsFeature)
	dispatch.Handle(t, remote.ProcConnectGetURI, dispatch.Inline, s.uri)
	dispatch.Handle(t, remote.ProcConnectSetIdentity, dispatch.Inline, setIdentity)
	dispatch.Handle(t, remote.ProcConnectRegisterCloseCallback, dispatch.Inline, closeCallback)
	dispatch.Handle(t, remote.ProcConnectUnregisterCloseCallback, dispatch.Inline, closeCallback)
	s.eventHandlers(t)
	q := dispatch.NewTable(&qemuprog.Program)
	dispatch.Handle(q, qemuprog.ProcConnectDomainMonitorEventRegister, dispatch.Inline, s.monitorRegister)
	dispatch.Handle(q, qemuprog.ProcConnectDomainMonitorEventDeregister, dispatch.Inline, s.monitorDeregister)
	return []*dispatch.Table{t, q, dispatch.NewTable(&lxcprog.Program)}
}

// rpcInternal is an internal error as the daemon's own dispatch raises it.
func rpcInternal(format string, args ...any) error {
	return virerr.New(virerr.FromRPC, virerr.InternalError, format, args...)
}

func (s *Service) open(c *dispatch.Call, a *remote.ConnectOpenArgs) (*dispatch.Void, error) {
	c.Session.Opening.Lock()
	defer c.Session.Opening.Unlock()
	switch {
	case c.Session.Opened():
		return nil, rpcInternal("connection already open")
	case a.Name == nil:
		return nil, rpcInternal("connection not open")
	}
	// Clients also send bits that are meant for their own library.
	if a.Flags&virtype.ConnectRo != 0 {
		c.Session.SetReadOnly()
	}
	return nil, s.drivers.Open(c.Session, *a.Name, func(driver string) error {
		return c.Ensure(map[string]string{dispatch.DriverDetail: driver})
	})
}

// close ends the connection once its reply is sent; whatever the client opened
// and registered ends with the session.
func (s *Service) close(c *dispatch.Call, _ *dispatch.Void) (*dispatch.Void, error) {
	c.Session.Peer.CloseAfterReply()
	return nil, nil
}

func (s *Service) uri(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectGetURIRet, error) {
	return &remote.ConnectGetURIRet{URI: c.Session.URI()}, nil
}

// The features that clients ask for. Those of migration are not built.
const (
	featureFDPassing          = 8
	featureTypedParamString   = 9
	featureKeepalive          = 10
	featureXMLMigratable      = 11
	featureEventCallback      = 14
	featureCloseCallback      = 15
	featureNetworkUpdateOrder = 16
)

// supportsFeature answers for keepalives before anything is open: then clients
// ask, and from then on they are asked whether they are still there.
func (s *Service) supportsFeature(c *dispatch.Call, a *remote.ConnectSupportsFeatureArgs) (*remote.ConnectSupportsFeatureRet, error) {
	if a.Feature == featureKeepalive {
		c.Session.KeepAlive()
		return &remote.ConnectSupportsFeatureRet{Supported: 1}, nil
	}
	if !c.Session.Opened() {
		return nil, dispatch.NotOpen(program.Hypervisor)
	}
	switch a.Feature {
	case featureFDPassing, featureTypedParamString, featureXMLMigratable,
		featureEventCallback, featureCloseCallback, featureNetworkUpdateOrder:
		return &remote.ConnectSupportsFeatureRet{Supported: 1}, nil
	}
	return &remote.ConnectSupportsFeatureRet{}, nil
}

// closeCallback registers or takes back the wish to hear of the hypervisor's
// end. QEMU's connection ends only with the daemon, so that, as in libvirt,
// nothing is kept and any number of either is fine.
func closeCallback(*dispatch.Call, *dispatch.Void) (*dispatch.Void, error) { return nil, nil }
