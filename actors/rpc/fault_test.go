package rpc

import (
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
)

// bad are calls that panic in one way or another.
func (r *rig) bad() {
	r.hostname()
	dispatch.Handle(r.table, remote.ProcDomainShutdown, dispatch.Inline, func(*dispatch.Call, *remote.DomainShutdownArgs) (*dispatch.Void, error) {
		panic("inline")
	})
	dispatch.Handle(r.table, remote.ProcDomainReboot, dispatch.Worker, func(*dispatch.Call, *remote.DomainRebootArgs) (*dispatch.Void, error) {
		panic("worker")
	})
	dispatch.Handle(r.table, remote.ProcDomainGetState, dispatch.Inline, func(*dispatch.Call, *remote.DomainGetStateArgs) (*explosive, error) {
		return new(explosive), nil
	})
	dispatch.Handle(r.table, remote.ProcDomainGetInfo, dispatch.Worker, func(*dispatch.Call, *remote.DomainGetInfoArgs) (*explosive, error) {
		return new(explosive), nil
	})
}

// explosive is a result that cannot be encoded.
type explosive struct{ dispatch.Void }

func (*explosive) AppendXDR(b []byte) []byte { _ = append(b, 1, 2, 3); panic("encoder") }

func TestPanicCostsOneCall(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	r := newRig(t, few(nil), with((*rig).bad), func(_ *rig, o *Options, _ []*Listener) { o.Log = zap.New(core) })
	c := r.open()
	for _, call := range []struct {
		proc int32
		text string
	}{
		{remote.ProcDomainShutdown, "internal error: DOMAIN_SHUTDOWN failed: inline"},
		{remote.ProcDomainReboot, "internal error: DOMAIN_REBOOT failed: worker"},
		{remote.ProcDomainGetState, "Unable to encode message payload"},
		{remote.ProcDomainGetInfo, "Unable to encode message payload"},
	} {
		err := c.Call(call.proc, remote.Program.Procedure(call.proc).Args(), nil)
		if err == nil || err.Message != call.text || err.From != virerr.FromRPC {
			t.Errorf("%+v instead of %q", err, call.text)
		}
	}
	if n := logged.Len(); n != 4 {
		t.Errorf("%d panics are logged", n)
	}
	if err := c.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
}

// A panic in what reads for a client costs that client and no other, though
// one thread reads for both.
func TestPanicOfAReaderCostsOneClient(t *testing.T) {
	core, logged := observer.New(zap.ErrorLevel)
	r := newRig(t, few(nil), with((*rig).hostname), func(_ *rig, o *Options, _ []*Listener) { o.Threads, o.Log = 1, zap.New(core) })
	doomed := r.open()
	ended := make(chan struct{})
	k := r.client()
	k.session.OnEnd(func() { close(ended) })
	good := r.open()
	k.out.mu.Lock()
	k.out.client = nil // what writes the reply falls over it
	k.out.mu.Unlock()
	doomed.Send(doomed.Header(remote.ProcConnectGetHostname), nil)
	if !doomed.Closed() {
		t.Error("the client that cost a panic is still there")
	}
	<-ended
	if err := good.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
	if logged.Len() == 0 {
		t.Error("nothing is logged")
	}
}

// Clients that go without reading, in the middle of anything, leave nothing behind.
func TestClientsThatGoLeaveNothing(t *testing.T) {
	r := newRig(t, few(nil), with((*rig).hostname))
	for range 50 {
		c := r.open()
		var b []byte
		for range 300 {
			b, _ = wire.Append(b, c.Header(remote.ProcConnectGetHostname), nil)
		}
		c.Write(b[:len(b)-5])
		c.Conn.Close()
	}
	r.eventually("all are gone", func() bool { return r.clients() == 0 })
}
