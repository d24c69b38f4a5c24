package rpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/driver"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/sasl"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
)

// mirror is a layer that turns every bit around.
type mirror struct{}

func turned(b []byte) ([]byte, error) {
	out := make([]byte, len(b))
	for i := range b {
		out[i] = ^b[i]
	}
	return out, nil
}

func (mirror) Seal(b []byte) ([]byte, error) { return turned(b) }
func (mirror) Open(b []byte) ([]byte, error) { return turned(b) }
func (mirror) SSF() int                      { return 256 }
func (mirror) MaxPlain() int                 { return 1000 }

// hall lets in who says "friend", and protects it from then on.
type hall struct{ enter chan struct{} }

func (hall) Mechanisms(dispatch.Way) ([]string, error)           { return []string{"M"}, nil }
func (h hall) Begin(string, dispatch.Way) (sasl.Exchange, error) { return h, nil }
func (hall) Admit(string, sasl.Layer, dispatch.Way) error        { return nil }
func (hall) Failed(*dispatch.Session, string, string, error)     {}
func (hall) Came(*dispatch.Session, string, string)              {}
func (hall) Wait(context.Context, *dispatch.Session) error       { return nil }
func (hall) User() string                                        { return "friend" }
func (hall) Layer() sasl.Layer                                   { return mirror{} }
func (h hall) Step(in []byte) ([]byte, bool, error) {
	<-h.enter
	if string(in) != "friend" {
		return nil, false, errors.New("a foe")
	}
	return nil, true, nil
}

// newHall is a server that wants SASL on TCP.
func newHall(t *testing.T, h hall) (*rig, *Listener) {
	t.Helper()
	l, err := ListenTCP("tcp", loopback)
	if err != nil {
		t.Fatal(err)
	}
	l.Guard(dispatch.AuthSASL)
	r := newRig(t, few(nil), func(r *rig, o *Options, listeners []*Listener) {
		listeners[1].Close()
		listeners[1] = l
		r.hostname()
		r.echo()
		s := connection.New(driver.Roster{r}, r.bus)
		s.Negotiate(h)
		o.Dispatcher = dispatch.New(s.Tables()...)
	})
	return r, l
}

// veil is the client's side of the layer.
type veil struct {
	net.Conn
	plain []byte
}

func (v *veil) Read(p []byte) (int, error) {
	if len(v.plain) == 0 {
		var size [lengthSize]byte
		if _, err := io.ReadFull(v.Conn, size[:]); err != nil {
			return 0, err
		}
		b := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(v.Conn, b); err != nil {
			return 0, err
		}
		v.plain, _ = turned(b)
	}
	n := copy(p, v.plain)
	v.plain = v.plain[n:]
	return n, nil
}

// Write cuts what it sends into small buffers, which come in pieces.
func (v *veil) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), 700)
		b, _ := turned(rest[:n])
		b = append(binary.BigEndian.AppendUint32(nil, uint32(n)), b...)
		for _, part := range [][]byte{b[:3], b[3:]} {
			if _, err := v.Conn.Write(part); err != nil {
				return 0, err
			}
		}
		rest = rest[n:]
	}
	return len(p), nil
}

func friend() *remote.AuthSASLStartArgs {
	return &remote.AuthSASLStartArgs{Mech: "M", Data: []int8{'f', 'r', 'i', 'e', 'n', 'd'}}
}

func open() hall {
	h := hall{make(chan struct{})}
	close(h.enter)
	return h
}

func dialHall(t *testing.T, l *Listener) (net.Conn, *wiretest.Client) {
	t.Helper()
	conn, err := net.Dial("tcp", l.Address().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(30 * time.Second))
	c := wiretest.Over(t, conn)
	if err := c.Call(remote.ProcAuthSASLInit, nil, nil); err != nil {
		t.Fatal(err)
	}
	return conn, c
}

func TestLayerProtectsWhatFollows(t *testing.T) {
	_, l := newHall(t, open())
	conn, c := dialHall(t, l)
	var ret remote.AuthSASLStartRet
	if err := c.Call(remote.ProcAuthSASLStart, friend(), &ret); err != nil || ret.Complete != 1 || ret.Nil != 1 {
		t.Fatal(err, ret)
	}
	c = wiretest.Over(t, &veil{Conn: conn})
	c.Open("")
	for _, size := range []int{0, 1, 999, 1000, 100_000, 1_000_000} {
		text := strings.Repeat("x", size)
		var echo remote.ConnectDomainXMLToNativeRet
		if err := c.Call(remote.ProcConnectDomainXMLToNative, &remote.ConnectDomainXMLToNativeArgs{DomainXML: text}, &echo); err != nil || echo.NativeConfig != text {
			t.Fatalf("%d bytes: %v", size, err)
		}
	}
}

// TestNothingIsReadInTheClear puts calls behind the last one of the negotiation,
// as somebody between client and server may.
func TestNothingIsReadInTheClear(t *testing.T) {
	for name, apart := range map[string]bool{"in one portion": false, "in two": true} {
		t.Run(name, func(t *testing.T) {
			h := hall{make(chan struct{})}
			r, l := newHall(t, h)
			conn, c := dialHall(t, l)
			last := c.Header(remote.ProcAuthSASLStart)
			bytes, err := wire.Append(nil, last, friend())
			if err != nil {
				t.Fatal(err)
			}
			name := ""
			injected, err := wire.Append(nil, c.Header(remote.ProcConnectOpen), &remote.ConnectOpenArgs{Name: &name})
			if err != nil {
				t.Fatal(err)
			}
			if !apart {
				bytes = append(bytes, injected...)
			}
			if _, err := conn.Write(bytes); err != nil {
				t.Fatal(err)
			}
			if apart {
				r.eventually("the call is in hand", func() bool { return r.client().deciding() != nil })
				if _, err := conn.Write(append(injected, injected...)); err != nil { // enough for a whole buffer
					t.Fatal(err)
				}
			}
			close(h.enter)
			r.eventually("the client is gone", func() bool { return r.clients() == 0 })
			if f, err := c.Next(); err == nil && f.Serial != last.Serial {
				t.Error("the injected call was answered", f)
			}
		})
	}
}

func TestBuffersThatAreNone(t *testing.T) {
	for what, bytes := range map[string][]byte{
		"too long": {0xff, 0xff, 0xff, 0xff}, "no frame": {0, 0, 0, 4, 0, 0, 0, 0},
	} {
		r, l := newHall(t, open())
		conn, c := dialHall(t, l)
		if err := c.Call(remote.ProcAuthSASLStart, friend(), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(bytes); err != nil {
			t.Fatal(err)
		}
		r.eventually("a client is gone that sends what is "+what, func() bool { return r.clients() == 0 })
	}
}

func TestFoesStayOutside(t *testing.T) {
	r, l := newHall(t, open())
	_, c := dialHall(t, l)
	if err := c.Call(remote.ProcAuthSASLStart, &remote.AuthSASLStartArgs{Mech: "M"}, nil); err == nil {
		t.Fatal("a foe is let in")
	}
	if err := c.Call(remote.ProcConnectGetHostname, nil, nil); err == nil {
		t.Error("a foe makes calls")
	}
	if _, strangers := r.server.NumClients(); strangers != 1 {
		t.Error(strangers)
	}
}
