package logd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/config/logdconf"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/keep"
)

func itoa(n int) string { return strconv.Itoa(n) }

// drawer is a store in memory, with duplicates as a real one has.
type drawer struct {
	t    *testing.T
	kept map[string]keep.Kept
}

func (d *drawer) Keep(key string, state []byte, file syscall.Conn) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var fd int
	_ = conn.Control(func(n uintptr) { fd, err = syscall.Dup(int(n)) })
	if err != nil {
		return err
	}
	d.Forget(key)
	d.kept[key] = keep.Kept{Key: key, State: state, File: os.NewFile(uintptr(fd), key)}
	return nil
}

func (d *drawer) Update(key string, state []byte) error {
	k, ok := d.kept[key]
	if !ok {
		return fmt.Errorf("%s is not kept", key)
	}
	k.State = state
	d.kept[key] = k
	return nil
}

func (d *drawer) Forget(key string) {
	if k, ok := d.kept[key]; ok {
		k.File.Close()
		delete(d.kept, key)
	}
}

func (d *drawer) Take(prefix string) (list []keep.Kept) {
	for key, k := range d.kept {
		if strings.HasPrefix(key, prefix) {
			fd, err := syscall.Dup(int(k.File.Fd()))
			if err != nil {
				d.t.Fatal(err)
			}
			list = append(list, keep.Kept{Key: key, State: k.State, File: os.NewFile(uintptr(fd), key)})
		}
	}
	return list
}

// rig is a service with its pump.
type rig struct {
	*Service
	t    *testing.T
	stop func()
}

func start(t *testing.T, store keep.Store) *rig {
	t.Helper()
	system := gen.NewSystem()
	c := logdconf.New(false)
	s, err := New(Options{System: system, Settings: c, Log: zap.NewNop(), Store: store})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{Service: s, t: t}
	root, err := system.Start(s.Children()[0])
	if err != nil {
		t.Fatal(err)
	}
	r.stop = func() {
		if err := system.Stop(root, gen.Shutdown); err != nil {
			t.Error(err)
		}
	}
	return r
}

// die closes all descriptors, as the kernel does for who is killed.
func (r *rig) die() {
	for _, f := range r.all() {
		f.lock()
		f.close()
		f.unlock()
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	eventually(t, path+" is "+want, func() bool { data, _ := os.ReadFile(path); return string(data) == want })
}

// TestKeptBeyondDeath ends a service without a word, with bytes in both pipes of
// a log file: the next one writes them, in their order, once.
func TestKeptBeyondDeath(t *testing.T) {
	store := &drawer{t, map[string]keep.Kept{}}
	path := filepath.Join(t.TempDir(), "vm.log")
	first := start(t, store)
	end, _, _, err := first.open(origin{Path: path, Domain: "vm"}, false)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(end, "one\n")
	wantFile(t, path, "one\n")
	first.stop()
	fmt.Fprint(end, "two\n")
	f := first.byPath(path)
	if n, err := f.fill(); n != 4 || err != nil { // and dies before it is written
		t.Fatalf("%d, %v", n, err)
	}
	fmt.Fprint(end, "three\n")
	first.die()

	second := start(t, store)
	wantFile(t, path, "one\ntwo\nthree\n")
	if _, _, _, err := second.open(origin{Path: path}, false); err == nil {
		t.Error("a log file was opened that a machine has")
	}
	fmt.Fprint(end, "four\n")
	wantFile(t, path, "one\ntwo\nthree\nfour\n")
	end.Close()
	eventually(t, "nothing is kept any more", func() bool { return !second.Busy() })
	second.stop()
	if len(store.kept) > 0 {
		t.Errorf("still kept: %v", store.kept)
	}
	second.Close()
}

// TestLossIsKeptBeyondDeath has the next service say what its predecessor lost.
func TestLossIsKeptBeyondDeath(t *testing.T) {
	store := &drawer{t, map[string]keep.Kept{}}
	dir := filepath.Join(t.TempDir(), "logs")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "vm.log")
	first := start(t, store)
	end, _, _, err := first.open(origin{Path: path}, false)
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for range 3 << 20 / 1024 {
		if _, err := end.WriteString(strings.Repeat("x", 1023) + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "something is lost", func() bool { return first.byPath(path).hasLost() })
	first.stop()
	first.die()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	second := start(t, store)
	eventually(t, "the loss is said", func() bool {
		data, _ := os.ReadFile(path)
		return strings.Contains(string(data), "are missing here: No such file or directory\n")
	})
	second.stop()
	second.Close()
}

func TestWhatIsKeptAndMakesNoSenseIsLeft(t *testing.T) {
	store := &drawer{t, map[string]keep.Kept{}}
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for key, state := range map[string]string{
		"log.1": "", "log.2": "{}", "log.3": `{"id":3,"origin":{"path":"/x"}}`, "log.4.buffer": "", "log.5": `{"id":-1}`,
	} {
		if err := store.Keep(key, []byte(state), file); err != nil {
			t.Fatal(err)
		}
	}
	s := start(t, store)
	if s.Busy() || len(store.kept) > 0 {
		t.Errorf("%v, still kept %v", s.byName, store.kept)
	}
	s.stop()
	s.Close()
}
