package wire

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

// knock connects without waiting; false when the queue of the socket is full.
func knock(t *testing.T, path string) (*net.UnixConn, bool) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	err = syscall.Connect(fd, &syscall.SockaddrUnix{Name: path})
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	if errors.Is(err, syscall.EAGAIN) {
		return nil, false
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*net.UnixConn), true
}

// max_clients are served, max_queued_clients wait in the socket's queue, and
// whoever comes then is told to come again; when one goes, the next is served.
func TestClientsThatWait(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		const most, queued = 3, 4
		d := peer.Start(t, peer.Options{Binary: binary, Conf: "max_clients = 3\nmax_anonymous_clients = 3\nmax_queued_clients = 4"})
		var served []*wiretest.Client
		for range most {
			c := wiretest.Dial(t, d.Socket())
			if err := c.Call(remote.ProcAuthList, nil, nil); err != nil {
				t.Fatal(err)
			}
			served = append(served, c)
		}
		var waiting []*net.UnixConn
		for {
			c, ok := knock(t, d.Socket())
			if !ok {
				break
			}
			if waiting = append(waiting, c); len(waiting) > 100 {
				t.Fatal("the queue has no end")
			}
		}
		if len(waiting) != queued+1 { // the kernel takes one more than it is told
			t.Errorf("%d clients wait", len(waiting))
		}
		for i, c := range served {
			next := &wiretest.Client{T: t, Conn: waiting[i]}
			next.Send(next.Header(remote.ProcAuthList), nil)
			c.Conn.Close()
			if err := next.Answer(nil); err != nil {
				t.Error(err)
			}
		}
	})
}
