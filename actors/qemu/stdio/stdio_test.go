package stdio

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"virtree.dev/actors/rpc/rpcclient"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

var web = Domain{Name: "web"}

func files(t *testing.T, anew bool) *Handler {
	t.Helper()
	return New(Options{Folder: filepath.Join(t.TempDir(), "log"), Anew: anew, Warn: func(text string) { t.Error(text) }})
}

func TestEachStartCountsItsOwnOutput(t *testing.T) {
	for _, anew := range []bool{true, false} {
		h := files(t, anew)
		for range 2 { // the second run must not quote the first
			l, err := h.Open(t.Context(), web)
			if err != nil {
				t.Fatal(err)
			}
			l.Say(time.Unix(0, 5e6), "starting up")
			l.Mark(t.Context())
			_, _ = l.File.WriteString("qemu: no such disk\n")
			if got := l.Tail(t.Context()); got != "qemu: no such disk\n" {
				t.Errorf("tail = %q", got)
			}
			l.Close()
			h.Say(time.Unix(1, 0), web, "shutting down")
		}
		h.Flush(t.Context())
		want := "1970-01-01 00:00:00.005+0000: starting up\nqemu: no such disk\n1970-01-01 00:00:01.000+0000: shutting down\n"
		if !anew {
			want += want
		}
		if text, err := os.ReadFile(h.path(web)); string(text) != want || err != nil {
			t.Errorf("%s\nwant\n%s(%v)", text, want, err)
		}
	}
}

func TestFilesOfDevices(t *testing.T) {
	h := files(t, true)
	path := filepath.Join(t.TempDir(), "serial")
	for _, step := range []struct {
		fresh bool
		want  string
	}{{false, "x"}, {false, "xx"}, {true, "x"}} {
		f, err := h.OpenFile(t.Context(), web, path, step.fresh)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = f.WriteString("x")
		f.Close()
		if text, _ := os.ReadFile(path); string(text) != step.want {
			t.Errorf("%q, want %q", text, step.want)
		}
	}
	_, err := h.OpenFile(t.Context(), web, "/nowhere/x", false)
	if want := "Unable to pre-create chardev file '/nowhere/x': No such file or directory"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// fake is a virtlogd: what it was asked, and answers for open and read.
type fake struct {
	t      *testing.T
	socket string
	busy   int // opens to refuse

	mu    sync.Mutex
	asked []string
	conns []net.Conn
	pipes []*os.File
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, socket: filepath.Join(t.TempDir(), "s")}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: f.socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.AcceptUnix()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.conns = append(f.conns, c)
			f.mu.Unlock()
			go f.serve(c)
		}
	}()
	return f
}

// restart drops every connection, as the end of a daemon does.
func (f *fake) restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		c.Close()
	}
	f.conns = nil
}

func (f *fake) serve(c *net.UnixConn) {
	for {
		head := make([]byte, 4)
		if _, err := io.ReadFull(c, head); err != nil {
			return
		}
		n, _ := wire.Length(head)
		frame := make([]byte, n)
		copy(frame, head)
		_, _ = io.ReadFull(c, frame[4:])
		h, payload, _ := wire.Parse(frame)
		reply, file := f.answer(&h, xdr.NewDecoder(payload))
		b := wire.Begin(nil, h)
		if file != nil {
			b = xdr.AppendUint32(b, 1)
		}
		b = reply.AppendXDR(b)
		_ = wire.Finish(b, 0)
		_, _ = c.Write(b)
		if raw, err := c.SyscallConn(); err == nil && file != nil {
			_ = raw.Write(func(fd uintptr) bool { return sys.SendRight(int(fd), 0, file) == nil })
			file.Close()
		}
	}
}

