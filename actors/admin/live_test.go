package admin

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
)

// A raised limit lets in who waits, a lowered one keeps out who comes.
func TestClientLimitsCountAtOnce(t *testing.T) {
	r := newRig(t, few)
	c := r.client()
	r.user()
	if err := setLimits(c, param(clientsMax, 1), param(clientsUnauthMax, 0)); err != nil {
		t.Fatal(err)
	}
	waits := wiretest.Dial(t, r.path)
	waits.Send(waits.Header(remote.ProcConnectGetHostname), nil)
	served := make(chan struct{})
	go func() {
		if _, err := waits.Next(); err == nil {
			close(served)
		}
	}()
	select {
	case <-served:
		t.Fatal("served beyond the limit")
	case <-time.After(50 * time.Millisecond):
	}
	if got := limits(c, "main"); got[clientsMax] != 1 || got[clientsNow] != 1 || got[clientsUnauthMax] != 0 || got[clientsUnauthNow] != 0 {
		t.Errorf("%v", got)
	}
	if err := setLimits(c, param(clientsMax, 2)); err != nil {
		t.Fatal(err)
	}
	<-served
	if got := limits(c, "main"); got[clientsMax] != 2 || got[clientsNow] != 2 {
		t.Errorf("%v", got)
	}
}

// A smaller pool shrinks when the calls that run are through, a larger one begins what waits.
func TestWorkersCountAtOnce(t *testing.T) {
	r := newRig(t, few)
	c := r.client()
	var users []*wiretest.Client
	for range 5 {
		u := r.user()
		u.Send(u.Header(remote.ProcConnectGetCapabilities), nil)
		users = append(users, u)
	}
	is := func(now, free, queue uint32) func() bool {
		return func() bool {
			w := workers(c, "main")
			return w[workersNow] == now && w[workersFree] == free && w[queueDepth] == queue
		}
	}
	r.eventually("three run and two wait", is(3, 0, 2))
	if err := setWorkers(c, param(workersMax, 4)); err != nil {
		t.Fatal(err)
	}
	r.eventually("four run and one waits", is(4, 0, 1))
	if err := setWorkers(c, param(workersMax, 2), param(workersPriority, 7)); err != nil {
		t.Fatal(err)
	}
	if !is(4, 0, 1)() {
		t.Errorf("those that run do not count any more: %v", workers(c, "main"))
	}
	r.hold <- struct{}{}
	r.hold <- struct{}{}
	r.eventually("two run and one waits", is(2, 0, 1))
	close(r.hold)
	for _, u := range users {
		if err := u.Answer(nil); err != nil {
			t.Error(err)
		}
	}
	r.eventually("two are free", is(2, 2, 0))
	if err := setWorkers(c, param(workersMin, 2)); err != nil {
		t.Fatal(err)
	}
	if w := workers(c, "main"); w[workersMin] != 2 || w[workersMax] != 2 || w[workersPriority] != 7 {
		t.Errorf("%v", w)
	}
}

// Two who change different settings at once both have their way.
func TestChangesDoNotUndoEachOther(t *testing.T) {
	r := newRig(t, few)
	var all sync.WaitGroup
	for _, name := range []string{clientsMax, clientsUnauthMax} {
		c := r.client()
		all.Add(1)
		go func() {
			defer all.Done()
			for i := range 200 {
				n := uint32(1000 + i)
				if name == clientsUnauthMax {
					n = uint32(i + 1)
				}
				if err := setLimits(c, param(name, n)); err != nil {
					t.Errorf("%s = %d: %v", name, n, err)
				}
				if got := limits(c, "main")[name]; got != n {
					t.Errorf("%s is %d, want %d", name, got, n)
				}
			}
		}()
	}
	all.Wait()
}

// storming is how many clients call while everything is changed under them.
const storming = 100

func TestLiveChangesWhileClientsCall(t *testing.T) {
	r := newRig(t, few)
	close(r.hold)
	var stop atomic.Bool
	var calls atomic.Int64
	var all sync.WaitGroup
	for range storming {
		u := r.user()
		all.Add(1)
		go func() {
			defer all.Done()
			for !stop.Load() {
				if !twoCalls(t, u) {
					return
				}
				calls.Add(2)
			}
		}()
	}
	c := r.client()
	for i := range uint32(200) {
		for _, err := range []error{
			errorOf(setWorkers(c, param(workersMin, i%2), param(workersMax, 1+i%7), param(workersPriority, i%3))),
			errorOf(setLimits(c, param(clientsMax, 20+i), param(clientsUnauthMax, i%20))),
		} {
			if err != nil {
				t.Error(err)
			}
		}
		if n := limits(c, "main")[clientsNow]; n != storming {
			t.Fatalf("%d clients of %d are left", n, storming)
		}
	}
	stop.Store(true)
	all.Wait()
	if calls.Load() == 0 {
		t.Error("nothing was called meanwhile")
	}
}

// twoCalls makes a call that is answered at once and one for a worker.
func twoCalls(t *testing.T, u *wiretest.Client) bool {
	want := map[uint32]bool{}
	for _, proc := range []int32{remote.ProcConnectGetHostname, remote.ProcConnectGetCapabilities} {
		h := u.Header(proc)
		want[h.Serial] = true
		if _, err := u.Conn.Write(wire.AppendRaw(nil, h, nil)); err != nil {
			t.Errorf("a client was cut off: %v", err)
			return false
		}
	}
	for len(want) > 0 {
		f, err := u.Next()
		if err != nil || !want[f.Serial] || f.Status != wire.OK {
			t.Errorf("%+v, %v", f.Header, err)
			return false
		}
		delete(want, f.Serial)
	}
	return true
}
