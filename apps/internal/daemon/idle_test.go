package daemon

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/supervisor/gen"
)

// watch runs an idle watch of ten seconds and gives when it fired.
func watch(t *testing.T, busy *atomic.Bool, clients *atomic.Uint64, f func(tree *tree, fired func() bool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tree := &tree{system: gen.NewSystem(), idled: make(chan struct{}, 1)}
		tree.patience.Store(10)
		sys := tree.system
		ref, err := sys.Start(gen.Child{Name: idleName, Register: true, New: func() gen.Behavior {
			return &idleWatch{timeout: &tree.patience, busy: busy.Load, clients: clients.Load, idled: tree.idled}
		}})
		if err != nil {
			t.Fatal(err)
		}
		f(tree, func() bool { synctest.Wait(); return len(tree.idled) > 0 })
		if err := sys.Stop(ref, gen.Shutdown); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleDaemonsEnd(t *testing.T) {
	var busy atomic.Bool
	var clients atomic.Uint64
	watch(t, &busy, &clients, func(_ *tree, fired func() bool) {
		time.Sleep(9 * time.Second)
		if fired() {
			t.Error("too early")
		}
		if time.Sleep(2 * time.Second); !fired() {
			t.Error("not at all")
		}
	})
}

func TestBusyDaemonsStay(t *testing.T) {
	var busy atomic.Bool
	var clients atomic.Uint64
	busy.Store(true)
	watch(t, &busy, &clients, func(_ *tree, fired func() bool) {
		time.Sleep(time.Hour)
		busy.Store(false)
		time.Sleep(10*time.Second - time.Nanosecond)
		if fired() {
			t.Error("the time before counts")
		}
		if time.Sleep(3 * time.Second); !fired() {
			t.Error("not at all")
		}
	})
}

// Clients that come and go between two looks keep the daemon as well.
func TestShortVisitsCount(t *testing.T) {
	var busy atomic.Bool
	var clients atomic.Uint64
	watch(t, &busy, &clients, func(_ *tree, fired func() bool) {
		for range 20 {
			time.Sleep(8 * time.Second)
			clients.Add(1)
		}
		if fired() {
			t.Error("it fired while clients came")
		}
		if time.Sleep(13 * time.Second); !fired() {
			t.Error("not at all")
		}
	})
}

// A timeout that is changed while the daemon runs counts from then on, and none at all keeps it.
func TestTimeoutsAreSetLive(t *testing.T) {
	var busy atomic.Bool
	var clients atomic.Uint64
	watch(t, &busy, &clients, func(tree *tree, fired func() bool) {
		tree.SetTimeout(0)
		if time.Sleep(time.Hour); fired() {
			t.Error("no timeout, and it fired")
		}
		tree.SetTimeout(100)
		if time.Sleep(99 * time.Second); fired() {
			t.Error("the time before counts")
		}
		if time.Sleep(3 * time.Second); !fired() {
			t.Error("not at all")
		}
		<-tree.idled
		busy.Store(true)
		tree.SetTimeout(2)
		if time.Sleep(time.Hour); fired() {
			t.Error("it fired while busy")
		}
		busy.Store(false)
		if time.Sleep(4 * time.Second); !fired() {
			t.Error("a shorter timeout did not count")
		}
	})
}
