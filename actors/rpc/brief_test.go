package rpc

import (
	"context"
	"sync/atomic"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
)

// briefRig has a call that waits for go-ahead on a worker, and one that is brief.
func briefRig(t *testing.T) (r *rig, goOn chan struct{}, onReader *atomic.Bool) {
	goOn, onReader = make(chan struct{}), new(atomic.Bool)
	r = newRig(t, few(nil), with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcConnectGetHostname, dispatch.Worker, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
			<-goOn
			return &remote.ConnectGetHostnameRet{Hostname: "slow"}, nil
		})
		dispatch.Handle(r.table, remote.ProcConnectGetType, dispatch.Worker, func(c *dispatch.Call, _ *dispatch.Void) (*remote.ConnectGetTypeRet, error) {
			onReader.Store(c.Slot == nil)
			return &remote.ConnectGetTypeRet{Type: "brief"}, nil
		})
		r.table.Brief(remote.ProcConnectGetType, func([]byte) bool { return true })
	}))
	return r, goOn, onReader
}

func TestBriefCallsRunOnTheReader(t *testing.T) {
	r, _, onReader := briefRig(t)
	c := r.open()
	r.eventually("nothing is in hand", func() bool { return r.client().info().Requests == 0 })
	if err := c.Call(remote.ProcConnectGetType, nil, nil); err != nil || !onReader.Load() {
		t.Errorf("%v, on the reader: %v", err, onReader.Load())
	}
}

func TestBriefCallsKeepTheirPlace(t *testing.T) {
	r, goOn, onReader := briefRig(t)
	c := r.open()
	slow, brief := c.Header(remote.ProcConnectGetHostname), c.Header(remote.ProcConnectGetType)
	l := r.server.Limits()
	l.MaxClientRequests = 1
	r.server.SetLimits(l)
	c.Send(slow, nil)
	c.Send(brief, nil)
	r.eventually("the second call waits", func() bool {
		k := r.client()
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.parked) == 1
	})
	close(goOn)
	if first, second := c.Receive(), c.Receive(); first.Serial != slow.Serial || second.Serial != brief.Serial {
		t.Errorf("answered %d, then %d", first.Serial, second.Serial)
	}
	if onReader.Load() {
		t.Error("it ran on the reader before its turn")
	}
}

func TestBriefCallsWaitForTheEndOfAHold(t *testing.T) {
	r, _, onReader := briefRig(t)
	c := r.open()
	if err := r.server.Hold(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.Send(c.Header(remote.ProcConnectGetType), nil)
	r.eventually("the call waits", func() bool {
		k := r.client()
		k.mu.Lock()
		defer k.mu.Unlock()
		return len(k.parked) == 1
	})
	r.server.GoOn()
	if f := c.Receive(); f.Serial != c.Serial || onReader.Load() {
		t.Errorf("answered %d of %d, on the reader: %v", f.Serial, c.Serial, onReader.Load())
	}
}
