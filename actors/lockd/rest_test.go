package lockd

import (
	"os"
	"testing"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

// rested gives a resource that came and went until its file stayed.
func rested(t *testing.T) *rig {
	t.Helper()
	r := newRig(t, keep.None{})
	if !r.space.local.Load() {
		t.Skip("needs a local file system for temporary files")
	}
	for range 1000 {
		r.must(r.acquire(machine(1), "x", autocreate))
		r.must(r.release(machine(1), "x"))
		if r.there("x") {
			return r
		}
	}
	t.Fatal("its file never stayed")
	return nil
}

func TestFilesStayForWhoComesAndGoes(t *testing.T) {
	r := newRig(t, keep.None{})
	for range restRounds - 1 {
		r.must(r.acquire(machine(1), "x", autocreate))
		r.must(r.release(machine(1), "x"))
		if r.there("x") {
			t.Fatal("its file stays too soon")
		}
	}
	r = rested(t)
	if !r.free(r.path("x")) {
		t.Error("it is still locked")
	}
	r.must(r.acquire(machine(2), "x", autocreate))
	if r.free(r.path("x")) {
		t.Error("it is not locked")
	}
	r.busy(r.acquire(machine(1), "x", autocreate), "x")
	r.must(r.release(machine(2), "x"))
	if r.clear(time.Now()) || r.there("x") {
		t.Error("its file was not cleared away")
	}
}

func TestFilesThatStayedAndWentToOthers(t *testing.T) {
	r := rested(t)
	other, err := sys.OpenLease(r.path("x"), false)
	r.must(err)
	defer other.Close()
	r.must(other.Lock(false))
	r.busy(r.acquire(machine(1), "x", autocreate), "x")
	r.clear(time.Now())
	if !r.there("x") {
		t.Error("the file of another daemon was taken away")
	}

	r = rested(t)
	r.must(os.Remove(r.path("x"))) // as another daemon does on release
	r.must(r.acquire(machine(1), "x", autocreate))
	if !r.there("x") || r.free(r.path("x")) {
		t.Errorf("what is locked is not the file of that name: there %v", r.there("x"))
	}

	r = rested(t)
	r.must(os.Remove(r.path("x")))
	r.must(os.WriteFile(r.path("x"), nil, 0o600))
	r.clear(time.Now())
	if !r.there("x") {
		t.Error("the file of another daemon was taken away in the place of ours")
	}
}

func TestFilesThatStayedForAShare(t *testing.T) {
	r := rested(t)
	r.must(r.acquire(machine(1), "x", autocreate|shared))
	r.must(r.release(machine(1), "x"))
	if r.there("x") {
		t.Error("its file was not taken away")
	}
}

func TestNobodyIsRefusedForAFileThatIsClearedAway(t *testing.T) {
	r := rested(t)
	stop, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			select {
			case <-stop:
				return
			default:
				time.Sleep(100 * time.Microsecond) // it comes and goes often enough for its file to stay
				r.clear(time.Now())
			}
		}
	}()
	for range 5000 {
		r.must(r.acquire(machine(1), "x", autocreate))
		r.must(r.release(machine(1), "x"))
	}
	close(stop)
	<-over
}
