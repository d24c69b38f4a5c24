package lockd

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/internal/sys"
	"virtree.dev/protocol/virerr"
	"virtree.dev/supervisor/keep"
)

func TestExclusive(t *testing.T) {
	r := newRig(t, keep.None{})
	a, b := machine(1), machine(2)
	r.refused(r.acquire(a, "x", 0), virerr.SystemError, "Unable to open resource "+r.path("x")+": No such file or directory")
	r.must(r.acquire(a, "x", autocreate))
	if r.free(r.path("x")) {
		t.Error("its file is not locked")
	}
	r.busy(r.acquire(b, "x", autocreate), "x")
	r.busy(r.acquire(a, "x", autocreate), "x")
	r.busy(r.acquire(b, "x", autocreate|shared), "x")
	r.busy(r.create(context.Background(), r.space, "x"), "x")
	r.busy(r.remove(context.Background(), r.space, "x"), "x")
	r.refused(r.release(b, "x"), virerr.InternalError, "internal error: owner 100002 does not hold the resource lock")
	r.must(r.release(a, "x"))
	if r.there("x") {
		t.Error("its file was not taken away")
	}
	r.refused(r.release(a, "x"), virerr.ResourceBusy, "resource busy: Lockspace resource 'x' is not locked")
	r.must(r.acquire(b, "x", autocreate))
}

func TestShared(t *testing.T) {
	r := newRig(t, keep.None{})
	a, b := machine(1), machine(2)
	r.must(r.acquire(a, "x", shared|autocreate))
	r.must(r.acquire(b, "x", shared|autocreate))
	r.must(r.acquire(b, "x", shared)) // twice, as in libvirt
	r.busy(r.acquire(b, "x", autocreate), "x")
	other, err := sys.OpenLease(r.path("x"), false)
	r.must(err)
	defer other.Close()
	r.must(other.Lock(true))
	r.must(r.release(a, "x"))
	r.must(r.release(b, "x"))
	if !r.there("x") {
		t.Fatal("its file went while it was held")
	}
	r.must(r.release(b, "x"))
	if !r.there("x") {
		t.Error("its file went while another host had it")
	}
	r.must(other.Unlock())
	r.must(r.acquire(a, "x", shared|autocreate))
	r.must(r.release(a, "x"))
	if r.there("x") {
		t.Error("its file stayed though nobody had it")
	}
}

func TestFilesThatAreNotOurs(t *testing.T) {
	r := newRig(t, keep.None{})
	a, b := machine(1), machine(2)
	r.must(r.create(context.Background(), r.space, "x"))
	r.must(r.acquire(a, "x", 0))
	r.must(r.release(a, "x"))
	if !r.there("x") {
		t.Error("a file that we did not make went")
	}
	r.must(r.remove(context.Background(), r.space, "x"))
	r.must(r.remove(context.Background(), r.space, "x")) // as in libvirt
	if r.there("x") {
		t.Error("the file is still there")
	}
	image := filepath.Join(t.TempDir(), "image")
	r.must(os.WriteFile(image, []byte("content"), 0o600))
	r.space = r.direct
	r.must(r.acquire(a, image, 0))
	link := image + ".link"
	r.must(os.Symlink(image, link))
	err := r.acquire(b, link, 0)
	r.busy(err, link)
	if want := "held by domain 'vm1' (pid 100001) on host 'here' since "; !strings.Contains(err.Error(), want) {
		t.Errorf("%v lacks %q", err, want)
	}
	r.must(r.release(a, image))
	if b, _ := os.ReadFile(image); string(b) != "content" || !r.free(image) {
		t.Errorf("content %q, free %v", b, r.free(image))
	}
}

func TestWaitersForOneResourceAlone(t *testing.T) {
	r := newRig(t, keep.None{})
	a, b := machine(1), machine(2)
	r.must(r.acquire(a, "slow", autocreate))
	r.mu.Lock()
	r.space.resources["slow"].busy = true // as if the server did not answer
	r.mu.Unlock()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- r.locks.acquire(ctx, b, r.space, "slow", autocreate) }()
	r.must(r.acquire(b, "x", autocreate))
	r.must(r.release(b, "x"))
	cancel()
	if err := <-ended; err == nil {
		t.Error("the acquire was answered")
	}
	go func() { ended <- r.locks.release(context.Background(), r.space, "slow", a.owner.PID) }()
	r.eventually("the release waits", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.space.resources["slow"].idle != nil
	})
	r.mu.Lock()
	r.space.resources["slow"].settle()
	r.mu.Unlock()
	r.must(<-ended)
}

func TestNotesTellOtherHosts(t *testing.T) {
	r := newRig(t, keep.None{})
	there := newRig(t, keep.None{})
	there.host, there.space = "there", there.add(r.space.dir)
	a := machine(1)
	r.must(r.acquire(a, "x", autocreate))
	for _, list := range r.takeFresh() {
		r.writeNotes(list)
	}
	err := there.acquire(machine(2), "x", autocreate)
	there.busy(err, "x")
	if want := "is locked: held by domain 'vm1' (pid 100001) on host 'here' since "; !strings.Contains(err.Error(), want) {
		t.Errorf("%v lacks %q", err, want)
	}
	// The host dies: whoever comes next is not taken for it.
	r.mu.Lock()
	lease := r.space.resources["x"].lease
	r.mu.Unlock()
	lease.Close()
	there.must(there.acquire(machine(2), "x", autocreate))
	if b, err := os.ReadFile(r.path("x")); err != nil || len(b) != 0 {
		t.Errorf("the note of the former holder stayed: %q, %v", b, err)
	}
	there.must(there.release(machine(2), "x"))
	r.must(os.WriteFile(r.path("y"), []byte("theirs"), 0o600))
	there.must(there.acquire(a, "y", autocreate))
	for _, list := range there.takeFresh() {
		there.writeNotes(list)
	}
	if b, _ := os.ReadFile(r.path("y")); string(b) != "theirs" {
		t.Errorf("content that is not ours became %q", b)
	}
}

