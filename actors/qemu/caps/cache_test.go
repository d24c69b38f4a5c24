package caps

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestCacheFileKeepsAll(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(testData(t), "*.replies"))
	for _, path := range files {
		c := fromFile(t, path)
		b, err := c.encode(Stamp{Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		got, stamp, err := decode(b)
		if err != nil || stamp.Size != 1 {
			t.Fatal(stamp, err)
		}
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%s: not the same after %d bytes", filepath.Base(path), len(b))
		}
	}
}

func BenchmarkCacheFile(b *testing.B) {
	c := fromFile(b, filepath.Join(testData(b), "caps_10.0.0_x86_64.replies"))
	file, err := c.encode(Stamp{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		if _, _, err := decode(file); err != nil {
			b.Fatal(err)
		}
	}
}

// store makes a store whose binaries answer by themselves.
func store(t *testing.T, probe func(string) (*Caps, error)) *Store {
	s := NewStore(t.TempDir(), Launcher{})
	s.probe = func(_ context.Context, binary string) (*Caps, error) { return probe(binary) }
	return s
}

func binary(t *testing.T, name string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(name), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStoreAsksOnce(t *testing.T) {
	var asked atomic.Int32
	s := store(t, func(string) (*Caps, error) {
		asked.Add(1)
		time.Sleep(20 * time.Millisecond)
		return New("x86_64", 7002000, "kvm"), nil
	})
	path := binary(t, "qemu")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if c, err := s.Get(context.Background(), path); err != nil || !c.Has("kvm") {
				t.Error(err)
			}
		})
	}
	all.Wait()
	again := NewStore(s.folder, Launcher{})
	again.probe = func(context.Context, string) (*Caps, error) {
		return nil, errors.New("asked although the file is there")
	}
	if _, err := again.Get(context.Background(), path); err != nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	if err := os.WriteFile(path, []byte("an update"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(context.Background(), path); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times after an update, %v", asked.Load(), err)
	}
}

// TestStoreAsksAgain wants that a binary is asked again when it is another by its time alone, and when
// KVM can be used as it could not be before; and that a file of another day does not count.
func TestStoreAsksAgain(t *testing.T) {
	asked := 0
	s := store(t, func(string) (*Caps, error) {
		asked++
		return New("x86_64", 7002000), nil
	})
	s.root = hostRoot(t.TempDir())
	path := binary(t, "qemu")
	get := func(s *Store, why string, want int) {
		t.Helper()
		if _, err := s.Get(context.Background(), path); err != nil || asked != want {
			t.Errorf("%s: asked %d times, not %d; %v", why, asked, want, err)
		}
	}
	get(s, "first", 1)
	get(s, "again", 1)
	if err := os.Chtimes(path, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	get(s, "touched", 2)
	if err := os.MkdirAll(filepath.Join(string(s.root), "dev"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(s.root), "dev/kvm"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	get(s, "with KVM", 3)
	next := NewStore(s.folder, Launcher{})
	next.probe, next.root, next.host = s.probe, s.root, s.host
	get(next, "next daemon", 3)
	next = NewStore(s.folder, Launcher{})
	next.probe, next.root = s.probe, s.root
	next.host = func() HostStamp { return HostStamp{Kernel: "another"} }
	get(next, "another kernel", 4)
}

func TestStoreHoldsNobodyElseUp(t *testing.T) {
	slow, quick := binary(t, "slow"), binary(t, "quick")
	release, asking := make(chan struct{}), make(chan struct{})
	s := store(t, func(path string) (*Caps, error) {
		if path == slow {
			close(asking)
			<-release
		}
		return New("x86_64", 1), nil
	})
	var first sync.WaitGroup
	first.Go(func() { _, _ = s.Get(context.Background(), slow) })
	<-asking
	if _, err := s.Get(context.Background(), quick); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := s.Get(ctx, slow); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v for who cannot wait", err)
	}
	close(release)
	first.Wait()
}

func TestStoreWithoutBinary(t *testing.T) {
	s := store(t, func(string) (*Caps, error) { return nil, errors.New("asked") })
	if _, err := s.Get(context.Background(), "/nonexistent/qemu"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkStore(b *testing.B) {
	s := NewStore("", Launcher{})
	s.probe = func(context.Context, string) (*Caps, error) { return New("x86_64", 1), nil }
	for b.Loop() {
		if _, err := s.Get(context.Background(), os.Args[0]); err != nil {
			b.Fatal(err)
		}
	}
}
