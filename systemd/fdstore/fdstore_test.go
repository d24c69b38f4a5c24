package fdstore

import (
	"errors"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/keep"
)

// manager is as much of systemd as holds files.
type manager struct {
	keeps bool
	held  map[string]*os.File
	done  chan struct{}
}

func startManager(t *testing.T, keeps bool) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	m := &manager{keeps, map[string]*os.File{}, make(chan struct{})}
	go m.run(t, c)
	t.Cleanup(func() { c.Close(); <-m.done })
	return m
}

func (m *manager) run(t *testing.T, c *net.UnixConn) {
	defer close(m.done)
	raw, err := c.SyscallConn()
	if err != nil {
		t.Error(err)
		return
	}
	p, control := make([]byte, 4096), make([]byte, sys.RightsSpace)
	for {
		var n int
		var files []*os.File
		failed := raw.Read(func(fd uintptr) bool {
			n, files, err = sys.Recv(int(fd), p, control)
			return !sys.Again(err)
		})
		if failed != nil || err != nil {
			return
		}
		m.obey(t, strings.Split(string(p[:n]), "\n"), files)
	}
}

func (m *manager) obey(t *testing.T, lines []string, files []*os.File) {
	name := strings.TrimPrefix(lines[len(lines)-1], "FDNAME=")
	switch {
	case lines[0] == "BARRIER=1":
		files[0].Close()
	case lines[0] == "FDSTORE=1" && lines[1] == "FDPOLL=0":
		if m.keeps {
			m.held[name] = files[0]
		} else {
			files[0].Close()
		}
	case lines[0] == "FDSTOREREMOVE=1":
		if f := m.held[name]; f != nil {
			f.Close()
			delete(m.held, name)
		}
	default:
		t.Errorf("a manager was told %q", lines)
	}
}

func TestVaultInTheStore(t *testing.T) {
	m := startManager(t, true)
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	v, err := keep.Open(h)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := v.Keep("a key: of any form", []byte("state"), f); err != nil {
		t.Fatal(err)
	}
	files := map[string]*os.File{}
	for name, f := range m.held {
		files[strings.TrimPrefix(name, Prefix)] = f
	}
	if names := slices.Sorted(maps.Keys(m.held)); !slices.Equal(names, []string{"keep.ledger", "keep.shelf-0-in", "keep.shelf-0-out"}) {
		t.Errorf("the manager holds %q", names)
	}
	next, err := keep.Reopen(h, files)
	if err != nil {
		t.Fatal(err)
	}
	if left := next.Take(""); len(left) != 1 || string(left[0].State) != "state" {
		t.Errorf("took %v", left)
	}
	next.Close()
}

func TestManagerThatKeepsNothing(t *testing.T) {
	startManager(t, false)
	if _, err := Open(); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	t.Setenv("NOTIFY_SOCKET", "")
	if _, err := Open(); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func TestNamesThatSystemdRefuses(t *testing.T) {
	startManager(t, true)
	for _, name := range []string{"", "a:b", "a b", "ü", "a\n", strings.Repeat("x", 251)} {
		if (Holder{}).Hold(name, os.Stdin) == nil {
			t.Errorf("%q was sent", name)
		}
	}
}
