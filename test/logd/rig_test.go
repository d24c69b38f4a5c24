package logd

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"virtree.dev/protocol/logprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
)

const (
	debian   = "/usr/sbin/virtlogd"
	nobody   = 65534
	patience = 30 * time.Second
)

// needDebian skips where Debian's virtlogd is not installed.
func needDebian(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(debian); err != nil {
		t.Skip("needs Debian's virtlogd (libvirt-daemon-system)")
	}
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "vtlogd")
	if err != nil {
		return "", err
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", dir, "virtree.dev/apps/virtlogd").CombinedOutput()
	if err != nil {
		return dir, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return dir, nil
})

// ours is the path of our virtlogd.
func ours(t testing.TB) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "virtlogd")
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := built(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

// daemon is a virtlogd in session mode, in folders of its own, started from a
// path at which its program can be exchanged.
type daemon struct {
	t      testing.TB
	base   string
	before []string // what starts it, where it has a namespace of its own
	system bool     // it runs as root
	cmd    *exec.Cmd
}

func start(t testing.TB, program, conf string) *daemon {
	t.Helper()
	d := prepare(t, program, conf)
	d.run()
	t.Cleanup(d.end)
	return d
}

// prepare makes the folders of a daemon.
func prepare(t testing.TB, program, conf string) *daemon {
	t.Helper()
	base, err := os.MkdirTemp("", "vtlog") // socket paths are short
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, base: base}
	t.Cleanup(func() { os.RemoveAll(base) })
	for _, dir := range []string{"run", "config", "cache", "logs"} {
		if err := os.Mkdir(d.path(dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(d.path("virtlogd.conf"), []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	d.install(program)
	if os.Geteuid() == 0 {
		for _, name := range []string{"", "run", "config", "cache", "logs"} {
			if err := os.Chown(d.path(name), nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
	}
	return d
}

// path is one in the daemon's own folder.
func (d *daemon) path(name string) string { return filepath.Join(d.base, name) }

// log is the path of a log file.
func (d *daemon) log(name string) string { return filepath.Join(d.base, "logs", name+".log") }

// install puts a program to where the daemon is started from.
func (d *daemon) install(program string) {
	d.t.Helper()
	data, err := os.ReadFile(program)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.path("virtlogd.new"), data, 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Rename(d.path("virtlogd.new"), d.path("virtlogd")); err != nil {
		d.t.Fatal(err)
	}
}

// run starts the daemon and waits until it listens.
func (d *daemon) run() {
	d.t.Helper()
	out, err := os.OpenFile(d.path("output"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	argv := append(slices.Clone(d.before), d.path("virtlogd"), "-f", d.path("virtlogd.conf"))
	if !d.system {
		argv = append(argv, "-p", d.path("run/virtlogd.pid"))
	}
	d.cmd = exec.Command(argv[0], argv[1:]...)
	d.cmd.Stdout, d.cmd.Stderr = out, out
	d.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "HOME=" + d.base, "XDG_RUNTIME_DIR=" + d.path("run"),
		"XDG_CONFIG_HOME=" + d.path("config"), "XDG_CACHE_HOME=" + d.path("cache"),
	}
	d.cmd.SysProcAttr = &syscall.SysProcAttr{}
	if os.Geteuid() == 0 && d.before == nil {
		d.cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	eventually(d.t, "it listens", func() bool {
		c, err := net.Dial("unix", d.socket())
		if err != nil {
			return false
		}
		c.Close()
		return true
	})
}

func (d *daemon) socket() string {
	if d.system {
		return d.seen("/run/libvirt/virtlogd-sock")
	}
	return d.path("run/libvirt/virtlogd-sock")
}

func (d *daemon) signal(s os.Signal) {
	d.t.Helper()
	if err := d.cmd.Process.Signal(s); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) end() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		_ = d.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(patience):
		d.t.Error("it is still there after SIGTERM")
		_ = d.cmd.Process.Kill()
		<-done
	}
	if d.t.Failed() {
		lines := strings.Split(strings.TrimSpace(d.output()), "\n")
		d.t.Logf("it said:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
	}
}

func (d *daemon) output() string {
	text, _ := os.ReadFile(d.path("output"))
	return string(text)
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// client is a connection to the log program.
type client struct {
	*wiretest.Client
}

func (d *daemon) dial() *client {
	d.t.Helper()
	c := &client{}
	asUser(d.t, func() { c.Client = wiretest.Dial(d.t, d.socket()) })
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
	_ = c.Conn.SetReadDeadline(time.Now().Add(patience))
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
	eventually(t, "the last line is in "+path, func() bool { return bytes.HasSuffix(append([]byte("\n"), whole(path)...), []byte(last)) })
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
