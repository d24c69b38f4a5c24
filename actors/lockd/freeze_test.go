package lockd

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/zap"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

// files makes files of what was packed, as the next program finds them.
func files(f gen.Frozen) *gen.Frozen {
	for name, c := range f.Files {
		f.Files[name] = duplicate(c)
	}
	return &f
}

func TestFrozenLocksAreThoseThatWere(t *testing.T) {
	s := newStore()
	r := newRig(t, s)
	image := filepath.Join(t.TempDir(), "image")
	r.must(os.WriteFile(image, nil, 0o600))
	a, b := machine(1), machine(2)
	r.must(r.acquire(a, "x", autocreate))
	r.must(r.acquire(a, "y", shared|autocreate))
	r.must(r.acquire(b, "y", shared|autocreate))
	folder := r.space
	r.space = r.direct
	r.must(r.acquire(b, image, 0))
	frozen, _, err := r.pack()
	r.must(err)
	next := &rig{t, newLocks("here", s, zap.NewNop()), nil}
	next.must(next.unpack(files(frozen)))
	next.restore() // the store has them as well
	if next.count() != 3 {
		t.Fatalf("%d locks", next.count())
	}
	next.space = next.find(folder.dir)
	if want, got := r.show(), next.show(); want != got {
		t.Errorf("was %s\nis %s", want, got)
	}
	r.all(func(k *resource) { k.lease.Close() })
	next.busy(next.acquire(machine(3), "x", autocreate), "x")
	next.must(next.release(a, "y"))
	next.must(next.release(b, "y"))
	next.must(next.release(a, "x"))
	next.space = next.direct
	next.must(next.release(b, image))
	if !next.free(image) || s.keys() != 0 {
		t.Errorf("the image is free: %v, %d locks are kept", next.free(image), s.keys())
	}
}

// show gives the locks in a form that can be compared.
func (l *locks) show() string {
	var lines []string
	l.all(func(r *resource) { lines = append(lines, fmt.Sprintf("%s %q", r.space.dir, r.append(nil, 0))) })
	slices.Sort(lines)
	return fmt.Sprint(l.lastKey, lines)
}

func TestConnectionsThatEndWhileLocksArePacked(t *testing.T) {
	r := newRig(t, keep.None{})
	own := machine(1)
	own.pid = own.owner.PID
	r.must(r.acquire(own, "x", autocreate))
	r.must(r.acquire(machine(2), "y", autocreate))
	frozen, _, err := r.pack()
	r.must(err)
	r.locks.end(own)
	next := newLocks("here", keep.None{}, zap.NewNop())
	r.must(next.unpack(files(frozen)))
	next.collect()
	if list, _ := next.takeDue(); len(list) != 1 || list[0].pid != own.pid || !list[0].kill {
		t.Errorf("awaited: %+v", list)
	}
}

func TestNothingIsFrozenHalfDone(t *testing.T) {
	r := newRig(t, keep.None{})
	r.must(r.acquire(machine(1), "x", autocreate))
	r.space.resources["x"].busy = true
	if _, _, err := r.pack(); err == nil {
		t.Error("a resource that is being released was packed")
	}
}

func TestTakesOverFromLibvirt(t *testing.T) {
	r := newRig(t, newStore())
	image, folder := filepath.Join(t.TempDir(), "image"), r.space.dir
	r.must(os.WriteFile(image, nil, 0o600))
	r.must(os.WriteFile(r.path("y"), nil, 0o600))
	open := func(path string, kind int16) int {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		r.must(err)
		r.must(syscall.FcntlFlock(f.Fd(), syscall.F_SETLK, &syscall.Flock_t{Type: kind, Len: 1}))
		return int(duplicate(f).Fd()) // f stays open: to close it would free the lock
	}
	text := fmt.Sprintf(`{
		"defaultLockspace": {"resources": [{"name": %q, "path": %q, "fd": %d, "lockHeld": true, "flags": 0, "owners": [100001]}]},
		"lockspaces": [{"directory": %q, "resources": [{"name": "y", "path": %q, "fd": %d, "lockHeld": true, "flags": 3, "owners": [100001, 100002]}]}]}`,
		image, image, open(image, syscall.F_WRLCK), folder, r.path("y"), open(r.path("y"), syscall.F_RDLCK))
	f := &Former{File: func(fd int, name string) (*os.File, error) { return os.NewFile(uintptr(fd), name), nil }}
	r.must(json.Unmarshal([]byte(text), &f.Members))
	l := newLocks("here", newStore(), zap.NewNop())
	r.must(l.takeOver(f))
	next := &rig{t, l, l.find(folder)}
	for _, path := range []string{image, r.path("y")} {
		k, err := sys.OpenLease(path, false)
		r.must(err)
		if pid, held := k.Holder(); !held || pid > 0 {
			t.Errorf("%s: held %v, by process %d", path, held, pid)
		}
		k.Close()
	}
	l.introduce(&owner{PID: 100001, ID: 1, Name: "vm1"})
	next.space = l.direct
	err := next.acquire(machine(2), image, 0)
	next.busy(err, image)
	next.must(next.release(machine(1), image))
	next.space = l.find(folder)
	next.must(next.release(machine(1), "y"))
	next.must(next.release(machine(2), "y"))
	if !next.free(image) || next.there("y") {
		t.Errorf("the image is free: %v, y is there: %v", next.free(image), next.there("y"))
	}
}

func TestWhatLibvirtLeftIsNotBelieved(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"defaultLockspace": 3, "lockspaces": []}`, `{"defaultLockspace": {"resources": []}}`,
		`{"defaultLockspace": {"resources": [{"name": "x", "path": "x", "fd": 9, "flags": 0, "owners": [1]}]}, "lockspaces": []}`,
	} {
		f := &Former{File: func(int, string) (*os.File, error) { return nil, fmt.Errorf("not open") }}
		if err := json.Unmarshal([]byte(text), &f.Members); err != nil {
			t.Fatal(err)
		}
		l := newLocks("here", keep.None{}, zap.NewNop())
		if err := l.takeOver(f); err == nil || l.count() != 0 {
			t.Errorf("%s: %v, %d locks", text, err, l.count())
		}
	}
}

func FuzzTable(f *testing.F) {
	l := newLocks("here", keep.None{}, zap.NewNop())
	for n, s := range []*space{l.direct, l.spaceFor("/d")} {
		s.resources["x"] = &resource{space: s, name: "x", flags: uint32(n), key: "k", owners: []owner{machine(n).owner, machine(2).owner}}
	}
	f.Add(l.appendTable(nil, func(*resource) uint32 { return 3 }))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		l := newLocks("here", keep.None{}, zap.NewNop())
		_ = l.decodeTable(data, func(r *resource, _ uint32) error {
			if len(r.owners) == 0 || r.space == nil {
				t.Errorf("%q has %d owners", r.name, len(r.owners))
			}
			again, _, err := decodeResource(r.append(nil, 0), r.space)
			if err != nil || !reflect.DeepEqual(again, r) {
				t.Errorf("%+v became %+v: %v", r, again, err)
			}
			return nil
		})
	})
}
