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

func TestSocketsAreClaimedByName(t *testing.T) {
	s, err := receiveWith(t, map[string]string{
		"LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "a.socket:b.socket:a.socket",
	})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Listeners("a.socket")
	if err != nil || len(list) != 2 {
		t.Fatalf("got %d, %v", len(list), err)
	}
	for _, l := range list {
		l.Close()
	}
	if list, err := s.Listeners("c.socket"); err != nil || list != nil {
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

func TestNamesAreRequired(t *testing.T) {
	for _, names := range []string{"", "a"} {
		env := map[string]string{"LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": names}
		if _, err := receiveWith(t, env); err == nil {
			t.Errorf("names %q: no error", names)
		}
	}
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
	if list, err := sockets.Listeners("a.socket"); err != nil || len(list) != 1 {
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
