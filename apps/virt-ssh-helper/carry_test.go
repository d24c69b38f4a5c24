package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// rig is a link between pipes and a daemon's end of a socket.
type rig struct {
	in, out *os.File // the client's ends
	daemon  *net.UnixConn
	ended   chan error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	inR, inW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	socket, err := c.(*net.UnixConn).File()
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	r := &rig{in: inW, out: outR, daemon: far.(*net.UnixConn), ended: make(chan error, 1)}
	go func() {
		r.ended <- carry(int(inR.Fd()), int(outW.Fd()), int(socket.Fd()))
		for _, f := range []*os.File{inR, outW, socket} {
			f.Close()
		}
	}()
	t.Cleanup(func() {
		for _, f := range []io.Closer{inW, outR, far} {
			f.Close()
		}
	})
	return r
}

func (r *rig) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(30 * time.Second):
		t.Fatal("it does not end")
		return nil
	}
}

func noise(n int) []byte {
	b := make([]byte, n)
	source := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(source.Uint32())
	}
	return b
}

func TestCarriesBothWaysAndHalfCloses(t *testing.T) {
	r := newRig(t)
	up, down := noise(3<<20+17), noise(5<<20+3)
	go func() {
		_, _ = r.in.Write(up)
		r.in.Close()
	}()
	go func() {
		_, _ = r.daemon.Write(down[:1<<20])
		heard, _ := io.ReadAll(r.daemon) // ends where the client has closed
		if bytes.Equal(heard, up) {
			_, _ = r.daemon.Write(down[1<<20:])
		}
		r.daemon.Close()
	}()
	got, err := io.ReadAll(r.out)
	if err != nil || !bytes.Equal(got, down) {
		t.Errorf("%d bytes of %d came: %v", len(got), len(down), err)
	}
	if err := r.end(t); err != nil {
		t.Error(err)
	}
}

func TestHoldsUpWhoSendsFasterThanIsRead(t *testing.T) {
	r := newRig(t)
	if err := r.daemon.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := r.daemon.Write(make([]byte, 64<<20)) // nobody reads r.out
	if err == nil || n > 8<<20 {
		t.Errorf("%d bytes were taken: %v", n, err)
	}
	r.daemon.Close()
	if got, err := io.Copy(io.Discard, r.out); err != nil || got != int64(n) {
		t.Errorf("%d of %d bytes came: %v", got, n, err)
	}
	if err := r.end(t); err != nil {
		t.Error(err)
	}
}

func TestEndsWithItsReader(t *testing.T) {
	r := newRig(t)
	r.out.Close()
	if err := r.end(t); err == nil {
		t.Error("nobody reads, and that was no error")
	}
}

func TestWhatALeavingClientSaidIsHeard(t *testing.T) {
	r := newRig(t)
	said := noise(100_000)
	go func() {
		_, _ = r.in.Write(said)
		r.in.Close()
		r.out.Close()
	}()
	if heard, err := io.ReadAll(r.daemon); err != nil || !bytes.Equal(heard, said) {
		t.Errorf("%d of %d bytes were heard: %v", len(heard), len(said), err)
	}
	r.daemon.Close()
	_ = r.end(t)
}

func TestADaemonThatHearsNothingMoreIsStillRead(t *testing.T) {
	r := newRig(t)
	if err := r.daemon.CloseRead(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.in.Write(noise(1000)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.daemon.Write([]byte("bye")); err != nil {
		t.Fatal(err)
	}
	r.daemon.Close()
	if got, err := io.ReadAll(r.out); err != nil || string(got) != "bye" {
		t.Errorf("%q: %v", got, err)
	}
	_ = r.end(t)
}

func TestLeavesDescriptorsAsTheyWere(t *testing.T) {
	r := newRig(t)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	a, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(a[0])
	if err := syscall.Close(a[1]); err != nil {
		t.Fatal(err)
	}
	if err := carry(int(null.Fd()), int(null.Fd()), a[0]); err != nil { // a file, which no epoll takes
		t.Error(err)
	}
	if flags, _, _ := syscall.Syscall(syscall.SYS_FCNTL, uintptr(a[0]), syscall.F_GETFL, 0); flags&syscall.O_NONBLOCK != 0 {
		t.Error("the socket still does not block")
	}
	r.daemon.Close()
	_ = r.end(t)
}
