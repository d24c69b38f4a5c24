package freeze

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"virtree.dev/supervisor/gen"
)

// TestMain lets the test binary be the program that is replaced: it counts its
// generations and answers over a socket that goes along.
func TestMain(m *testing.M) {
	if os.Getenv("FREEZE_TEST_SOCKET") == "" {
		os.Exit(m.Run())
	}
	if err := serve(os.Getenv("FREEZE_TEST_SOCKET")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve answers lines with "generation pid" and replaces itself after each.
func serve(path string) error {
	box, err := Inherit()
	if err != nil {
		return err
	}
	inbox := make(chan os.Signal, 16)
	signal.Notify(inbox, syscall.SIGUSR2, syscall.SIGHUP)
	Hear(inbox, Unheard())
	state := struct{ Generation, Heard int }{}
	var conn net.Conn
	if f := box.Take("server"); f != nil {
		if err := json.Unmarshal(f.State, &state); err != nil {
			return err
		}
		file, err := File(f, "client")
		if err != nil {
			return err
		}
		if conn, err = net.FileConn(file); err != nil {
			return err
		}
		file.Close()
	} else if conn, err = net.Dial("unix", path); err != nil {
		return err
	}
	var line [1]byte
	if _, err := conn.Read(line[:]); err != nil {
		return nil //nolint:nilerr // the test is over
	}
	if line[0] == '!' { // a signal was sent, and must come
		for sig := range inbox {
			if sig == syscall.SIGUSR2 {
				break
			}
		}
		state.Heard++
	}
	fmt.Fprintln(conn, state.Generation, os.Getpid(), state.Heard)
	generation := state.Generation
	state.Generation++
	next := NewBox()
	if err := next.PutState("server", 1, state, map[string]syscall.Conn{"client": conn.(*net.UnixConn)}); err != nil {
		return err
	}
	if generation == 2 { // one that fails leaves all as it was
		if err := next.Exec(Program{Path: "/nowhere", Args: os.Args, Env: os.Environ(), Signals: []syscall.Signal{syscall.SIGUSR2, syscall.SIGHUP}, Inbox: inbox}); err == nil {
			return fmt.Errorf("a program that is not there was executed")
		}
	}
	return next.Exec(Program{Path: "/proc/self/exe", Args: os.Args, Env: os.Environ(), Signals: []syscall.Signal{syscall.SIGUSR2, syscall.SIGHUP}, Inbox: inbox})
}

// start runs the test binary as the program that is replaced.
func start(t *testing.T) (cmd *exec.Cmd, ask func(line byte) string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FREEZE_TEST_SOCKET="+path)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	answers := bufio.NewReader(conn)
	return cmd, func(line byte) string {
		t.Helper()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		if _, err := conn.Write([]byte{line}); err != nil {
			t.Fatal(err)
		}
		answer, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(answer)
	}
}

func TestReplacesItselfInPlace(t *testing.T) {
	cmd, ask := start(t)
	for want := range 20 {
		if got := ask('?'); got != fmt.Sprintf("%d %d 0", want, cmd.Process.Pid) {
			t.Fatalf("generation %d of process %d answered %q", want, cmd.Process.Pid, got)
		}
	}
}

// TestNoSignalIsLostOnTheWay sends one signal a generation, each a little later in
// the life of the execve, and one that Go lets through too early.
func TestNoSignalIsLostOnTheWay(t *testing.T) {
	cmd, ask := start(t)
	ask('?')
	for i := range 300 {
		time.Sleep(time.Duration(i%100) * 100 * time.Microsecond)
		for _, sig := range []os.Signal{syscall.SIGUSR2, syscall.SIGHUP} {
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
		}
		if got := ask('!'); got != fmt.Sprintf("%d %d %d", i+1, cmd.Process.Pid, i+1) {
			t.Fatalf("signal %d: %q", i, got)
		}
	}
}

func TestBoxNames(t *testing.T) {
	b := NewBox()
	if err := b.Put("a", gen.Frozen{}); err != nil {
		t.Fatal(err)
	}
	if b.Put("a", gen.Frozen{}) == nil {
		t.Error("two parts of one name were taken")
	}
	if b.Take("a") == nil || b.Take("a") != nil || len(b.Names()) != 0 {
		t.Error("a part is there once")
	}
	var none *Box
	if none.Take("a") != nil || none.Names() != nil {
		t.Error("no box has no parts")
	}
	none.Close()
}

func TestInheritRefuses(t *testing.T) {
	for _, value := range []string{"", "x", "2", "-1", "1000000"} {
		t.Setenv(Variable, value)
		if _, err := Inherit(); err == nil {
			t.Errorf("%q was taken for a descriptor", value)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	t.Setenv(Variable, strconv.Itoa(int(r.Fd())))
	if _, err := Inherit(); err == nil {
		t.Error("a pipe was taken for a state")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version":1,"parts":{"a":{"version":1,"state":{"x":1}}}}`))
	f.Add([]byte(`{"version":1,"parts":{"a":{"files":{"x":1}}}}`))
	f.Add([]byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d document
		if json.Unmarshal(data, &d) == nil && d.check() == nil {
			for _, p := range d.Parts {
				if len(p.Files) > 0 {
					t.Skip("would take over descriptors of the test")
				}
			}
		}
		b, err := parse(data)
		if err == nil && b == nil {
			t.Error("neither a box nor an error")
		}
	})
}
