package wire

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/test/peer"
)

const replacements = 25

// TestReplacedInPlace sends SIGUSR1 again and again to a daemon that is busy: no
// client notices, no call is lost or answered twice, no event is missed.
func TestReplacedInPlace(t *testing.T) {
	needEmulator(t)
	d := peer.Start(t, peer.Options{Binary: peer.Build(t), Conf: "log_level = 2\n"})
	pid := d.PID()
	watcher, teller, half := wiretest.Dial(t, d.Socket()), wiretest.Dial(t, d.Socket()), wiretest.Dial(t, d.Socket())
	for _, c := range []*wiretest.Client{watcher, teller, half} {
		c.Open("")
	}
	var watched remote.ConnectDomainEventCallbackRegisterAnyRet
	if err := watcher.Call(remote.ProcConnectDomainEventCallbackRegisterAny, &remote.ConnectDomainEventCallbackRegisterAnyArgs{}, &watched); err != nil {
		t.Fatal(err)
	}
	storm := startStorm(t, d.Socket(), 4)
	for i := range replacements {
		frame := wire.AppendRaw(nil, half.Header(remote.ProcConnectGetLibVersion), nil)
		half.Write(frame[:len(frame)/2])
		d.Replace(t, i+1)
		half.Write(frame[len(frame)/2:])
		if err := half.Answer(new(remote.ConnectGetLibVersionRet)); err != nil {
			t.Fatalf("a call that came in two halves: %v", err)
		}
		defineOne(teller, i)
		wantEvent(watcher, watched.CallbackID, i)
	}
	storm.end(t)
	if d.PID() != pid || !d.Alive() {
		t.Error("the process is another one")
	}
}

func defineOne(c *wiretest.Client, i int) {
	c.T.Helper()
	args := &remote.DomainDefineXMLArgs{XML: talker(fmt.Sprintf("domain-%d", i), i+1)}
	if err := c.Call(remote.ProcDomainDefineXML, args, new(remote.DomainDefineXMLRet)); err != nil {
		c.T.Fatal(err)
	}
}

// wantEvent waits for the event of a definition, which must be the next one.
func wantEvent(c *wiretest.Client, callback int32, i int) {
	c.T.Helper()
	f := c.Receive()
	var msg remote.DomainEventCallbackLifecycleMsg
	f.Decode(c.T, &msg)
	if name := fmt.Sprintf("domain-%d", i); msg.CallbackID != callback || msg.Msg.Dom.Name != name {
		c.T.Fatalf("callback %d was told of %s, want %d and %s", msg.CallbackID, msg.Msg.Dom.Name, callback, name)
	}
}

// storm is a number of clients that call without a pause.
type storm struct {
	clients sync.WaitGroup
	stop    atomic.Bool
	calls   atomic.Int64
}

func startStorm(t *testing.T, path string, n int) *storm {
	s := &storm{}
	for range n {
		c := wiretest.Dial(t, path)
		c.Open("")
		s.clients.Add(1)
		go func() {
			defer s.clients.Done()
			for !s.stop.Load() && s.once(t, c) {
				s.calls.Add(1)
			}
		}()
	}
	return s
}

// once makes a call that is answered at once and one that takes a worker, in one
// write; the replies must be those, each once.
func (s *storm) once(t *testing.T, c *wiretest.Client) bool {
	first, second := c.Header(remote.ProcConnectGetLibVersion), c.Header(remote.ProcNodeGetInfo)
	if _, err := c.Conn.Write(wire.AppendRaw(wire.AppendRaw(nil, first, nil), second, nil)); err != nil {
		t.Errorf("a client was cut off: %v", err)
		return false
	}
	want := map[uint32]int32{first.Serial: first.Procedure, second.Serial: second.Procedure}
	for len(want) > 0 {
		f, err := c.Next()
		if err != nil {
			t.Errorf("a call was lost: %v", err)
			return false
		}
		if proc, asked := want[f.Serial]; !asked || proc != f.Procedure || f.Status != wire.OK {
			t.Errorf("the answer %+v was not asked for", f.Header)
			return false
		}
		delete(want, f.Serial)
	}
	return true
}

func (s *storm) end(t *testing.T) {
	t.Helper()
	s.stop.Store(true)
	s.clients.Wait()
	if s.calls.Load() == 0 {
		t.Error("nothing was called meanwhile")
	}
}

// TestReplacementThatFails takes the program away before it is to take over: the
// old one goes on with its clients, and is replaced when there is one again.
func TestReplacementThatFails(t *testing.T) {
	needEmulator(t)
	program := filepath.Join(t.TempDir(), "libvirtd")
	text, err := os.ReadFile(peer.Build(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(program, text, 0o755), os.Chmod(filepath.Dir(program), 0o755), os.Chmod(filepath.Dir(filepath.Dir(program)), 0o755)); err != nil {
		t.Fatal(err)
	}
	d := peer.Start(t, peer.Options{Binary: program, Conf: "log_level = 2\n"})
	watcher, teller := wiretest.Dial(t, d.Socket()), wiretest.Dial(t, d.Socket())
	watcher.Open("")
	teller.Open("")
	var watched remote.ConnectDomainEventCallbackRegisterAnyRet
	if err := watcher.Call(remote.ProcConnectDomainEventCallbackRegisterAny, &remote.ConnectDomainEventCallbackRegisterAnyArgs{}, &watched); err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		switch i {
		case 0:
			err = os.Rename(program, program+".away")
		case 3:
			err = os.Rename(program+".away", program)
		}
		if err != nil {
			t.Fatal(err)
		}
		d.Replace(t, i+1)
		defineOne(teller, i)
		wantEvent(watcher, watched.CallbackID, i)
		wiretest.Dial(t, d.Socket()).Open("")
	}
	if n := strings.Count(d.Log(), "this program goes on after"); n != 3 {
		t.Errorf("%d replacements failed, want 3:\n%s", n, d.Log())
	}
}
