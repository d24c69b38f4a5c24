package rpc_test

import (
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/actors/events"
	"virtree.dev/actors/rpc"
	"virtree.dev/protocol/remote"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// stoppable starts a server and gives what ends it.
func stoppable(t *testing.T, drain time.Duration) (path string, f *fake, s *rpc.Server, stop func() <-chan error) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "sock")
	f = newFake()
	sys := gen.NewSystem()
	bus := events.NewBus(sys, "events")
	s = rpc.New(rpc.Options{
		Name: "libvirtd", Limits: limits, Log: zap.NewNop(), DrainTime: drain,
		Dispatcher: dispatch.New(connection.New(driver.Roster{f}, bus).Tables()...),
	})
	socket, err := rpc.Listen("rw", path, 0o700, 0, false)
	if err != nil {
		t.Fatal(err)
	}
	top, err := sys.Start(act.Supervisor{Children: []gen.Child{bus.Child(), s.Child(nil, socket)}}.Child("top", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return path, f, s, func() <-chan error {
		done := make(chan error, 1)
		go func() { done <- sys.Stop(top, gen.Shutdown) }()
		return done
	}
}

// What runs when the end comes is answered; what comes later is not begun.
func TestEndAnswersWhatRuns(t *testing.T) {
	path, f, s, stop := stoppable(t, 0)
	p := dial(t, path)
	p.Open("")
	p.Send(p.Header(remote.ProcDomainDestroy), &remote.DomainDestroyArgs{})
	eventually(t, "the call runs", func() bool { c := s.Clients(); return len(c) == 1 && c[0].Requests == 1 })
	done := stop()
	eventually(t, "nobody is let in", func() bool { return s.Draining() })
	p.Send(p.Header(remote.ProcDomainDestroy), &remote.DomainDestroyArgs{})
	if err := p.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error("what is answered at once is refused:", err)
	}
	close(f.hold)
	if h := p.Receive(); h.Procedure != remote.ProcDomainDestroy || h.Serial != 2 {
		t.Errorf("%+v instead of the answer", h)
	}
	if n, err := p.Conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the answer: %d, %v", n, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestEndDoesNotWaitForEver(t *testing.T) {
	path, f, s, stop := stoppable(t, 50*time.Millisecond)
	defer close(f.hold)
	p := dial(t, path)
	p.Open("")
	p.Send(p.Header(remote.ProcDomainDestroy), &remote.DomainDestroyArgs{})
	eventually(t, "the call runs", func() bool { c := s.Clients(); return len(c) == 1 && c[0].Requests == 1 })
	select {
	case err := <-stop():
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a call that does not end")
	}
	if _, err := p.Conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s:", what)
		}
	}
}
