package freeze

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

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
	generation := 0
	var conn net.Conn
	if f := box.Take("server"); f != nil {
		if err := json.Unmarshal(f.State, &generation); err != nil {
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
	fmt.Fprintln(conn, generation, os.Getpid())
	next := NewBox()
	if err := next.PutState("server", 1, generation+1, map[string]syscall.Conn{"client": conn.(*net.UnixConn)}); err != nil {
		return err
	}
	if generation == 2 { // one that fails leaves all as it was
		if err := next.Exec(Program{Path: "/nowhere", Args: os.Args, Env: os.Environ(), Signals: []syscall.Signal{syscall.SIGUSR1}}); err == nil {
			return fmt.Errorf("a program that is not there was executed")
		}
	}
	return next.Exec(Program{Path: "/proc/self/exe", Args: os.Args, Env: os.Environ(), Signals: []syscall.Signal{syscall.SIGUSR1}})
}

func TestReplacesItselfInPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FREEZE_TEST_SOCKET="+path)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	for want := range 20 {
		if _, err := conn.Write([]byte{'?'}); err != nil {
			t.Fatal(err)
		}
		line, err := answers.ReadString('\n')
		if err != nil {
			t.Fatalf("generation %d: %v", want, err)
		}
		if got := strings.TrimSpace(line); got != fmt.Sprintf("%d %d", want, cmd.Process.Pid) {
			t.Fatalf("generation %d of process %d answered %q", want, cmd.Process.Pid, got)
		}
	}
	conn.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
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
