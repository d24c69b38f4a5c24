package rpc

import (
	"testing"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/supervisor/act"
)

func TestMaxClientsCountsEverySocket(t *testing.T) {
	r := newRig(t, few(func(l *Limits) { l.MaxClients = 2 }))
	first, second := r.open(), wiretest.Dial(t, r.readOnly)
	second.Open("")
	waits, alsoWaits := r.dial(), wiretest.Dial(t, r.readOnly)
	for _, c := range []*wiretest.Client{waits, alsoWaits} {
		c.Send(c.Header(remote.ProcAuthList), nil)
	}
	one, two := asked(waits), asked(alsoWaits)
	select {
	case <-one:
		t.Fatal("served beyond max_clients")
	case <-two:
		t.Fatal("served beyond max_clients")
	case <-time.After(50 * time.Millisecond):
	}
	if n := r.clients(); n != 2 {
		t.Errorf("%d clients", n)
	}
	first.Conn.Close()
	select {
	case <-one:
		one = nil
	case <-two:
		two = nil
	}
	if n := r.clients(); n != 2 {
		t.Errorf("%d clients after one went", n)
	}
	second.Conn.Close()
	if one != nil {
		<-one
	} else {
		<-two
	}
}

func TestMaxClientsMayBeRaised(t *testing.T) {
	r := newRig(t, few(func(l *Limits) { l.MaxClients = 1 }))
	r.open()
	waits := r.dial()
	waits.Send(waits.Header(remote.ProcAuthList), nil)
	served := asked(waits)
	l := r.server.Limits()
	l.MaxClients = 2
	r.server.SetLimits(l)
	<-served
}

// A client that does not say who it is keeps the place of one that does not; as
// soon as it has, the next stranger is let in.
func TestMaxAnonymousClients(t *testing.T) {
	r := newRig(t, few(func(l *Limits) { l.MaxAnonymousClients = 1 }), func(_ *rig, _ *Options, listeners []*Listener) { listeners[0].Guard(dispatch.AuthPolkit) })
	first, second := r.dial(), r.dial()
	r.eventually("the first is there", func() bool { return r.clients() == 1 })
	second.Send(second.Header(remote.ProcAuthList), nil)
	served := asked(second)
	select {
	case <-served:
		t.Fatal("served beyond max_anonymous_clients")
	case <-time.After(50 * time.Millisecond):
	}
	if err := first.Call(remote.ProcConnectGetType, nil, nil); err == nil || err.Message != "authentication required" {
		t.Error(err)
	}
	if err := first.Call(remote.ProcAuthList, nil, nil); err != nil {
		t.Error(err)
	}
	<-served
	third := r.dial()
	third.Send(third.Header(remote.ProcAuthList), nil)
	<-asked(third)
}

// The calls of a rig that was stuck: one that holds on to its worker, and one
// of high priority.
const (
	stuckCall = remote.ProcDomainCreate
	highCall  = remote.ProcDomainDestroy
)

// stuck puts in calls that hold on to their workers until release is closed.
func (r *rig) stuck(release chan struct{}) {
	dispatch.Handle(r.table, remote.ProcDomainCreate, dispatch.Worker, func(*dispatch.Call, *remote.DomainCreateArgs) (*dispatch.Void, error) {
		<-release
		return nil, nil
	})
	dispatch.Handle(r.table, remote.ProcDomainDestroy, dispatch.Worker, func(*dispatch.Call, *remote.DomainDestroyArgs) (*dispatch.Void, error) {
		return nil, nil
	})
}

// While ordinary workers are stuck, calls of high priority and keepalives are
// answered, and the counts are libvirt's.
func TestWorkersAndPriorityWorkers(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, few(func(l *Limits) { l.Limits = act.Limits{Min: 1, Max: 2, Priority: 1} }), with(func(r *rig) { r.stuck(release) }))
	if s := r.server.Stats(); s.Workers != 1 || s.Free != 1 || s.Queue != 0 || s.PriorityFree != 1 {
		t.Errorf("idle: %+v", s)
	}
	a, b := r.open(), r.open()
	for _, c := range []*wiretest.Client{a, a, b} {
		c.Send(c.Header(stuckCall), &remote.DomainCreateArgs{})
	}
	r.eventually("two calls run and one waits", func() bool {
		s := r.server.Stats()
		return s.Workers == 2 && s.Free == 0 && s.Queue == 1
	})
	if err := b.Call(highCall, &remote.DomainDestroyArgs{}, nil); err != nil {
		t.Error(err)
	}
	a.Send(wire.Header{Program: keepalive.ID, Version: 1, Procedure: keepalive.ProcPing, Type: wire.Message}, nil)
	if f := a.Receive(); f.Program != keepalive.ID || f.Procedure != keepalive.ProcPong {
		t.Errorf("%+v instead of a pong", f.Header)
	}
	close(release)
	for _, c := range []*wiretest.Client{a, a, b} {
		if err := c.Answer(nil); err != nil {
			t.Error(err)
		}
	}
	r.eventually("all workers are free", func() bool { s := r.server.Stats(); return s.Free == 2 && s.Queue == 0 })
}

// Beyond its requests a client's calls are parked; beyond a bound of those it
// is not read from; in the end all are answered.
func TestRequestsOfOneClient(t *testing.T) {
	release := make(chan struct{})
	r := newRig(t, few(func(l *Limits) { l.Limits = act.Limits{Min: 9, Max: 9} }), with(func(r *rig) { r.stuck(release) }))
	c := r.open()
	const calls = 500
	var b []byte
	for range calls {
		b, _ = wire.Append(b, c.Header(stuckCall), &remote.DomainCreateArgs{})
	}
	go c.Write(b)
	parked := func() (running, waiting int) {
		k := r.client()
		k.mu.Lock()
		defer k.mu.Unlock()
		return k.requests, len(k.parked)
	}
	r.eventually("calls are parked", func() bool { running, waiting := parked(); return running == 3 && waiting >= parkedCalls })
	if _, waiting := parked(); waiting > parkedCalls {
		t.Errorf("%d calls are parked, at most %d", waiting, parkedCalls)
	}
	if n := r.server.pool.Active(); n != 3 {
		t.Errorf("%d calls run", n)
	}
	close(release)
	for range calls {
		if err := c.Answer(nil); err != nil {
			t.Fatal(err)
		}
	}
}