func TestHolderThatIsAProcess(t *testing.T) {
	r := newRig(t, keep.None{})
	image := filepath.Join(t.TempDir(), "image")
	f, err := os.Create(image)
	r.must(err)
	defer f.Close()
	r.must(syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: syscall.F_WRLCK, Len: 1}))
	r.space = r.direct
	err = r.acquire(machine(1), image, 0)
	r.busy(err, image)
	if !strings.Contains(err.Error(), "held by process ") || !strings.HasSuffix(err.Error(), "on host 'here'") {
		t.Error(err)
	}
}

func TestKeptBeyondDeath(t *testing.T) {
	s := newStore()
	r := newRig(t, s)
	mine := machine(1)
	mine.owner.PID, mine.owner.Start = os.Getpid(), started(os.Getpid())
	foreign := machine(2)
	r.must(r.acquire(mine, "mine", autocreate))
	r.must(r.acquire(foreign, "foreign", autocreate))
	r.must(r.acquire(mine, "gone", autocreate))
	r.must(r.release(mine, "gone"))
	r.must(r.acquire(mine, "both", shared|autocreate))
	r.must(r.acquire(foreign, "both", shared|autocreate))
	if s.keys() != 3 {
		t.Errorf("%d locks are kept", s.keys())
	}
	// kill -9 closes the descriptors; only the duplicates are left.
	r.all(func(k *resource) { k.lease.Close() })
	next := &rig{t, newLocks("here", s, r.log), nil}
	next.restore()
	next.space = next.find(r.space.dir)
	if next.count() != 3 || r.free(r.path("mine")) || r.free(r.path("foreign")) {
		t.Errorf("%d locks, mine free: %v, foreign free: %v", next.count(), r.free(r.path("mine")), r.free(r.path("foreign")))
	}
	next.collect()
	if list, _ := next.takeDue(); len(list) != 1 || list[0].pid != os.Getpid() || list[0].kill {
		t.Errorf("awaited: %+v", list)
	}
	next.busy(next.acquire(machine(3), "mine", autocreate), "mine")
	// Whoever did not hear that it has the lock asks again.
	next.must(next.acquire(mine, "mine", autocreate))
	next.busy(next.acquire(mine, "mine", autocreate), "mine")
	next.must(next.release(mine, "mine"))
	next.must(next.release(foreign, "foreign"))
	next.must(next.release(mine, "both"))
	next.must(next.release(foreign, "both"))
	if s.keys() != 0 || next.there("mine") || next.there("both") {
		t.Errorf("%d locks are kept, files: %v %v", s.keys(), next.there("mine"), next.there("both"))
	}
	next.must(next.acquire(machine(4), "fresh", autocreate)) // with a key of its own
	if s.keys() != 1 {
		t.Errorf("%d locks are kept", s.keys())
	}
}

func TestWhatCannotBeKeptIsNotHeld(t *testing.T) {
	s := newStore()
	s.fails = true
	r := newRig(t, s)
	if err := r.acquire(machine(1), "x", autocreate); err == nil {
		t.Error("it was acquired")
	}
	if r.there("x") || r.count() != 0 {
		t.Errorf("the file is there: %v, %d held", r.there("x"), r.count())
	}
}

func TestEndOfAnOwner(t *testing.T) {
	r := newRig(t, keep.None{})
	own, other := machine(1), machine(2)
	own.pid = own.owner.PID
	r.must(r.acquire(own, "x", autocreate))
	r.must(r.acquire(other, "y", autocreate))
	r.locks.end(other) // spoke for somebody else
	r.locks.end(own)
	list, _ := r.takeDue()
	if len(list) != 1 || list[0].pid != own.pid || !list[0].kill {
		t.Fatalf("awaited: %+v", list)
	}
	// What it was about to get when it went it does not get.
	r.must(r.acquire(own, "z", autocreate))
	if r.there("z") {
		t.Error("it got a lock after its end")
	}
	for _, s := range r.spacesOf(own.pid) {
		r.must(r.releaseAll(context.Background(), s, own.pid))
	}
	if r.there("x") || !r.there("y") || r.count() != 1 || r.held[own.pid] != 0 {
		t.Errorf("x %v y %v, %d held", r.there("x"), r.there("y"), r.count())
	}
}

func TestNoteTexts(t *testing.T) {
	since := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		note note
		want string
	}{
		{note{Host: "h", Domain: "web", PID: 4, Since: since}, "domain 'web' (pid 4) on host 'h' since 2026-01-02 03:04:05+0000"},
		{note{Host: "h", Domain: "web"}, "domain 'web' on host 'h'"},
		{note{PID: 4}, "process 4"},
	} {
		if got := tt.note.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}

func FuzzNote(f *testing.F) {
	f.Add([]byte(`{"virtlockd":1,"host":"h","domain":"web","pid":4,"since":"2026-01-02T03:04:05Z"}`))
	f.Add([]byte(`{"virtlockd":2}`))
	f.Add([]byte(`{"virtlockd":1,"host":"a\nb"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, ok := parseNote(data)
		if ok && strings.ContainsAny(n.String(), "\n\r\x00\x1b") {
			t.Errorf("%q", n.String())
		}
	})
}

func FuzzFirstString(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 'x', 0, 0, 0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, ok := firstString(data); ok && len(s) > len(data)-4 {
			t.Errorf("%d bytes of %d", len(s), len(data))
		}
	})
}
