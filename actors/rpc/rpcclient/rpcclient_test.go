package rpcclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/keepalive"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

// server is a peer that a test scripts.
type server struct {
	t    *testing.T
	conn *net.UnixConn
}

// talk connects a client to a script, which runs beside the test.
func talk(t *testing.T, script func(s *server)) *rpcclient.Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.AcceptUnix()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		script(&server{t, conn})
	}()
	c, err := rpcclient.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		<-done
		l.Close()
	})
	return c
}

// frame reads a message.
func (s *server) frame() (wire.Header, []byte) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(s.conn, head); err != nil {
		return wire.Header{Procedure: -1}, nil
	}
	n, err := wire.Length(head)
	if err != nil {
		s.t.Error(err)
		return wire.Header{}, nil
	}
	frame := make([]byte, n)
	copy(frame, head)
	if _, err := io.ReadFull(s.conn, frame[4:]); err != nil {
		s.t.Error(err)
	}
	h, payload, err := wire.Parse(frame)
	if err != nil {
		s.t.Error(err)
	}
	return h, payload
}

func (s *server) send(h wire.Header, v xdr.Value) {
	b, err := wire.Append(nil, h, v)
	if err != nil {
		s.t.Error(err)
	}
	if _, err := s.conn.Write(b); err != nil {
		s.t.Error(err)
	}
}

func replyTo(h wire.Header) wire.Header {
	h.Type = wire.Reply
	return h
}

func append1(t *testing.T, ctx context.Context, c *rpcclient.Client) (int32, error) {
	t.Helper()
	var ret logprog.DomainAppendLogFileRet
	_, err := c.Call(ctx, &logprog.Program, logprog.ProcDomainAppendLogFile, &logprog.DomainAppendLogFileArgs{Path: "/l", Message: "m"}, &ret)
	return ret.Ret, err
}

func TestCallsAndErrorsOfThePeer(t *testing.T) {
	c := talk(t, func(s *server) {
		h, _ := s.frame()
		s.send(replyTo(h), &logprog.DomainAppendLogFileRet{Ret: 7})
		h, _ = s.frame()
		h = replyTo(h)
		h.Status = wire.Error
		s.send(h, virerr.New(virerr.FromLogging, virerr.OperationInvalid, "no"))
		h, _ = s.frame()
		if h.Serial != 2 {
			s.t.Errorf("serial %d", h.Serial)
		}
		s.send(replyTo(h), &logprog.DomainAppendLogFileRet{Ret: 9})
	})
	if ret, err := append1(t, t.Context(), c); ret != 7 || err != nil {
		t.Error(ret, err)
	}
	_, err := append1(t, t.Context(), c)
	var told *virerr.Error
	if !errors.As(err, &told) || told.Code != virerr.OperationInvalid || told.From != virerr.FromLogging ||
		told.Message != "Requested operation is not valid: no" {
		t.Errorf("%#v", err)
	}
	if ret, err := append1(t, t.Context(), c); ret != 9 || err != nil {
		t.Error("after an error:", ret, err)
	}
}

