package admin

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

// Nobody but the daemon's own user is let in, root neither.
func TestOwnerOnly(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("being another user takes root")
	}
	for _, name := range []string{"libvirtd", "virtlogd", "virtlockd"} {
		t.Run(name, func(t *testing.T) {
			d := peer.Start(t, peer.Options{Name: name, Binary: peer.Binary(t, name)})
			c := wiretest.Dial(t, d.AdminSocket())
			if !c.Closed() {
				t.Error("another user is let in")
			}
			must(adminClient(t, d), adminprog.ProcConnectGetLibVersion, nil, nil)
			want := fmt.Sprintf("Disallowing client %d with uid 0", os.Getpid())
			if !strings.Contains(d.Log(), want) {
				t.Errorf("the log has no %q:\n%s", want, d.Log())
			}
		})
	}
}

// ends waits until a daemon is gone.
func ends(t *testing.T, d *peer.Daemon) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, err := net.Dial("unix", d.AdminSocket()); errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
			return
		}
	}
	t.Errorf("%s is still there:\n%s", d.Name(), d.Log())
}

// A timeout that is set live ends a daemon that was started without one, though
// not while somebody is connected, and not before the time is over.
func TestTimeoutSetLive(t *testing.T) {
	for _, name := range []string{"libvirtd", "virtlogd", "virtlockd"} {
		t.Run(name, func(t *testing.T) {
			d := peer.Start(t, peer.Options{Name: name, Binary: peer.Binary(t, name)})
			c := adminClient(t, d)
			must(c, adminprog.ProcConnectSetDaemonTimeout, &adminprog.ConnectSetDaemonTimeoutArgs{Timeout: 1}, nil)
			time.Sleep(1500 * time.Millisecond)
			must(c, adminprog.ProcConnectGetLibVersion, nil, nil)
			c.Conn.Close()
			ends(t, d)
		})
	}
}

func TestShutdown(t *testing.T) {
	d := peer.Start(t, peer.Options{Binary: peer.Build(t), Conf: "log_level = 2\n"})
	c := adminClient(t, d)
	must(c, adminprog.ProcConnectDaemonShutdown, &adminprog.ConnectDaemonShutdownArgs{}, nil)
	if n, err := c.Conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the answer: %d, %v", n, err)
	}
	ends(t, d)
	if !strings.Contains(d.Log(), "a client of the admin API asked for it") {
		t.Error(d.Log())
	}
}

// A replacement that fails costs admin clients nothing, and leaves what they changed.
func TestReplacementThatFails(t *testing.T) {
	base := t.TempDir()
	program := filepath.Join(base, "libvirtd")
	text, err := os.ReadFile(peer.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(program, text, 0o755), os.Chmod(base, 0o755), os.Chmod(filepath.Dir(base), 0o755)); err != nil {
		t.Fatal(err)
	}
	d := peer.Start(t, peer.Options{Binary: program, Conf: "log_level = 2\n"})
	user := d.Dial(t, d.Socket())
	user.Open("")
	c, storm := adminClient(t, d), startStorm(t, d)
	change(t, c, d)
	id := newest(t, c)
	want := look(c, id)
	if err := os.Rename(program, program+".away"); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if i == 3 {
			if err := os.Rename(program+".away", program); err != nil {
				t.Fatal(err)
			}
		}
		d.Replace(t, i+1)
		if i < 3 {
			peer.Eventually(t, "it comes to nothing", func() bool { return strings.Count(d.Log(), "this program goes on after") > i })
		}
		if got := look(c, id); !got.equal(want) {
			t.Fatalf("after %d replacements\n%+v\nbefore\n%+v", i+1, got, want)
		}
	}
	storm.end(t)
	if n := strings.Count(d.Log(), "this program goes on after"); n != 3 {
		t.Errorf("%d replacements failed, want 3", n)
	}
}
