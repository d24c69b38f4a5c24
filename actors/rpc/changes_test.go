package rpc

import (
	"errors"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/supervisor/act"
)

// Limits that were set live are carried on; those that were not follow the
// configuration of the next program, and give way where they do not suit.
func TestChangesAreCarriedOn(t *testing.T) {
	written := Limits{Limits: act.Limits{Min: 5, Max: 20, Priority: 5}, MaxClients: 5000, MaxAnonymousClients: 20, MaxClientRequests: 5}
	live := written
	live.Max, live.MaxClients, live.MaxAnonymousClients = 8, 30, 30
	c := live.since(written)
	if len(c) != 3 {
		t.Errorf("%v", c)
	}
	next := Limits{Limits: act.Limits{Min: 9, Max: 40, Priority: 1}, MaxClients: 100, MaxAnonymousClients: 50, MaxClientRequests: 7}
	c.apply(&next)
	want := Limits{Limits: act.Limits{Min: 8, Max: 8, Priority: 1}, MaxClients: 30, MaxAnonymousClients: 30, MaxClientRequests: 7}
	if next != want {
		t.Errorf("got %+v, want %+v", next, want)
	}
	if again := written; len(again.since(written)) != 0 {
		t.Error("nothing was changed")
	}
	next = written
	changes{"max_clients": -1, "no_such": 4}.apply(&next)
	if next.MaxClients != 0 || next.MaxAnonymousClients != 0 {
		t.Errorf("%+v", next)
	}
}

func TestRefusedChangesLeaveAll(t *testing.T) {
	r := newRig(t, few(nil))
	before, bad := r.server.Limits(), errors.New("bad")
	err := r.server.ChangeLimits(func(l *Limits) error {
		l.MaxClients, l.Max = 1, 1
		return bad
	})
	if !errors.Is(err, bad) || r.server.Limits() != before || r.server.Stats().Max != before.Max {
		t.Errorf("%v: now %+v, before %+v", err, r.server.Limits(), before)
	}
}

func TestClientsAreCountedAndFound(t *testing.T) {
	r := newRig(t, few(nil), with((*rig).hostname), func(_ *rig, _ *Options, listeners []*Listener) { listeners[1].Guard(dispatch.AuthPolkit) })
	r.open()
	stranger := wiretest.Dial(t, r.readOnly)
	_ = stranger.Call(remote.ProcConnectGetHostname, nil, nil)
	if all, strangers := r.server.NumClients(); all != 2 || strangers != 1 {
		t.Errorf("%d clients, %d of them strangers", all, strangers)
	}
	info, found := r.server.Client(2)
	if !found || !info.ReadOnly || info.Authenticated || info.Transport != UNIX || info.Identity.PID <= 0 {
		t.Errorf("%v %+v", found, info)
	}
	if _, found := r.server.Client(3); found {
		t.Error("a client that is not there")
	}
}