func TestPingsAndMessagesWhileACallWaits(t *testing.T) {
	c := talk(t, func(s *server) {
		h, _ := s.frame()
		s.send(wire.Header{Program: keepalive.ID, Version: 1, Procedure: keepalive.ProcPing, Type: wire.Message}, nil)
		s.send(wire.Header{Program: 5, Version: 1, Procedure: 3, Type: wire.Message}, &wire.Hole{Length: 8})
		if h, _ := s.frame(); h.Program != keepalive.ID || h.Procedure != keepalive.ProcPong || h.Type != wire.Message {
			s.t.Errorf("no pong: %+v", h)
		}
		s.send(replyTo(h), &logprog.DomainAppendLogFileRet{})
	})
	var heard []wire.Header
	c.OnMessage = func(h wire.Header, payload []byte) {
		if len(payload) != 12 {
			t.Error(payload)
		}
		heard = append(heard, h)
	}
	if _, err := append1(t, t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(heard) != 1 || heard[0].Procedure != 3 {
		t.Error(heard)
	}
}

func TestDescriptorsBothWays(t *testing.T) {
	c := talk(t, func(s *server) {
		h, payload := s.frame()
		if n, _, err := wire.NumFDs(payload); h.Type != wire.CallWithFDs || n != 2 || err != nil {
			s.t.Errorf("%+v with %d descriptors: %v", h, n, err)
		}
		raw, _ := s.conn.SyscallConn()
		var files []*os.File
		for range 2 {
			_ = raw.Read(func(fd uintptr) bool {
				_, came, err := sys.Recv(int(fd), make([]byte, 1), make([]byte, sys.RightsSpace))
				files = append(files, came...)
				return !sys.Again(err)
			})
		}
		h = replyTo(h)
		h.Type = wire.ReplyWithFDs
		b := xdr.AppendUint32(wire.Begin(nil, h), uint32(len(files)))
		b = (&logprog.DomainAppendLogFileRet{Ret: 3}).AppendXDR(b)
		_ = wire.Finish(b, 0)
		_, _ = s.conn.Write(b)
		for _, f := range files {
			_ = raw.Write(func(fd uintptr) bool { return sys.SendRight(int(fd), 0, f) == nil })
			f.Close()
		}
	})
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var ret logprog.DomainAppendLogFileRet
	files, err := c.Call(t.Context(), &logprog.Program, 4, nil, &ret, r, w)
	w.Close()
	if err != nil || len(files) != 2 || ret.Ret != 3 {
		t.Fatal(files, ret, err)
	}
	if _, err := files[1].WriteString("through both ways"); err != nil {
		t.Error(err)
	}
	files[1].Close()
	if text, err := io.ReadAll(files[0]); string(text) != "through both ways" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	files[0].Close()
}

func TestTheEndOfTheConnectionIsThatOfTheCall(t *testing.T) {
	c := talk(t, func(s *server) { s.frame() })
	_, err := append1(t, t.Context(), c)
	if err == nil || err.Error() != "End of file while reading data: Input/output error" {
		t.Error(err)
	}
	if _, again := append1(t, t.Context(), c); !errors.Is(again, err) || c.Ended() == nil {
		t.Error(again)
	}
}

// A call that its context ended leaves no reply behind that another would take for its own.
func TestTheContextEndsACallAndItsConnection(t *testing.T) {
	for _, deadline := range []bool{true, false} {
		hold := make(chan struct{})
		c := talk(t, func(s *server) {
			s.frame()
			<-hold
		})
		ctx, cancel := context.WithCancel(t.Context())
		if deadline {
			ctx, cancel = context.WithTimeout(t.Context(), time.Millisecond)
		} else {
			go cancel()
		}
		if _, err := append1(t, ctx, c); !errors.Is(err, ctx.Err()) {
			t.Errorf("%v, not %v", err, ctx.Err())
		}
		if _, err := append1(t, t.Context(), c); err == nil {
			t.Error("the connection is used on")
		}
		cancel()
		close(hold)
	}
}

func TestRepliesThatAreNone(t *testing.T) {
	other := func(change func(h *wire.Header)) func(s *server) {
		return func(s *server) {
			h, _ := s.frame()
			h = replyTo(h)
			change(&h)
			s.send(h, &logprog.DomainAppendLogFileRet{})
		}
	}
	for name, script := range map[string]func(s *server){
		"another serial":    other(func(h *wire.Header) { h.Serial++ }),
		"another procedure": other(func(h *wire.Header) { h.Procedure++ }),
		"no error":          other(func(h *wire.Header) { h.Status = wire.Error }),
		"going on":          other(func(h *wire.Header) { h.Status = wire.Continue }),
		"no frame":          func(s *server) { s.frame(); _, _ = s.conn.Write([]byte{255, 0, 0, 0}) },
		"too short": func(s *server) {
			h, _ := s.frame()
			s.send(replyTo(h), nil)
		},
		"more descriptors than there are": func(s *server) {
			h, _ := s.frame()
			h = replyTo(h)
			h.Type = wire.ReplyWithFDs
			_, _ = s.conn.Write(append(wire.AppendRaw(nil, h, []byte{0, 0, 0, 1, 0, 0, 0, 0}), 0))
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := talk(t, script)
			if _, err := append1(t, t.Context(), c); err == nil {
				t.Error("it was taken")
			}
			if c.Ended() == nil {
				t.Error("the connection is used on")
			}
		})
	}
}

func TestDialSaysWhatLibvirtSays(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "No such file or directory",
		stale:                      "Connection refused",
	} {
		_, err := rpcclient.Dial(t.Context(), path)
		told := virerr.From(virerr.FromRPC, err)
		if want = "Failed to connect socket to '" + path + "': " + want; told.Message != want || told.Code != virerr.SystemError {
			t.Errorf("%v, want %s", told, want)
		}
	}
	long := strings.Repeat("long", 30)
	if _, err := rpcclient.Dial(t.Context(), long); err == nil || err.Error() != "Path "+long+" too long for unix socket: Cannot allocate memory" {
		t.Error(err)
	}
	if _, err := rpcclient.Dial(t.Context(), stale); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Error(err)
	}
}
