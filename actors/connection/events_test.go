package connection

import (
	"testing"

	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xdr"
)

// callbackKinds are the families of events that are numbered, with their procedures.
var callbackKinds = []struct {
	kind                 events.Kind
	register, deregister int32
	args                 func(id int32) xdr.Value
	ret                  func() (xdr.Value, *int32)
	off                  func(callback int32) xdr.Value
	unknown, unheard     string
}{
	{
		events.Domain, remote.ProcConnectDomainEventCallbackRegisterAny, remote.ProcConnectDomainEventCallbackDeregisterAny,
		func(id int32) xdr.Value { return &remote.ConnectDomainEventCallbackRegisterAnyArgs{EventID: id} },
		func() (xdr.Value, *int32) {
			r := new(remote.ConnectDomainEventCallbackRegisterAnyRet)
			return r, &r.CallbackID
		},
		func(c int32) xdr.Value { return &remote.ConnectDomainEventCallbackDeregisterAnyArgs{CallbackID: c} },
		"unsupported event ID 99", "domain event callback 77 not registered",
	},
	{
		events.Network, remote.ProcConnectNetworkEventRegisterAny, remote.ProcConnectNetworkEventDeregisterAny,
		func(id int32) xdr.Value { return &remote.ConnectNetworkEventRegisterAnyArgs{EventID: id} },
		func() (xdr.Value, *int32) {
			r := new(remote.ConnectNetworkEventRegisterAnyRet)
			return r, &r.CallbackID
		},
		func(c int32) xdr.Value { return &remote.ConnectNetworkEventDeregisterAnyArgs{CallbackID: c} },
		"unsupported network event ID 99", "network event callback 77 not registered",
	},
	{
		events.StoragePool, remote.ProcConnectStoragePoolEventRegisterAny, remote.ProcConnectStoragePoolEventDeregisterAny,
		func(id int32) xdr.Value { return &remote.ConnectStoragePoolEventRegisterAnyArgs{EventID: id} },
		func() (xdr.Value, *int32) {
			r := new(remote.ConnectStoragePoolEventRegisterAnyRet)
			return r, &r.CallbackID
		},
		func(c int32) xdr.Value { return &remote.ConnectStoragePoolEventDeregisterAnyArgs{CallbackID: c} },
		"unsupported storage pool event ID 99", "storage pool event callback 77 not registered",
	},
	{
		events.NodeDevice, remote.ProcConnectNodeDeviceEventRegisterAny, remote.ProcConnectNodeDeviceEventDeregisterAny,
		func(id int32) xdr.Value { return &remote.ConnectNodeDeviceEventRegisterAnyArgs{EventID: id} },
		func() (xdr.Value, *int32) {
			r := new(remote.ConnectNodeDeviceEventRegisterAnyRet)
			return r, &r.CallbackID
		},
		func(c int32) xdr.Value { return &remote.ConnectNodeDeviceEventDeregisterAnyArgs{CallbackID: c} },
		"unsupported node device event ID 99", "node device event callback 77 not registered",
	},
	{
		events.Secret, remote.ProcConnectSecretEventRegisterAny, remote.ProcConnectSecretEventDeregisterAny,
		func(id int32) xdr.Value { return &remote.ConnectSecretEventRegisterAnyArgs{EventID: id} },
		func() (xdr.Value, *int32) {
			r := new(remote.ConnectSecretEventRegisterAnyRet)
			return r, &r.CallbackID
		},
		func(c int32) xdr.Value { return &remote.ConnectSecretEventDeregisterAnyArgs{CallbackID: c} },
		"unsupported secret event ID 99", "node device event callback 77 not registered",
	},
}

func TestEveryKindOfEventIsRegistered(t *testing.T) {
	for _, k := range callbackKinds {
		t.Run(k.kind.String(), func(t *testing.T) {
			b := newBench(t, everything)
			if err := b.open("", 0); err != nil {
				t.Fatal(err)
			}
			b.refused(b.call(remote.ID, k.register, k.args(99), nil), virerr.InternalError, k.unknown)
			b.refused(b.call(remote.ID, k.register, k.args(-1), nil), virerr.InternalError, "event ID -1")
			b.refused(b.call(remote.ID, k.deregister, k.off(77), nil), virerr.InternalError, k.unheard)
			first, number := k.ret()
			second, another := k.ret()
			for _, ret := range []xdr.Value{first, second} {
				if err := b.call(remote.ID, k.register, k.args(0), ret); err != nil {
					t.Fatal(err)
				}
			}
			if *number == *another || b.bus.Subscribers(k.kind) != 2 {
				t.Error(*number, *another, b.bus.Subscribers(k.kind))
			}
			if err := b.call(remote.ID, k.deregister, k.off(*number), nil); err != nil || b.bus.Subscribers(k.kind) != 1 {
				t.Error(err, b.bus.Subscribers(k.kind))
			}
			b.session.End()
			if n := b.bus.Subscribers(k.kind); n != 0 {
				t.Errorf("%d subscriptions outlive their client", n)
			}
		})
	}
}