func (f *fake) answer(h *wire.Header, d *xdr.Decoder) (reply xdr.Value, file *os.File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h.Type = wire.Reply
	switch h.Procedure {
	case logprog.ProcDomainOpenLogFile:
		var a logprog.DomainOpenLogFileArgs
		a.DecodeXDR(d)
		if f.busy > 0 {
			f.busy--
			h.Status = wire.Error
			return virerr.System(virerr.FromLogging, syscall.EBUSY, "Cannot open log file: '%s'", a.Path), nil
		}
		f.asked = append(f.asked, "open "+a.Driver+" "+a.Dom.Name+" "+filepath.Base(a.Path)+strings.Repeat(" anew", int(a.Flags)))
		r, w, err := os.Pipe()
		if err != nil {
			f.t.Error(err)
		}
		f.pipes = append(f.pipes, r)
		h.Type = wire.ReplyWithFDs
		return &logprog.DomainOpenLogFileRet{Pos: position{Inode: 1, Offset: 2}}, w
	case logprog.ProcDomainGetLogFilePosition:
		f.asked = append(f.asked, "position")
		return &logprog.DomainGetLogFilePositionRet{Pos: position{Inode: 3, Offset: 4}}, nil
	case logprog.ProcDomainReadLogFile:
		var a logprog.DomainReadLogFileArgs
		a.DecodeXDR(d)
		if a.Pos != (position{Inode: 3, Offset: 4}) || a.Maxlen != maxTail {
			f.t.Errorf("read %+v", a)
		}
		return &logprog.DomainReadLogFileRet{Data: "last words"}, nil
	}
	var a logprog.DomainAppendLogFileArgs
	a.DecodeXDR(d)
	f.asked = append(f.asked, "append "+a.Dom.Name+" "+filepath.Base(a.Path)+" "+a.Message)
	return &logprog.DomainAppendLogFileRet{}, nil
}

func (f *fake) handler() *Handler {
	return New(Options{Folder: f.t.TempDir(), Logd: &rpcclient.Daemon{Name: "virtlogd", Socket: f.socket}, Warn: func(text string) { f.t.Error(text) }})
}

func TestThroughVirtlogd(t *testing.T) {
	f := newFake(t)
	h := f.handler()
	f.busy = 2 // the machine's last life is not over yet there
	h.Say(time.Unix(0, 0), web, "shutting down")
	l, err := h.Open(t.Context(), web)
	if err != nil {
		t.Fatal(err)
	}
	l.Say(time.Unix(0, 0), "starting up")
	l.Mark(t.Context())
	f.restart()
	if got := l.Tail(t.Context()); got != "last words" {
		t.Errorf("tail %q", got)
	}
	device, err := h.OpenFile(t.Context(), web, "/x/serial", true)
	if err != nil {
		t.Fatal(err)
	}
	device.Close()
	l.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	want := "append web web.log 1970-01-01 00:00:00.000+0000: shutting down\n|open qemu web web.log|position|position|open qemu web serial anew"
	if got := strings.Join(f.asked, "|"); got != want {
		t.Errorf("asked %q\nwant  %q", got, want)
	}
	if text, err := io.ReadAll(f.pipes[0]); string(text) != "1970-01-01 00:00:00.000+0000: starting up\n" || err != nil {
		t.Errorf("through the pipe: %q, %v", text, err)
	}
}

func TestAVirtlogdThatIsNowhere(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "virtlogd-sock")
	program := ""
	var warned []string
	h := New(Options{
		Folder: dir, MayLack: true, Warn: func(text string) { warned = append(warned, text) },
		Logd: &rpcclient.Daemon{Name: "virtlogd", Socket: socket, Lock: socket + ".lock", Without: "or not", Program: func() string { return program }},
	})
	for range 2 {
		l, err := h.Open(t.Context(), web)
		if err != nil {
			t.Fatal(err)
		}
		if info, _ := l.File.Stat(); !info.Mode().IsRegular() {
			t.Error("the log is no file")
		}
		l.Close()
	}
	if len(warned) != 1 {
		t.Errorf("warned %q", warned)
	}
	refused := "Failed to connect socket to '" + socket + "': No such file or directory: "
	program = "/nowhere/virtlogd"
	if _, err := h.Open(t.Context(), web); err == nil || err.Error() != refused+"there is no program '/nowhere/virtlogd' to start; or not" {
		t.Errorf("with a program that is gone: %v", err)
	}
	h.MayLack, h.Logd.Program = false, nil
	_, err := h.Open(context.Background(), web)
	if err == nil || err.Error() != refused+"start virtlogd.socket, or virtlogd itself; or not" {
		t.Errorf("in system mode: %v", err)
	}
}

// Who starts a machine does not wait for each line of others once virtlogd has had its time.
func TestLinesThatCannotBeWritten(t *testing.T) {
	var warned []string
	h := newFake(t).handler()
	h.Warn = func(text string) { warned = append(warned, text) }
	for range 5 {
		h.Say(time.Unix(0, 0), web, "shutting down")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.Flush(ctx)
	if len(warned) != 2 || !strings.HasPrefix(warned[0], "cannot write to the log of domain 'web': ") || warned[1] != "nor 4 lines more to logs of domains" {
		t.Errorf("warned %q", warned)
	}
}
