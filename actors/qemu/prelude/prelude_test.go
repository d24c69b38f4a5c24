package prelude_test

import (
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"virtree.dev/actors/qemu/lockmanager"
	"virtree.dev/actors/qemu/prelude"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/lockprog"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/xdr"
)

func TestMain(m *testing.M) {
	prelude.Run() // the tests' own program is the one that is started again
	os.Exit(m.Run())
}

// lockd takes one connection and answers what it is asked.
type lockd struct {
	refuse error
	told   chan struct{} // closed when the peer restricted itself
	owner  lockprog.Owner
	peer   int
	gone   chan struct{} // closed when the connection ended
	once   sync.Once
}

func serve(t *testing.T, refuse error) (*lockd, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	d := &lockd{refuse: refuse, told: make(chan struct{}), gone: make(chan struct{})}
	t.Cleanup(func() { l.Close() })
	go func() {
		defer close(d.gone)
		c, err := l.AcceptUnix()
		if err != nil {
			return
		}
		defer c.Close()
		if raw, err := c.SyscallConn(); err == nil {
			d.peer, _, _, _ = sys.Credentials(raw)
		}
		for d.answer(c) {
		}
	}()
	return d, path
}

func (d *lockd) answer(c *net.UnixConn) bool {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return false
	}
	n, _ := wire.Length(head)
	frame := make([]byte, n)
	copy(frame, head)
	_, _ = io.ReadFull(c, frame[4:])
	h, payload, _ := wire.Parse(frame)
	h.Type = wire.Reply
	var reply xdr.Value
	switch {
	case d.refuse != nil:
		h.Status = wire.Error
		reply = virerr.From(virerr.FromLocking, d.refuse)
	case h.Procedure == lockprog.ProcRegister:
		var a lockprog.RegisterArgs
		a.DecodeXDR(xdr.NewDecoder(payload))
		d.owner = a.Owner
	case h.Procedure == lockprog.ProcRestrict:
		defer d.once.Do(func() { close(d.told) })
	}
	b, _ := wire.Append(nil, h, reply)
	_, _ = c.Write(b)
	return true
}

func holder(path string) prelude.Order {
	return prelude.Order{Holder: &lockmanager.Holder{Socket: path, Owner: lockmanager.Owner{Name: "web", ID: 7}}}
}

// start runs a shell in place of QEMU, and gives what it wrote.
func start(t *testing.T, o prelude.Order, script string, more ...*os.File) (*os.Process, func() string, error) {
	t.Helper()
	out, err := os.CreateTemp(t.TempDir(), "out")
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	attr := &os.ProcAttr{
		Dir: "/", Env: []string{"MARK=m", "PATH=" + os.Getenv("PATH")}, Files: append([]*os.File{null, out, out}, more...),
		Sys: &syscall.SysProcAttr{Setsid: true},
	}
	p, err := prelude.Start([]string{"/bin/sh", "-c", script, "sh", "-uuid", "u"}, attr, o)
	return p, func() string {
		text, _ := os.ReadFile(out.Name())
		return string(text)
	}, err
}

func TestTheProcessThatRegisteredIsTheProgram(t *testing.T) {
	d, path := serve(t, nil)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p, out, err := start(t, holder(path), `echo $$ $2 "$(env | grep -c VIRTREE)" $MARK; read line <&3; ls -l /proc/$$/fd`, r)
	if err != nil {
		t.Fatal(err)
	}
	<-d.told
	if d.owner.Name != "web" || d.owner.ID != 7 || int(d.owner.Pid) != p.Pid || d.peer != p.Pid {
		t.Errorf("registered %+v by %d, and the program is %d", d.owner, d.peer, p.Pid)
	}
	select {
	case <-d.gone:
		t.Error("the connection ended before the program")
	default:
	}
	_, _ = w.WriteString("go\n")
	w.Close()
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Error(state, err)
	}
	<-d.gone // with the program, and not before
	first, rest, _ := strings.Cut(out(), "\n")
	if first != strconv.Itoa(p.Pid)+" u 0 m" {
		t.Errorf("the program saw %q", first)
	}
	if n := strings.Count(rest, "socket:"); n != 1 {
		t.Errorf("%d sockets are open in the program:\n%s", n, rest)
	}
}

func TestWhatKeepsTheProgramFromBeing(t *testing.T) {
	refusal := virerr.New(virerr.FromLocking, virerr.ResourceBusy, "no")
	_, refusing := serve(t, refusal)
	p, out, err := start(t, holder(refusing), "echo ran")
	var told *virerr.Error
	if p != nil || !errors.As(err, &told) || told.Code != virerr.ResourceBusy || told.Message != "resource busy: no" || out() != "" {
		t.Errorf("refused: %v, %q", err, out())
	}
	nowhere := filepath.Join(t.TempDir(), "s")
	_, _, err = start(t, holder(nowhere), "echo ran")
	if err == nil || err.Error() != "Failed to connect socket to '"+nowhere+"': No such file or directory" {
		t.Errorf("not there: %v", err)
	}
	attr := &os.ProcAttr{Files: []*os.File{nil, nil, nil}}
	_, err = prelude.Start([]string{"/nowhere/qemu"}, attr, prelude.Order{})
	if err == nil || err.Error() != "cannot execute binary /nowhere/qemu: No such file or directory" {
		t.Errorf("no program: %v", err)
	}
}

func TestPowersAreGivenUpLast(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	d, path := serve(t, nil)
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	o := holder(path)
	o.User = &syscall.Credential{Uid: 65534, Gid: 65533, Groups: []uint32{65532}}
	p, out, err := start(t, o, "id -u; id -g; id -G")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = p.Wait()
	<-d.told
	if got := strings.Fields(out()); strings.Join(got, " ") != "65534 65533 65533 65532" {
		t.Errorf("ran as %q", got)
	}
}

// A daemon that dies before it said "go" leaves no program behind.
func TestWithoutADaemonThereIsNoProgram(t *testing.T) {
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	theirs := os.NewFile(uintptr(pair[1]), "theirs")
	mark := filepath.Join(t.TempDir(), "ran")
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{prelude.Name, "/bin/sh", "-c", "echo ran >" + mark}
	cmd.Env = append(os.Environ(), "VIRTREE_PRELUDE=3")
	cmd.ExtraFiles = []*os.File{theirs}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	ours := os.NewFile(uintptr(pair[0]), "ours")
	if _, err := ours.WriteString("{}\n"); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 8)
	if _, err := ours.Read(ready); err != nil {
		t.Error(err)
	}
	ours.Close()
	_ = cmd.Wait() // it fails, and says so to nobody
	if _, err := os.Stat(mark); err == nil {
		t.Error("the program ran")
	}
}
