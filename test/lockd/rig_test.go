package lockd

import (
	"os"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

const debian = "/usr/sbin/virtlockd"

// needDebian skips where Debian's virtlockd is not installed.
func needDebian(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(debian); err != nil {
		t.Skip("needs Debian's virtlockd (libvirt-daemon-system)")
	}
}

// ours is the path of our virtlockd.
func ours(t testing.TB) string {
	t.Helper()
	return peer.Binary(t, "virtlockd")
}

func TestMain(m *testing.M) {
	if paths := os.Getenv(thiefVariable); paths != "" {
		os.Exit(steal(strings.Split(paths, ":")))
	}
	peer.Main(m)
}

// daemon is a virtlockd, in session mode unless it is told otherwise.
type daemon struct {
	*peer.Service
}

func start(t testing.TB, program string) *daemon {
	t.Helper()
	d := prepare(t, program)
	d.Run()
	return d
}

func prepare(t testing.TB, program string) *daemon {
	t.Helper()
	return &daemon{peer.NewService(t, "virtlockd", program, "")}
}

// system lets the daemon run as root, its folder in the place of the system's.
func (d *daemon) system() {
	d.Before = []string{"unshare", "-m", "sh", "-c",
		"set -e; mount --make-rprivate /; mkdir -p /run/libvirt; mount --bind " + d.Path("run") + ` /run/libvirt; exec "$@"`, "sh"}
	d.Socket = func() string { return d.Path("run/virtlockd-sock") }
}

// space is the folder of a lockspace.
func (d *daemon) space() string { return d.Path("files/space") }

// image makes a file that is its own lease.
func (d *daemon) image(name string) string {
	d.T.Helper()
	path := d.Path("files/" + name)
	if err := os.WriteFile(path, []byte("image"), 0o666); err != nil {
		d.T.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		d.T.Fatal(err)
	}
	return path
}
