package connection

import (
	"slices"
	"sync"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/remote"
)

// subscriptions are what one session wants to hear.
type subscriptions struct {
	bus  *events.Bus
	mu   sync.Mutex
	list []*events.Subscription
}

type subscriptionsKey struct{}

// of gives the subscriptions of a session, which end with it.
func (s *Service) of(c *dispatch.Session) *subscriptions {
	if v, ok := c.Value(subscriptionsKey{}).(*subscriptions); ok {
		return v
	}
	kept, made := c.ValueOr(subscriptionsKey{}, &subscriptions{bus: s.bus})
	v := kept.(*subscriptions)
	if made {
		c.OnEnd(v.clear)
	}
	return v
}

func (v *subscriptions) clear() {
	v.mu.Lock()
	list := v.list
	v.list = nil
	v.mu.Unlock()
	v.bus.Unsubscribe(list...)
}

func (v *subscriptions) add(sub *events.Subscription) {
	v.bus.Subscribe(sub)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.list = append(v.list, sub)
}

// take ends the first subscription that suits; false if none does.
func (v *subscriptions) take(suits func(*events.Subscription) bool) bool {
	v.mu.Lock()
	i := slices.IndexFunc(v.list, suits)
	if i < 0 {
		v.mu.Unlock()
		return false
	}
	sub := v.list[i]
	v.list = slices.Delete(v.list, i, i+1)
	v.mu.Unlock()
	v.bus.Unsubscribe(sub)
	return true
}

func plain(id int32) func(*events.Subscription) bool {
	return func(s *events.Subscription) bool {
		return s.Kind == events.Domain && s.ID == id && s.Callback == events.NoCallback
	}
}

func numbered(k events.Kind, callback int32) func(*events.Subscription) bool {
	return func(s *events.Subscription) bool { return s.Kind == k && s.Callback == callback }
}

func (s *Service) eventHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectDomainEventRegister, dispatch.Inline, s.register)
	dispatch.Handle(t, remote.ProcConnectDomainEventDeregister, dispatch.Inline, s.deregister)
	dispatch.Handle(t, remote.ProcConnectDomainEventRegisterAny, dispatch.Inline, s.registerAny)
	dispatch.Handle(t, remote.ProcConnectDomainEventDeregisterAny, dispatch.Inline, s.deregisterAny)
	dispatch.Handle(t, remote.ProcConnectDomainEventCallbackRegisterAny, dispatch.Inline, s.callbackRegister)
	dispatch.Handle(t, remote.ProcConnectDomainEventCallbackDeregisterAny, dispatch.Inline, s.callbackDeregister)
	dispatch.Handle(t, remote.ProcConnectNetworkEventRegisterAny, dispatch.Inline, s.networkRegister)
	dispatch.Handle(t, remote.ProcConnectNetworkEventDeregisterAny, dispatch.Inline, s.networkDeregister)
	dispatch.Handle(t, remote.ProcConnectStoragePoolEventRegisterAny, dispatch.Inline, s.poolRegister)
	dispatch.Handle(t, remote.ProcConnectStoragePoolEventDeregisterAny, dispatch.Inline, s.poolDeregister)
	dispatch.Handle(t, remote.ProcConnectNodeDeviceEventRegisterAny, dispatch.Inline, s.deviceRegister)
	dispatch.Handle(t, remote.ProcConnectNodeDeviceEventDeregisterAny, dispatch.Inline, s.deviceDeregister)
	dispatch.Handle(t, remote.ProcConnectSecretEventRegisterAny, dispatch.Inline, s.secretRegister)
	dispatch.Handle(t, remote.ProcConnectSecretEventDeregisterAny, dispatch.Inline, s.secretDeregister)
}

// subscribe checks an event's number and begins a subscription.
func (s *Service) subscribe(c *dispatch.Call, k events.Kind, id int32, object string) (int32, error) {
	if !k.Known(id) {
		what := k.String() + " "
		if k == events.Domain {
			what = ""
		}
		return 0, rpcInternal("unsupported %sevent ID %d", what, id)
	}
	if !c.Session.Serves(owners[k]) {
		return 0, dispatch.Unsupported(c.Proc)
	}
	sub := &events.Subscription{Kind: k, ID: id, Object: object, Sink: c.Session.Peer, Screen: s.screen(c.Session, k)}
	s.of(c.Session).add(sub)
	return sub.Callback, nil
}

// owners are whose events the kinds are.
var owners = map[events.Kind]program.Owner{
	events.Domain: program.Hypervisor, events.Network: program.Network, events.StoragePool: program.Storage,
	events.NodeDevice: program.NodeDevice, events.Secret: program.Secret, events.Monitor: program.Hypervisor,
}

func (s *Service) unsubscribe(c *dispatch.Call, k events.Kind, callback int32) (*dispatch.Void, error) {
	if !s.of(c.Session).take(numbered(k, callback)) {
		what := k
		if k == events.Secret {
			what = events.NodeDevice // libvirt's daemon says so for secrets too
		}
		return nil, rpcInternal("%s event callback %d not registered", what, callback)
	}
	return nil, nil
}

