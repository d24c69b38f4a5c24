package qmptest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Greeting is what QEMU 7.2 says first.
const Greeting = `{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "test"}, "capabilities": ["oob"]}}`

// Request is a command as the monitor read it.
type Request struct {
	Execute   string          `json:"execute"`
	OutOfBand string          `json:"exec-oob"`
	Arguments json.RawMessage `json:"arguments"`
	ID        string          `json:"id"`
}

// Name gives the command, however it is to be executed.
func (r Request) Name() string {
	if r.OutOfBand != "" {
		return r.OutOfBand
	}
	return r.Execute
}

// Monitor answers commands from a table; those it does not know get CommandNotFound.
type Monitor struct {
	// Answers holds the value to return by command. A string that begins with "error:" is an
	// error's text; Silent is never answered.
	Answers map[string]any

	mu    sync.Mutex
	seen  []string
	conns []net.Conn
}

// Silent as an answer stands for a monitor that does not answer.
type Silent struct{}

// Listen serves the monitor at a socket until the test ends and gives its path.
func (m *Monitor) Listen(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "qmp") // t.TempDir is too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "monitor.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		m.Drop()
		os.RemoveAll(dir)
	})
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.conns = append(m.conns, c)
			m.mu.Unlock()
			go m.Serve(c)
		}
	}()
	return path
}

// Serve greets on a connection and answers until it is closed.
func (m *Monitor) Serve(rw io.ReadWriter) {
	fmt.Fprintf(rw, "%s\r\n", Greeting)
	lines := bufio.NewScanner(rw)
	for lines.Scan() {
		var r Request
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		m.mu.Lock()
		m.seen = append(m.seen, r.Name())
		m.mu.Unlock()
		if answer := m.answer(r); answer != nil {
			fmt.Fprintf(rw, "%s\r\n", answer)
		}
	}
}

func (m *Monitor) answer(r Request) []byte {
	value, ok := m.Answers[r.Name()]
	reply := map[string]any{"id": r.ID}
	text, isText := value.(string)
	_, silent := value.(Silent)
	switch {
	case silent:
		return nil
	case r.Name() == "qmp_capabilities":
		reply["return"] = struct{}{}
	case !ok:
		reply["error"] = map[string]string{"class": "CommandNotFound", "desc": "The command " + r.Name() + " has not been found"}
	case isText && len(text) > 6 && text[:6] == "error:":
		reply["error"] = map[string]string{"class": "GenericError", "desc": text[6:]}
	default:
		reply["return"] = value
	}
	b, _ := json.Marshal(reply)
	return b
}

// Say sends an event to everybody who is connected.
func (m *Monitor) Say(event string, data any) {
	b, _ := json.Marshal(map[string]any{
		"event": event, "data": data,
		"timestamp": map[string]int64{"seconds": 1700000000, "microseconds": 5},
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conns {
		fmt.Fprintf(c, "%s\r\n", b)
	}
}

// Drop closes all connections.
func (m *Monitor) Drop() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.conns {
		c.Close()
	}
	m.conns = nil
}

// Seen gives the commands in the order in which they came.
func (m *Monitor) Seen() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.seen...)
}
