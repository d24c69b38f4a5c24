package rpc

import (
	"testing"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
)

// Who does not authenticate gives up its place; nobody else is ended with it.
func TestStrangersDoNotStayForGood(t *testing.T) {
	r := newRig(t, few(func(l *Limits) { l.MaxAnonymousClients = 1 }), with((*rig).hostname),
		func(_ *rig, _ *Options, listeners []*Listener) { listeners[1].Guard(dispatch.AuthPolkit) })
	friend := r.open()
	stranger := wiretest.Dial(t, r.readOnly)
	stranger.Write([]byte{0, 0}) // half a length
	r.eventually("there is a stranger", func() bool { _, n := r.server.NumClients(); return n == 1 })
	next := wiretest.Dial(t, r.readOnly)
	r.server.dismissStrangers(time.Now().Add(strangerTime - time.Second))
	if all, strangers := r.server.NumClients(); all != 2 || strangers != 1 {
		t.Errorf("before its time: %d clients, %d of them strangers", all, strangers)
	}
	r.server.dismissStrangers(time.Now().Add(strangerTime + time.Second))
	if !stranger.Closed() {
		t.Error("the stranger stays")
	}
	_ = next.Call(remote.ProcConnectGetHostname, nil, nil) // is in now, and refused
	if err := friend.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
}
