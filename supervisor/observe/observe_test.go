package observe

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// fragile ends with an error when it is told to.
type fragile struct{ act.Actor }

func (*fragile) HandleMessage(_ *gen.Process, m any) error { return m.(error) }

func (*fragile) HandleInspect(*gen.Process) map[string]string {
	return map[string]string{"purpose": "to break"}
}

func startTree(t *testing.T) (*gen.System, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "observe-sock")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := gen.NewSystem()
	root, err := s.Start(act.Supervisor{Type: act.OneForOne, Intensity: 5, Period: time.Minute, Children: []gen.Child{
		{Name: "fragile", Register: true, Restart: gen.Permanent, New: func() gen.Behavior { return &fragile{} }},
		l.Child(),
	}}.Child("daemon", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(root, gen.Shutdown); l.Close() })
	return s, path
}

func ask(t *testing.T, path string, r Request) string {
	t.Helper()
	var b bytes.Buffer
	if err := Copy(&b, path, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTreeShowsACrash(t *testing.T) {
	s, path := startTree(t)
	if err := gen.Send(s.Named("fragile"), errors.New("a broken leg")); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		text := ask(t, path, Request{Pages: true})
		if strings.Contains(text, "a broken leg") && strings.Contains(text, "1 restarts") &&
			strings.Contains(text, "purpose: to break") && strings.Contains(text, "└─ observe") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the tree does not show it:\n%s", text)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestJSONAndNames(t *testing.T) {
	_, path := startTree(t)
	var nodes []gen.Node
	if err := json.Unmarshal([]byte(ask(t, path, Request{JSON: true, Name: "frag"})), &nodes); err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 || nodes[0].Name != "fragile" {
		t.Errorf("nodes = %+v", nodes)
	}
}

func TestBadRequestsAreAnswered(t *testing.T) {
	_, path := startTree(t)
	for _, line := range []string{"follow=1ns", "nonsense"} {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write([]byte(line + "\n"))
		var b bytes.Buffer
		_, _ = b.ReadFrom(conn)
		if !strings.HasPrefix(b.String(), "error: ") {
			t.Errorf("%q: %q", line, b.String())
		}
	}
	long, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = long.Write(bytes.Repeat([]byte("x"), 2*maxLine))
	var b bytes.Buffer
	_, _ = b.ReadFrom(long) // ends, as the line is too long
	if b.Len() != 0 {
		t.Errorf("an endless line got %q", b.String())
	}
}

func TestFollowDrawsAgain(t *testing.T) {
	_, path := startTree(t)
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(Request{Follow: minInterval}.String() + "\n"))
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var seen []byte
	for bytes.Count(seen, []byte("\f")) < 2 {
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("%v after %q", err, seen)
		}
		seen = append(seen, b[:n]...)
	}
}

// A client that never reads takes a place, and nothing else.
func TestViewersAreBounded(t *testing.T) {
	_, path := startTree(t)
	var conns []net.Conn
	for range maxViewers {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
	}
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	extra, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	_, _ = extra.Write([]byte("text\n"))
	_ = extra.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, err := extra.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Error("one viewer too many was served")
	}
}

func TestRequestRoundTrip(t *testing.T) {
	for _, r := range []Request{{}, {JSON: true}, {Pages: true, Name: "qemu", Follow: time.Second}} {
		got, err := ParseRequest(r.String())
		if err != nil || got != r {
			t.Errorf("%q: %+v, %v", r, got, err)
		}
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add("text jobs flight=5s record=-1s name=web")
	f.Add("json pages name=x follow=1s")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := ParseRequest(line)
		if err != nil {
			return
		}
		again, err := ParseRequest(r.String())
		if err != nil || again != r {
			t.Errorf("%q: %+v, then %+v (%v)", line, r, again, err)
		}
	})
}
