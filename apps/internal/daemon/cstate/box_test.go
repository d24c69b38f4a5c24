package cstate

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"virtree.dev/actors/rpc"
	"virtree.dev/supervisor/freeze"
)

// given is a descriptor as a former program leaves it: its number alone.
func given(t *testing.T, f *os.File) int {
	t.Helper()
	defer f.Close()
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func givenSockets(t *testing.T) (listener, client int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	accepted, err := l.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	lf, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	cf, err := accepted.File()
	if err != nil {
		t.Fatal(err)
	}
	return given(t, lf), given(t, cf)
}

func serverText(listener int, clients ...int) string {
	var list []string
	for i, fd := range clients {
		list = append(list, fmt.Sprintf(`{"id":%d,"auth":0,"readonly":false,"nrequests_max":1,"sock":{"fd":%d,"errfd":-1,"pid":0,"isClient":true},"privateData":{"n":%d}}`, i+1, fd, i))
	}
	services := fmt.Sprintf(`"services":[{"auth":0,"readonly":false,"nrequests_client_max":1,"socks":[{"fd":%d,"errfd":-1,"pid":0,"isClient":false}]}]`, listener)
	text := strings.Replace(oneServer, `"services":[]`, services, 1)
	return strings.Replace(text, `"clients":[]`, `"clients":[`+strings.Join(list, ",")+`]`, 1)
}

func testNames() Names {
	return Names{
		Listener: func(server string, _ bool, nth int) string { return fmt.Sprintf("%s.%d", server, nth) },
		Clients:  rpc.ClientsName,
	}
}

func box(t *testing.T, text string) (*freeze.Box, []string) {
	t.Helper()
	d, err := Parse([]byte(text), "virtlogd")
	if err != nil {
		t.Fatal(err)
	}
	b, notes, err := d.Box(testNames())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b, notes
}

func TestBoxIsWhatAProgramOfOursLeaves(t *testing.T) {
	listener, client := givenSockets(t)
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fd := given(t, pipe)
	b, notes := box(t, fmt.Sprintf(`{"magic":"1","daemon":{"servers":{"virtlogd":%s}},"handler":{"pipefd":%d}}`, serverText(listener, client), fd))
	if len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	l, err := rpc.ThawListener("virtlogd.0", b.Take("virtlogd.0"))
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	clients := b.Take(rpc.ClientsName("virtlogd"))
	if !strings.Contains(string(clients.State), `"limits":{"max_anonymous_clients":1024,"max_clients":1024}`) {
		t.Errorf("limits that somebody may have set live are lost: %s", clients.State)
	}
	if f, err := freeze.File(clients, "client.1"); err != nil {
		t.Error(err)
	} else {
		f.Close()
	}
	rest, err := Take(b)
	if err != nil {
		t.Fatal(err)
	}
	handler, _ := rest.Object.Object("handler")
	n, ok := handler.Int("pipefd")
	if !ok || n != fd {
		t.Fatalf("handler %v", handler)
	}
	f, err := rest.File(n, "pipe")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := rest.File(n, "pipe"); err == nil {
		t.Error("a descriptor was given twice")
	}
	if again, err := Take(b); again != nil || err != nil {
		t.Errorf("the rest was given twice: %v, %v", again, err)
	}
}

// TestWhatIsNoSocketIsLeftOut holds that a file cannot make us use descriptors
// that are closed, of another kind, or somebody's already.
func TestWhatIsNoSocketIsLeftOut(t *testing.T) {
	listener, client := givenSockets(t)
	defer syscall.Close(listener)
	pipe, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b, notes := box(t, `{"magic":"1","daemon":{"servers":{"virtlogd":`+serverText(given(t, pipe), 2, 987654, client, client)+`}}}`)
	if len(notes) != 4 {
		t.Errorf("%d notes: %q", len(notes), notes)
	}
	if b.Take("virtlogd.0") != nil {
		t.Error("a pipe listens")
	}
	clients := b.Take(rpc.ClientsName("virtlogd"))
	if len(clients.Files) != 1 {
		t.Errorf("%d clients, want one", len(clients.Files))
	}
	for _, f := range clients.Files {
		f.(*os.File).Close()
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "restart.json")
	if d, note, err := Load(path, 1, "virtlogd"); d != nil || note != "" || err != nil {
		t.Errorf("no file: %v %q %v", d, note, err)
	}
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"magic":"77","server":` + oneServer + `}`)
	d, note, err := Load(path, 78, "virtlogd")
	if want := "Found restart exec file with old magic 77 vs wanted 78"; d != nil || note != want || err != nil {
		t.Errorf("of another process: %v %q %v", d, note, err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file was left")
	}
	write(`{"magic":"77","server":` + oneServer + `}`)
	if d, note, err := Load(path, 77, "virtlogd"); d == nil || note != "" || err != nil {
		t.Errorf("ours: %v %q %v", d, note, err)
	}
	write("{")
	if _, _, err := Load(path, 77, "virtlogd"); err == nil {
		t.Error("half a file: no error")
	}
}
