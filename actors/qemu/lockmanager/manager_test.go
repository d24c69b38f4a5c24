package lockmanager

import (
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/config/lockdconf"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// lockd is a virtlockd that keeps what it is asked, and refuses one name.
type lockd struct {
	mu     sync.Mutex
	asked  []string
	refuse string
}

func serve(t *testing.T) (*lockd, *Manager) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	d := &lockd{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go d.serve(c)
		}
	}()
	plugin := lockdconf.NewPlugin()
	plugin.FileLockspaceDir = "/f"
	return d, &Manager{Daemon: &rpcclient.Daemon{Name: "virtlockd", Socket: socket}, Plugin: plugin}
}

func (d *lockd) serve(c net.Conn) {
	defer c.Close()
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		n, _ := wire.Length(head)
		frame := make([]byte, n)
		copy(frame, head)
		_, _ = io.ReadFull(c, frame[4:])
		h, payload, _ := wire.Parse(frame)
		h.Type = wire.Reply
		var reply xdr.Value
		if err := d.answer(h.Procedure, xdr.NewDecoder(payload)); err != nil {
			h.Status, reply = wire.Error, err
		}
		b, _ := wire.Append(nil, h, reply)
		_, _ = c.Write(b)
	}
}

func (d *lockd) answer(proc int32, p *xdr.Decoder) *virerr.Error {
	d.mu.Lock()
	defer d.mu.Unlock()
	what, name := "", ""
	switch proc {
	case lockprog.ProcRegister:
		var a lockprog.RegisterArgs
		a.DecodeXDR(p)
		what = fmt.Sprintf("register %s %d %d", a.Owner.Name, a.Owner.ID, a.Owner.Pid)
	case lockprog.ProcCreateLockspace:
		var a lockprog.CreateLockSpaceArgs
		a.DecodeXDR(p)
		what = "folder " + a.Path
	case lockprog.ProcAcquireResource:
		var a lockprog.AcquireResourceArgs
		a.DecodeXDR(p)
		what, name = fmt.Sprintf("acquire %s %.4s %d", a.Path, a.Name, a.Flags), a.Name
	case lockprog.ProcReleaseResource:
		var a lockprog.ReleaseResourceArgs
		a.DecodeXDR(p)
		what, name = fmt.Sprintf("release %s %.4s %d", a.Path, a.Name, a.Flags), a.Name
	}
	d.asked = append(d.asked, what)
	if name != "" && name == d.refuse {
		return virerr.New(virerr.FromLockspace, virerr.ResourceBusy, "Lockspace resource '%s' is locked", name)
	}
	return nil
}

// took gives what was asked since the last time.
func (d *lockd) took() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { d.asked = nil }()
	return strings.Join(d.asked, ", ")
}

func TestLeasesOfAMachine(t *testing.T) {
	d, m := serve(t)
	o := Owner{Name: "web", ID: 3, PID: 99}
	doc := document(nil, disk("/a"), disk("/b", shared))
	a, b := hashed("/a")[:4], hashed("/b")[:4]
	if err := m.Acquire(t.Context(), o, doc); err != nil {
		t.Fatal(err)
	}
	if got, want := d.took(), "folder /f, register web 3 99, acquire /f "+a+" 2, acquire /f "+b+" 3"; got != want {
		t.Errorf("acquired by %s\nwant %s", got, want)
	}
	if err := m.Release(t.Context(), o, doc); err != nil {
		t.Fatal(err)
	}
	if got, want := d.took(), "folder /f, register web 3 99, release /f "+a+" 0, release /f "+b+" 0"; got != want {
		t.Errorf("released by %s\nwant %s", got, want)
	}
}

// A virtlockd that was started after a machine does not notice its end.
func TestAMachineThatEndedHasNoLeases(t *testing.T) {
	d, m := serve(t)
	m.Plugin.FileLockspaceDir = ""
	for name, tt := range map[string]struct {
		since   uint64
		err     error
		refused bool
		asked   bool
	}{
		"the one it registered with": {since: 100},
		"one of the same tick":       {since: 500},
		"a later one":                {since: 501, asked: true},
		"a later one that has none":  {since: 501, refused: true, asked: true},
		"nobody knows":               {err: io.EOF, asked: true},
	} {
		m.Since = func() (uint64, error) { return tt.since, tt.err }
		d.refuse = ""
		if tt.refused {
			d.refuse = "/a"
		}
		if err := m.Free(t.Context(), Owner{Name: "web", ID: 3, PID: 99}, document(nil, disk("/a")), 500); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := d.took(); strings.Contains(got, "release  /a 0") != tt.asked {
			t.Errorf("%s: asked %q", name, got)
		}
	}
}

func TestAllLeasesOrNone(t *testing.T) {
	d, m := serve(t)
	d.refuse = hashed("/b")
	err := m.Acquire(t.Context(), Owner{Name: "web", ID: 3, PID: 99}, document(nil, disk("/a"), disk("/b"), disk("/c")))
	var told *virerr.Error
	if !errors.As(err, &told) || told.Code != virerr.ResourceBusy || told.Message != "resource busy: Lockspace resource '"+d.refuse+"' is locked" {
		t.Error(err)
	}
	a, b := hashed("/a")[:4], hashed("/b")[:4]
	if got, want := d.took(), "folder /f, register web 3 99, acquire /f "+a+" 2, acquire /f "+b+" 2, release /f "+a+" 0"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestNothingIsLockedWithoutAManager(t *testing.T) {
	var m *Manager
	doc := document(nil, disk("/a"))
	err := errors.Join(m.Check(t.Context(), doc), m.Acquire(t.Context(), Owner{}, doc), m.Release(t.Context(), Owner{}, doc))
	if err != nil || m.Holder(Owner{}) != nil {
		t.Error(err)
	}
}
