package rpc

import (
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
)

// A thread that is stuck with one client has no other: whoever of its clients asks
// meanwhile is answered by a thread that is awake.
func TestReadersHelpOneThatIsLate(t *testing.T) {
	stuck, goOn := make(chan struct{}), make(chan struct{})
	inline := func(r *rig) {
		dispatch.Handle(r.table, remote.ProcConnectGetHostname, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
			close(stuck)
			<-goOn
			return &remote.ConnectGetHostnameRet{Hostname: "slow"}, nil
		})
		dispatch.Handle(r.table, remote.ProcConnectGetType, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetTypeRet, error) {
			return &remote.ConnectGetTypeRet{Type: "quick"}, nil
		})
	}
	r := newRig(t, few(nil), with(inline), func(_ *rig, o *Options, _ []*Listener) { o.Threads = 2 })
	clients := []*wiretest.Client{r.open(), r.open(), r.open()} // the first and the last share a reader
	slow := clients[0].Header(remote.ProcConnectGetHostname)
	clients[0].Send(slow, nil)
	<-stuck
	quick := clients[2].Header(remote.ProcConnectGetType)
	clients[2].Send(quick, nil)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		if f := clients[2].Receive(); f.Serial != quick.Serial {
			t.Errorf("answered %d of %d", f.Serial, quick.Serial)
		}
	}()
	r.eventually("the other reader helps", func() bool {
		if err := clients[1].Call(remote.ProcConnectGetType, nil, nil); err != nil {
			t.Fatal(err)
		}
		select {
		case <-answered:
			return true
		default:
			return false
		}
	})
	close(goOn)
	if f := clients[0].Receive(); f.Serial != slow.Serial {
		t.Errorf("answered %d of %d", f.Serial, slow.Serial)
	}
}
