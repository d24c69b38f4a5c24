package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"virtree.dev/internal/logging"
	"virtree.dev/supervisor/gen"
)

// watch runs an idle watch of ten seconds and gives when it fired.
func watch(t *testing.T, busy *atomic.Bool, clients *atomic.Uint64, f func(fired func() bool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		idled := make(chan struct{}, 1)
		sys := gen.NewSystem()
		ref, err := sys.Start(gen.Child{Name: "idle", New: func() gen.Behavior {
			return &idleWatch{timeout: 10 * time.Second, busy: busy.Load, clients: clients.Load, idled: idled}
		}})
		if err != nil {
			t.Fatal(err)
		}
		f(func() bool { synctest.Wait(); return len(idled) > 0 })
		if err := sys.Stop(ref, gen.Shutdown); err != nil {
			t.Error(err)
		}
	})
}

func TestIdleDaemonsEnd(t *testing.T) {
	var busy atomic.Bool
	var clients atomic.Uint64
	watch(t, &busy, &clients, func(fired func() bool) {
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
	watch(t, &busy, &clients, func(fired func() bool) {
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
	watch(t, &busy, &clients, func(fired func() bool) {
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

// What nobody else hears of is in the log: a panic with its stack, an end in
// disorder, a process that does not stop.
func TestReportsAreLogged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l := logging.New("1")
	if err := l.SetOutputs("3:file:" + path); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	report := reportTo(l.Logger("supervisor"))
	report(gen.Report{Path: "a/b", Name: "reader", Reason: &gen.PanicError{Value: "oops", Stack: []byte("the stack")}})
	report(gen.Report{Path: "a/c", Reason: errors.New("broken")})
	report(gen.Report{Path: "a/d", Reason: errors.New("a/d: stuck"), Stuck: true})
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{" : process a/b/reader: panic: oops\nthe stack\n", " : process a/c ended: broken\n", " : a/d: stuck\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
