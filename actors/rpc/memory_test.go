package rpc

import (
	"strings"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
)

// queued is how much a client has not read.
func (c *client) queued() int {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return len(c.out.data) - c.out.sent
}

// A client that calls and calls and reads nothing costs what is queued for it
// at the most, and is served again when it reads.
func TestUnreadRepliesAreBounded(t *testing.T) {
	const size = 64 << 10
	r := newRig(t, few(nil), with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcConnectGetCapabilities, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetCapabilitiesRet, error) {
			return &remote.ConnectGetCapabilitiesRet{Capabilities: strings.Repeat("x", size)}, nil
		})
	}))
	c := r.open()
	const calls = 400 // 26 MB of answers, all asked for in one read
	var b []byte
	for range calls {
		b, _ = wire.Append(b, c.Header(remote.ProcConnectGetCapabilities), nil)
	}
	c.Write(b)
	k := r.client()
	r.eventually("the queue is full", k.out.heavy.Load)
	r.eventually("the client is left alone", func() bool { return k.queued() >= unreadStop })
	if n := k.queued(); n > unreadStop+size+1000 {
		t.Errorf("%d bytes are queued", n)
	}
	for i := range calls {
		if f := c.Receive(); len(f.Payload) != size+4 || f.Serial != uint32(i+2) {
			t.Fatalf("answer %d: %d bytes, serial %d", i, len(f.Payload), f.Serial)
		}
	}
	if err := c.Call(remote.ProcConnectGetURI, nil, nil); err != nil {
		t.Error(err)
	}
}

// The same for calls that workers answer: no more are begun than have room.
func TestUnreadRepliesOfWorkersAreBounded(t *testing.T) {
	const size = 1 << 20
	r := newRig(t, few(nil), with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcDomainGetXMLDesc, dispatch.Worker, func(*dispatch.Call, *remote.DomainGetXMLDescArgs) (*remote.DomainGetXMLDescRet, error) {
			return &remote.DomainGetXMLDescRet{XML: strings.Repeat("x", size)}, nil
		})
	}))
	c := r.open()
	const calls = 40
	for range calls {
		c.Send(c.Header(remote.ProcDomainGetXMLDesc), &remote.DomainGetXMLDescArgs{})
	}
	k := r.client()
	r.eventually("the queue is full and nothing runs", func() bool { return k.out.heavy.Load() && r.server.pool.Active() == 0 })
	if n := k.queued(); n > unreadStop+4*size {
		t.Errorf("%d bytes are queued", n)
	}
	for range calls {
		if err := c.Answer(nil); err != nil {
			t.Fatal(err)
		}
	}
}

// A client that does not read its events is closed in the end; the others hear
// them all.
func TestUnreadEventsCloseTheClient(t *testing.T) {
	r := newRig(t, few(nil))
	deaf, good := r.open(), r.open()
	for _, c := range []*wiretest.Client{deaf, good} {
		if err := c.Call(remote.ProcConnectDomainEventRegister, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	dom := remote.NonnullDomain{Name: strings.Repeat("n", 100<<10)}
	for i := range 200 { // 20 MB
		r.bus.Domain(dom, 0, &remote.DomainEventLifecycleMsg{Dom: dom, Event: int32(i)})
		if f := good.Receive(); f.Procedure != remote.ProcDomainEventLifecycle {
			t.Fatalf("%+v", f.Header)
		}
	}
	r.eventually("the deaf one is closed", func() bool { return r.clients() == 1 })
}
