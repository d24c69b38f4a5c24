package activation

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func receiveWith(t *testing.T, env map[string]string) (*Sockets, error) {
	t.Helper()
	return receive(func(k string) string { return env[k] }, 42, func(_ int, name string) *os.File {
		l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		f, err := l.(*net.UnixListener).File()
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
}

// nowhere is no address of a socket.
func nowhere(net.Addr) bool { return false }

func TestSocketsAreClaimedByName(t *testing.T) {
	s, err := receiveWith(t, map[string]string{
		"LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a.socket:b.socket:a.socket",
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Listeners("a.socket", nowhere)
	if err != nil || len(list) != 2 {
		t.Fatalf("got %d, %v", len(list), err)
	}
	for _, l := range list {
		l.Close()
	}
	if list, err := s.Listeners("c.socket", nowhere); err != nil || list != nil {
		t.Errorf("a name without a socket: %v, %v", list, err)
	}
	if err := s.Unclaimed(); err == nil || !strings.Contains(err.Error(), "b.socket") {
		t.Errorf("unclaimed: %v", err)
	}
}

func TestOthersSocketsAreNotOurs(t *testing.T) {
	for _, env := range []map[string]string{
		{},
		{"LISTEN_PID": "41", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a"},
		{"LISTEN_PID": "42", "LISTEN_FDS": "0"},
	} {
		if s, err := receiveWith(t, env); s != nil || err != nil {
			t.Errorf("%v: %v, %v", env, s, err)
		}
	}
}

func TestEveryDescriptorHasANameOrNone(t *testing.T) {
	for _, names := range []string{"a", "a:b:c"} {
		env := map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": names}
		_, err := receiveWith(t, env)
		if want := "internal error: Expecting 2 FD names but got "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("names %q: %v", names, err)
		}
	}
	if _, err := receiveWith(t, map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "99999999"}); err == nil {
		t.Error("as many descriptors as there cannot be: no error")
	}
}

// Without names a socket is known by its address alone.
func TestSocketsWithoutNamesAreClaimedByAddress(t *testing.T) {
	s, err := receiveWith(t, map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "3"})
	if err != nil {
		t.Fatal(err)
	}
	wanted := s.list[1].address().String()
	list, err := s.Listeners("a.socket", func(a net.Addr) bool { return a.String() == wanted })
	if err != nil || len(list) != 1 || list[0].Addr().String() != wanted {
		t.Fatalf("%v, %v", list, err)
	}
	defer list[0].Close()
	err = s.Unclaimed()
	if err == nil || !strings.Contains(err.Error(), "descriptor 3 (/") || !strings.Contains(err.Error(), "descriptor 5 (/") {
		t.Errorf("unclaimed: %v", err)
	}
}

// A name decides also where the address is that of another.
func TestNamesCountBeforeAddresses(t *testing.T) {
	s, err := receiveWith(t, map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "a.socket"})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Listeners("b.socket", func(net.Addr) bool { return true }); err != nil || list != nil {
		t.Errorf("%v, %v", list, err)
	}
	if err := s.Unclaimed(); err == nil || !strings.Contains(err.Error(), "a.socket (/") {
		t.Errorf("unclaimed: %v", err)
	}
}

func TestWhatIsNoSocketIsUnclaimed(t *testing.T) {
	s, err := receive(func(k string) string {
		return map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1"}[k]
	}, 42, func(_ int, _ string) *os.File {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		return f
	})
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Listeners("a.socket", func(net.Addr) bool { return true }); err != nil || list != nil {
		t.Errorf("%v, %v", list, err)
	}
	if err := s.Unclaimed(); err == nil || !strings.Contains(err.Error(), "descriptor 3 (no socket that listens)") {
		t.Errorf("unclaimed: %v", err)
	}
}

func FuzzReceive(f *testing.F) {
	f.Add("3", "a:b:keep.x")
	f.Add("2", "")
	f.Fuzz(func(t *testing.T, count, names string) {
		env := map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": count, "LISTEN_FDNAMES": names}
		s, err := receive(func(k string) string { return env[k] }, 42, func(int, string) *os.File { return nil })
		if s != nil && err != nil {
			t.Fatalf("%v with %v", s, err)
		}
		if s != nil && names != "" && len(s.list) != strings.Count(names, ":")+1 {
			t.Errorf("%d sockets of %q", len(s.list), names)
		}
	})
}

func TestStoredFilesAreNoSockets(t *testing.T) {
	s, err := receiveWith(t, map[string]string{
		"LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a.socket:keep.x:keep.y",
	})
	if err != nil {
		t.Fatal(err)
	}
	stored, sockets := s.Stored("keep.")
	if len(stored) != 2 || stored["x"] == nil || stored["y"] == nil {
		t.Errorf("stored: %v", stored)
	}
	if list, err := sockets.Listeners("a.socket", nowhere); err != nil || len(list) != 1 {
		t.Errorf("sockets: %v, %v", list, err)
	}
	s, err = receiveWith(t, map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "keep.x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, sockets := s.Stored("keep."); sockets != nil {
		t.Error("stored files alone were taken for activation")
	}
}