// What the drivers that are there do not tell of cannot be listened to.
func TestEventsOfDriversThatAreMissing(t *testing.T) {
	b := newBench(t, driver.Roster{withDefault{stub{kind: program.Hypervisor, scheme: "qemu"}}})
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	for _, k := range callbackKinds[1:] {
		b.refused(b.call(remote.ID, k.register, k.args(0), nil), virerr.NoSupport, "EventRegisterAny")
	}
}

func TestCallbacksOfOthersAreLeftAlone(t *testing.T) {
	b := newBench(t, everything)
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	foreign := &events.Subscription{Kind: events.Domain, Sink: new(client)}
	b.bus.Subscribe(foreign)
	args := &remote.ConnectDomainEventCallbackDeregisterAnyArgs{CallbackID: foreign.Callback}
	b.refused(b.call(remote.ID, remote.ProcConnectDomainEventCallbackDeregisterAny, args, nil), virerr.InternalError, "not registered")
	if b.bus.Subscribers(events.Domain) != 1 {
		t.Error("a client ended another's subscription")
	}
}

func TestTheOldWayOfListening(t *testing.T) {
	b := newBench(t, everything)
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	on := func(id int32) xdr.Value { return &remote.ConnectDomainEventRegisterAnyArgs{EventID: id} }
	off := func(id int32) xdr.Value { return &remote.ConnectDomainEventDeregisterAnyArgs{EventID: id} }
	b.refused(b.call(remote.ID, remote.ProcConnectDomainEventDeregister, nil, nil), virerr.InternalError, "domain event 0 not registered")
	b.refused(b.call(remote.ID, remote.ProcConnectDomainEventRegisterAny, on(16), nil), virerr.InternalError, "unsupported event ID 16")
	b.refused(b.call(remote.ID, remote.ProcConnectDomainEventDeregisterAny, off(16), nil), virerr.InternalError, "unsupported event ID 16")
	b.refused(b.call(remote.ID, remote.ProcConnectDomainEventDeregisterAny, off(3), nil), virerr.InternalError, "domain event 3 not registered")
	for _, step := range []struct {
		proc  int32
		args  xdr.Value
		total int
	}{
		{remote.ProcConnectDomainEventRegister, nil, 1},
		{remote.ProcConnectDomainEventRegisterAny, on(3), 2},
		{remote.ProcConnectDomainEventDeregister, nil, 1},
		{remote.ProcConnectDomainEventDeregisterAny, off(3), 0},
	} {
		if err := b.call(remote.ID, step.proc, step.args, nil); err != nil || b.bus.Subscribers(events.Domain) != step.total {
			t.Errorf("procedure %d: %v, %d subscriptions", step.proc, err, b.bus.Subscribers(events.Domain))
		}
	}
}

func TestMonitorEvents(t *testing.T) {
	b := newBench(t, everything)
	register := func(event *string, flags uint32) error {
		args := &qemuprog.ConnectDomainMonitorEventRegisterArgs{Event: event, Flags: flags}
		return b.call(qemuprog.ID, qemuprog.ProcConnectDomainMonitorEventRegister, args, nil)
	}
	b.session.Authenticate()
	b.refused(register(nil, 0), virerr.InternalError, "hypervisor connection not open")
	if err := b.open("", 0); err != nil {
		t.Fatal(err)
	}
	name, broken := "STOP", "["
	b.refused(register(nil, 4), virerr.InvalidArg, "unsupported flags (0x4)")
	b.refused(register(&broken, monitorRegex), virerr.InvalidArg, "failed to compile regex")
	for _, flags := range []uint32{0, monitorRegex, monitorNoCase, monitorRegex | monitorNoCase} {
		if err := register(&name, flags); err != nil {
			t.Error(flags, err)
		}
	}
	if err := register(&broken, 0); err != nil {
		t.Error("a name is no expression:", err)
	}
	b.refused(b.call(qemuprog.ID, qemuprog.ProcConnectDomainMonitorEventDeregister, &qemuprog.ConnectDomainMonitorEventDeregisterArgs{CallbackID: 77}, nil),
		virerr.InternalError, "qemu monitor event callback 77 not registered")
}