// watch begins a subscription of the old way, which has no number.
func (s *Service) watch(c *dispatch.Call, id int32) {
	s.of(c.Session).add(&events.Subscription{Kind: events.Domain, ID: id, Callback: events.NoCallback, Sink: c.Session.Peer, Screen: s.screen(c.Session, events.Domain)})
}

func (s *Service) register(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectDomainEventRegisterRet, error) {
	s.watch(c, 0)
	return &remote.ConnectDomainEventRegisterRet{CbRegistered: 1}, nil
}

func (s *Service) deregister(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectDomainEventDeregisterRet, error) {
	if !s.of(c.Session).take(plain(0)) {
		return nil, rpcInternal("domain event %d not registered", 0)
	}
	return &remote.ConnectDomainEventDeregisterRet{CbRegistered: 0}, nil
}

func (s *Service) registerAny(c *dispatch.Call, a *remote.ConnectDomainEventRegisterAnyArgs) (*dispatch.Void, error) {
	if !events.Plain(a.EventID) {
		return nil, rpcInternal("unsupported event ID %d", a.EventID)
	}
	s.watch(c, a.EventID)
	return nil, nil
}

func (s *Service) deregisterAny(c *dispatch.Call, a *remote.ConnectDomainEventDeregisterAnyArgs) (*dispatch.Void, error) {
	if !events.Plain(a.EventID) {
		return nil, rpcInternal("unsupported event ID %d", a.EventID)
	}
	if !s.of(c.Session).take(plain(a.EventID)) {
		return nil, rpcInternal("domain event %d not registered", a.EventID)
	}
	return nil, nil
}

func (s *Service) callbackRegister(c *dispatch.Call, a *remote.ConnectDomainEventCallbackRegisterAnyArgs) (*remote.ConnectDomainEventCallbackRegisterAnyRet, error) {
	id, err := s.subscribe(c, events.Domain, a.EventID, domainKey(a.Dom))
	return &remote.ConnectDomainEventCallbackRegisterAnyRet{CallbackID: id}, err
}

func domainKey(d *remote.NonnullDomain) string {
	if d == nil {
		return ""
	}
	return string(d.UUID[:])
}

func (s *Service) callbackDeregister(c *dispatch.Call, a *remote.ConnectDomainEventCallbackDeregisterAnyArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.Domain, a.CallbackID)
}

func (s *Service) networkRegister(c *dispatch.Call, a *remote.ConnectNetworkEventRegisterAnyArgs) (*remote.ConnectNetworkEventRegisterAnyRet, error) {
	key := ""
	if a.Net != nil {
		key = string(a.Net.UUID[:])
	}
	id, err := s.subscribe(c, events.Network, a.EventID, key)
	return &remote.ConnectNetworkEventRegisterAnyRet{CallbackID: id}, err
}

func (s *Service) networkDeregister(c *dispatch.Call, a *remote.ConnectNetworkEventDeregisterAnyArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.Network, a.CallbackID)
}

func (s *Service) poolRegister(c *dispatch.Call, a *remote.ConnectStoragePoolEventRegisterAnyArgs) (*remote.ConnectStoragePoolEventRegisterAnyRet, error) {
	key := ""
	if a.Pool != nil {
		key = string(a.Pool.UUID[:])
	}
	id, err := s.subscribe(c, events.StoragePool, a.EventID, key)
	return &remote.ConnectStoragePoolEventRegisterAnyRet{CallbackID: id}, err
}

func (s *Service) poolDeregister(c *dispatch.Call, a *remote.ConnectStoragePoolEventDeregisterAnyArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.StoragePool, a.CallbackID)
}

func (s *Service) deviceRegister(c *dispatch.Call, a *remote.ConnectNodeDeviceEventRegisterAnyArgs) (*remote.ConnectNodeDeviceEventRegisterAnyRet, error) {
	key := ""
	if a.Dev != nil {
		key = a.Dev.Name
	}
	id, err := s.subscribe(c, events.NodeDevice, a.EventID, key)
	return &remote.ConnectNodeDeviceEventRegisterAnyRet{CallbackID: id}, err
}

func (s *Service) deviceDeregister(c *dispatch.Call, a *remote.ConnectNodeDeviceEventDeregisterAnyArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.NodeDevice, a.CallbackID)
}

func (s *Service) secretRegister(c *dispatch.Call, a *remote.ConnectSecretEventRegisterAnyArgs) (*remote.ConnectSecretEventRegisterAnyRet, error) {
	key := ""
	if a.Secret != nil {
		key = string(a.Secret.UUID[:])
	}
	id, err := s.subscribe(c, events.Secret, a.EventID, key)
	return &remote.ConnectSecretEventRegisterAnyRet{CallbackID: id}, err
}

func (s *Service) secretDeregister(c *dispatch.Call, a *remote.ConnectSecretEventDeregisterAnyArgs) (*dispatch.Void, error) {
	return s.unsubscribe(c, events.Secret, a.CallbackID)
}
