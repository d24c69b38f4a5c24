package logd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
	"virtree.dev/test/peer"
)

const debian = "/usr/sbin/virtlogd"

// needDebian skips where Debian's virtlogd is not installed.
func needDebian(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(debian); err != nil {
		t.Skip("needs Debian's virtlogd (libvirt-daemon-system)")
	}
}

// ours is the path of our virtlogd.
func ours(t testing.TB) string {
	t.Helper()
	return peer.Binary(t, "virtlogd")
}

func TestMain(m *testing.M) { peer.Main(m) }

// daemon is a virtlogd, in session mode unless it is told otherwise.
type daemon struct {
	*peer.Service
}

func start(t testing.TB, program, conf string) *daemon {
	t.Helper()
	d := prepare(t, program, conf)
	d.Run()
	return d
}

func prepare(t testing.TB, program, conf string) *daemon {
	t.Helper()
	return &daemon{peer.NewService(t, "virtlogd", program, conf)}
}

// log is the path of a log file.
func (d *daemon) log(name string) string { return d.Path("logs/" + name + ".log") }

// client is a connection to the log program.
type client struct {
	*wiretest.Client
}

func (d *daemon) dial() *client {
	d.T.Helper()
	c := &client{}
	peer.AsUser(d.T, func() { c.Client = wiretest.Dial(d.T, d.Socket()) })
	return c
}

func (c *client) call(proc int32, args, ret xdr.Value) *virerr.Error {
	c.T.Helper()
	c.Serial++
	c.Send(wire.Header{Program: logprog.ID, Version: logprog.Version, Procedure: proc, Serial: c.Serial}, args)
	return c.Answer(ret)
}

func openArgs(path string, flags uint32) *logprog.DomainOpenLogFileArgs {
	return &logprog.DomainOpenLogFileArgs{Driver: "qemu", Dom: logprog.Domain{Name: "vm", UUID: logprog.UUID{1, 2}}, Path: path, Flags: flags}
}

// open opens a log file and gives the writing end of its pipe.
func (c *client) open(path string, flags uint32) (*os.File, logprog.LogFilePosition, *virerr.Error) {
	c.T.Helper()
	c.Serial++
	c.Send(wire.Header{Program: logprog.ID, Version: logprog.Version, Procedure: logprog.ProcDomainOpenLogFile, Serial: c.Serial}, openArgs(path, flags))
	head, control := make([]byte, 1<<16), make([]byte, 256)
	_ = c.Conn.SetReadDeadline(time.Now().Add(peer.Patience))
	var frame []byte
	var file *os.File
	for {
		n, controls, _, _, err := c.Conn.(*net.UnixConn).ReadMsgUnix(head, control)
		if err != nil {
			c.T.Fatal(err)
		}
		frame = append(frame, head[:n]...)
		if messages, _ := syscall.ParseSocketControlMessage(control[:controls]); len(messages) > 0 {
			fds, _ := syscall.ParseUnixRights(&messages[0])
			syscall.CloseOnExec(fds[0])
			file = os.NewFile(uintptr(fds[0]), "pipe")
		}
		if len(frame) < wire.LengthSize {
			continue
		}
		if length, err := wire.Length(frame); err != nil || len(frame) < length {
			continue
		}
		h, payload, err := wire.Parse(frame[:length(frame)])
		if err != nil {
			c.T.Fatal(err)
		}
		f := wiretest.Frame{Header: h, Payload: payload}
		if h.Status == wire.Error {
			return nil, logprog.LogFilePosition{}, f.Err(c.T)
		}
		if file == nil {
			continue // the descriptor comes with a byte of its own behind the frame
		}
		d := xdr.NewDecoder(payload)
		if h.Type == wire.ReplyWithFDs {
			d.Uint32()
		}
		var ret logprog.DomainOpenLogFileRet
		ret.DecodeXDR(d)
		if d.Err() != nil {
			c.T.Fatal(d.Err())
		}
		c.T.Cleanup(func() { file.Close() })
		return file, ret.Pos, nil
	}
}

func length(frame []byte) int {
	n, _ := wire.Length(frame)
	return n
}

func (c *client) mustOpen(path string) *os.File {
	c.T.Helper()
	f, _, err := c.open(path, 0)
	if err != nil {
		c.T.Fatal(err)
	}
	return f
}

func (c *client) position(path string) (logprog.LogFilePosition, *virerr.Error) {
	c.T.Helper()
	var ret logprog.DomainGetLogFilePositionRet
	err := c.call(logprog.ProcDomainGetLogFilePosition, &logprog.DomainGetLogFilePositionArgs{Path: path}, &ret)
	return ret.Pos, err
}

// numbered writes lines with numbers into a pipe until stop, then says how many.
type numbered struct {
	pipe *os.File
	stop chan struct{}
	done chan int
}

func writeNumbers(t testing.TB, pipe *os.File, pause time.Duration) *numbered {
	w := &numbered{pipe, make(chan struct{}), make(chan int, 1)}
	go func() {
		n := 0
		defer func() { w.done <- n }()
		for {
			select {
			case <-w.stop:
				return
			default:
			}
			if _, err := fmt.Fprintf(pipe, "%d %s\n", n, strings.Repeat("x", n%90)); err != nil {
				t.Errorf("line %d: %v", n, err)
				return
			}
			n++
			time.Sleep(pause)
		}
	}()
	return w
}

// end stops the writer and closes its pipe.
func (w *numbered) end() int {
	close(w.stop)
	n := <-w.done
	w.pipe.Close()
	return n
}

// wantNumbers waits until a log file and its backups have all lines, and no other.
func wantNumbers(t testing.TB, path string, n int) {
	t.Helper()
	last := fmt.Sprintf("\n%d %s\n", n-1, strings.Repeat("x", (n-1)%90))
	peer.Eventually(t, "the last line is in "+path, func() bool { return bytes.HasSuffix(append([]byte("\n"), whole(path)...), []byte(last)) })
	data := whole(path)
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for i, line := range lines {
		number, tail, _ := strings.Cut(line, " ")
		got, err := strconv.Atoi(number)
		if err != nil || got != i || tail != strings.Repeat("x", i%90) {
			t.Fatalf("line %d of %d is %q", i, n, line)
		}
	}
	if len(lines) != n {
		t.Fatalf("%d lines, want %d", len(lines), n)
	}
}

// whole is the content of a log file and its backups, the oldest first.
func whole(path string) []byte {
	var all []byte
	for i := 31; i >= 0; i-- {
		data, _ := os.ReadFile(fmt.Sprintf("%s.%d", path, i))
		all = append(all, data...)
	}
	data, _ := os.ReadFile(path)
	return append(all, data...)
}
