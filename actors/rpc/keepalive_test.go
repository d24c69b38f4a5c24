package rpc

import (
	"testing"
	"time"

	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
)

func asks(interval time.Duration, count int) Limits {
	return few(func(l *Limits) { l.KeepaliveInterval, l.KeepaliveCount = interval, count })
}

// agree says that the client answers keepalives.
func agree(t *testing.T, c *wiretest.Client) {
	t.Helper()
	if err := c.Call(remote.ProcConnectSupportsFeature, &remote.ConnectSupportsFeatureArgs{Feature: 10}, nil); err != nil {
		t.Fatal(err)
	}
}

func pinged(t *testing.T, c *wiretest.Client) {
	t.Helper()
	if f := c.Receive(); f.Program != keepalive.ID || f.Procedure != keepalive.ProcPing || f.Type != wire.Message || f.Serial != 0 {
		t.Errorf("%+v instead of a ping", f.Header)
	}
}

// A client that does not answer is asked so many times, then closed.
func TestSilentClientIsClosed(t *testing.T) {
	r := newRig(t, asks(time.Hour, 2))
	c := r.dial()
	agree(t, c)
	now := time.Now()
	r.server.keepalives(now.Add(59 * time.Minute))
	for i := range 2 {
		now = now.Add(61 * time.Minute)
		r.server.keepalives(now)
		r.server.keepalives(now) // not again at once
		pinged(t, c)
		if n := r.clients(); n != 1 {
			t.Fatalf("gone after %d pings", i+1)
		}
	}
	r.server.keepalives(now.Add(time.Hour))
	if !c.Closed() {
		t.Error("still there")
	}
	r.eventually("it is gone", func() bool { return r.clients() == 0 })
}

// Whatever a client sends shows that it is there.
func TestClientThatAnswersStays(t *testing.T) {
	r := newRig(t, asks(time.Hour, 1))
	c := r.open()
	agree(t, c)
	k := r.client()
	late := time.Now().Add(61 * time.Minute)
	for _, answer := range []wire.Header{
		{Program: keepalive.ID, Version: 1, Procedure: keepalive.ProcPong, Type: wire.Message},
		c.Header(remote.ProcConnectGetURI),
	} {
		r.server.keepalives(late)
		pinged(t, c)
		before := k.heard.Load()
		c.Send(answer, nil)
		r.eventually("it is heard", func() bool { return k.heard.Load() != before })
		r.server.keepalives(time.Now())
		if n := k.pings.Load(); n != 0 {
			t.Errorf("%d pings are unanswered", n)
		}
	}
	if f := c.Receive(); f.Program != remote.ID {
		t.Errorf("%+v", f.Header)
	}
}

// Nobody is asked who did not agree, or whom no interval is set for.
func TestWhoIsNotAsked(t *testing.T) {
	r := newRig(t, asks(time.Hour, 0))
	c := r.open()
	r.server.keepalives(time.Now().Add(100 * time.Hour))
	if err := c.Call(remote.ProcConnectGetURI, nil, nil); err != nil {
		t.Error(err)
	}
	agree(t, c)
	l := r.server.Limits()
	l.KeepaliveInterval = -1
	r.server.SetLimits(l)
	r.server.keepalives(time.Now().Add(100 * time.Hour))
	if err := c.Call(remote.ProcConnectGetURI, nil, nil); err != nil {
		t.Error(err)
	}
}
