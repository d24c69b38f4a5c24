package rpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
)

// volume is a backend that has sections of data and of holes, and keeps what
// the client sends in one text: bytes as they are, holes as (length).
type volume struct {
	sections []section
	gate     chan struct{}
	writeErr error
	closeErr error
	panics   bool

	mu     sync.Mutex
	sent   bytes.Buffer
	closed chan struct{}
}

type section struct {
	data string
	hole int64
}

func newVolume() *volume { return &volume{closed: make(chan struct{})} }

func (v *volume) Read(b []byte) (int, error) {
	if v.panics {
		panic("volume")
	}
	if len(v.sections) == 0 {
		return 0, io.EOF
	}
	s := &v.sections[0]
	n := copy(b, s.data)
	if s.data = s.data[n:]; s.data == "" {
		v.sections = v.sections[1:]
	}
	return n, nil
}

func (v *volume) Write(b []byte) (int, error) {
	if v.gate != nil {
		<-v.gate
	}
	if v.writeErr != nil {
		return 0, v.writeErr
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent.Write(b)
}

func (v *volume) Close() error {
	close(v.closed) // twice would panic
	return v.closeErr
}

func (v *volume) text() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sent.String()
}

// sparse is a volume whose client knows holes.
type sparse struct{ *volume }

func (v sparse) Hole(n int64) error {
	if n < 0 {
		return virerr.New(virerr.FromStreams, virerr.InvalidArg, "negative")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	_, err := fmt.Fprintf(&v.sent, "(%d)", n)
	return err
}

func (v sparse) Section() (data bool, length int64, err error) {
	if len(v.sections) == 0 {
		return false, 0, nil
	}
	if s := v.sections[0]; s.data != "" {
		return true, int64(len(s.data)), nil
	}
	return false, v.sections[0].hole, nil
}

func (v sparse) Skip(int64) error {
	v.sections = v.sections[1:]
	return nil
}

// transfer opens a stream with a backend: a download or an upload.
func transfer(t *testing.T, proc int32, b dispatch.StreamBackend, l Limits) (*rig, *wiretest.Client, wire.Header) {
	t.Helper()
	r := newRig(t, l, with(func(r *rig) {
		dispatch.Handle(r.table, remote.ProcConnectGetHostname, dispatch.Inline, func(*dispatch.Call, *dispatch.Void) (*remote.ConnectGetHostnameRet, error) {
			return new(remote.ConnectGetHostnameRet), nil
		})
		dispatch.Handle(r.table, remote.ProcDomainScreenshot, dispatch.Worker, func(c *dispatch.Call, _ *remote.DomainScreenshotArgs) (*remote.DomainScreenshotRet, error) {
			return new(remote.DomainScreenshotRet), c.Stream(b)
		})
		dispatch.Handle(r.table, remote.ProcDomainMigratePrepareTunnel, dispatch.Worker, func(c *dispatch.Call, _ *remote.DomainMigratePrepareTunnelArgs) (*dispatch.Void, error) {
			return nil, c.Stream(b)
		})
	}))
	c := r.open()
	h := c.Header(proc)
	c.Send(h, remote.Program.Procedure(proc).Args())
	if err := c.Answer(nil); err != nil {
		t.Fatal(err)
	}
	h.Type, h.Status = wire.Stream, wire.Continue
	return r, c, h
}

const (
	download = remote.ProcDomainScreenshot
	upload   = remote.ProcDomainMigratePrepareTunnel
)

// all hears a stream to its end: bytes as they are, holes as (length).
func all(t *testing.T, c *wiretest.Client) string {
	t.Helper()
	var text strings.Builder
	for {
		f := c.Receive()
		switch {
		case f.Type == wire.StreamHole:
			var h wire.Hole
			f.Decode(t, &h)
			fmt.Fprintf(&text, "(%d)", h.Length)
		case f.Status == wire.Error:
			text.WriteString("error: " + f.Err(t).Message)
			return text.String()
		case len(f.Payload) == 0:
			return text.String()
		default:
			text.Write(f.Payload)
		}
	}
}

func finish(t *testing.T, c *wiretest.Client, h wire.Header) {
	t.Helper()
	h.Status = wire.OK
	c.Send(h, nil)
	if f := c.Receive(); f.Header != h || len(f.Payload) > 0 {
		t.Errorf("%+v instead of the end's confirmation", f)
	}
}

func TestDownload(t *testing.T) {
	v := newVolume()
	big := strings.Repeat("0123456789", 200_000)
	v.sections = []section{{data: "begin "}, {data: big}}
	_, c, h := transfer(t, download, v, few(nil))
	if got := all(t, c); got != "begin "+big {
		t.Errorf("%d bytes came", len(got))
	}
	finish(t, c, h)
	<-v.closed
}

func TestDownloadWithHoles(t *testing.T) {
	v := newVolume()
	v.sections = []section{{hole: 4096}, {data: "abc"}, {hole: 1 << 40}, {hole: 1}, {data: "d"}, {hole: 7}}
	_, c, h := transfer(t, download, sparse{v}, few(nil))
	if got := all(t, c); got != "(4096)abc(1099511627776)(1)d(7)" {
		t.Error(got)
	}
	finish(t, c, h)
	<-v.closed
}

func TestUploadKeepsHolesInTheirPlace(t *testing.T) {
	v := newVolume()
	v.gate = make(chan struct{})
	_, c, h := transfer(t, upload, sparse{v}, few(nil))
	hole := h
	hole.Type = wire.StreamHole
	c.SendRaw(h, []byte("a"))
	c.Send(hole, &wire.Hole{Length: 10})
	c.SendRaw(h, []byte("b"))
	c.Send(hole, &wire.Hole{Length: 1 << 50})
	close(v.gate)
	finish(t, c, h)
	if got := v.text(); got != "a(10)b(1125899906842624)" {
		t.Error(got)
	}
	<-v.closed
}

func TestErrorsOfAStream(t *testing.T) {
	for name, c := range map[string]struct {
		proc    int32
		volume  func(v *volume) dispatch.StreamBackend
		send    func(c *wiretest.Client, h wire.Header)
		message string
	}{
		"the backend takes no more": {upload, func(v *volume) dispatch.StreamBackend { v.writeErr = io.ErrShortWrite; return v },
			func(c *wiretest.Client, h wire.Header) { c.SendRaw(h, []byte("x")) }, "internal error: short write"},
		"the backend fails at the end": {upload, func(v *volume) dispatch.StreamBackend { v.closeErr = errors.New("disk full"); return v },
			func(c *wiretest.Client, h wire.Header) { h.Status = wire.OK; c.Send(h, nil) }, "internal error: disk full"},
		"the backend takes no such hole": {upload, func(v *volume) dispatch.StreamBackend { return sparse{v} },
			func(c *wiretest.Client, h wire.Header) { h.Type = wire.StreamHole; c.Send(h, &wire.Hole{Length: -1}) }, "invalid argument: negative"},
		"the backend panics": {download, func(v *volume) dispatch.StreamBackend { v.panics = true; return v },
			func(*wiretest.Client, wire.Header) {}, "internal error: stream failed: volume"},
		"an unknown status": {upload, func(v *volume) dispatch.StreamBackend { return v },
			func(c *wiretest.Client, h wire.Header) { h.Status = 9; c.Send(h, nil) }, "stream aborted with unexpected status 9"},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVolume()
			_, client, h := transfer(t, c.proc, c.volume(v), few(nil))
			c.send(client, h)
			if got := all(t, client); got != "error: "+c.message {
				t.Error(got)
			}
			<-v.closed
			client.SendRaw(h, []byte("too late"))
			if err := client.Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAbort(t *testing.T) {
	v := newVolume()
	v.gate = make(chan struct{}) // the backend is stuck
	_, c, h := transfer(t, upload, v, few(nil))
	c.SendRaw(h, []byte("x"))
	aborted := h
	aborted.Status = wire.Error
	c.Send(aborted, nil)
	h.Status = wire.OK
	if f := c.Receive(); f.Header != h {
		t.Errorf("%+v instead of a confirmation", f.Header)
	}
	<-v.closed
	close(v.gate)
}

func TestHoleThatNobodyAskedForEndsTheClient(t *testing.T) {
	v := newVolume()
	_, c, h := transfer(t, upload, v, few(nil))
	h.Type = wire.StreamHole
	c.Send(h, &wire.Hole{Length: 1})
	if !c.Closed() {
		t.Error("still there")
	}
	<-v.closed
}

func TestStreamEndsWithItsClient(t *testing.T) {
	v := newVolume()
	_, c, h := transfer(t, upload, v, few(nil))
	c.SendRaw(h, []byte("x"))
	c.Conn.Close()
	<-v.closed
}

// A client that sends faster than the backend takes is not read from, while
// others are; what is kept for the backend is bounded.
func TestSlowBackendPushesBack(t *testing.T) {
	v := newVolume()
	v.gate = make(chan struct{})
	r, c, h := transfer(t, upload, v, few(nil))
	k := r.client()
	const chunk, chunks = 256 << 10, 100 // 25 MB
	sent := make(chan struct{})
	go func() {
		for range chunks {
			c.SendRaw(h, make([]byte, chunk))
		}
		close(sent)
	}()
	size := func() int {
		k.mu.Lock()
		defer k.mu.Unlock()
		s := k.streams[keyOf(h)]
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.size
	}
	r.eventually("the backend is flooded", func() bool { return size() >= streamQueued })
	if n := size(); n > streamQueued+2*chunk {
		t.Errorf("%d bytes are kept", n)
	}
	if err := r.open().Call(remote.ProcConnectGetHostname, nil, nil); err != nil {
		t.Error(err)
	}
	close(v.gate)
	<-sent
	finish(t, c, h)
	if n := len(v.text()); n != chunk*chunks {
		t.Errorf("%d bytes were taken", n)
	}
}

// A client that does not read its stream is sent no more than a bound.
func TestUnreadStreamIsBounded(t *testing.T) {
	v := newVolume()
	const size = 32 << 20
	v.sections = []section{{data: strings.Repeat("x", size)}}
	r, c, h := transfer(t, download, v, few(nil))
	k := r.client()
	r.eventually("the queue is full", k.out.heavy.Load)
	if n := k.queued(); n > unreadStop+2*bufferSize {
		t.Errorf("%d bytes are queued", n)
	}
	if got := all(t, c); len(got) != size {
		t.Errorf("%d bytes came", len(got))
	}
	finish(t, c, h)
}

func TestSerialOfAnOpenStreamIsTaken(t *testing.T) {
	v := newVolume()
	r, c, h := transfer(t, upload, sharable{v}, few(nil))
	h.Type, h.Status = wire.Call, wire.OK
	c.Send(h, &remote.DomainMigratePrepareTunnelArgs{})
	if err := c.Answer(nil); err == nil || err.Code != virerr.RPC {
		t.Error(err)
	}
	k := r.client()
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.streams); n != 1 {
		t.Errorf("%d streams", n)
	}
}

// sharable may be closed more than once.
type sharable struct{ *volume }

func (sharable) Close() error { return nil }
