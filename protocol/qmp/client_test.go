package qmp_test

import (
	"encoding/json"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/qmp/qmptest"
)

func feed(t *testing.T, c *qmp.Client, lines ...string) ([]qmp.Event, string) {
	t.Helper()
	events, out, err := c.Feed([]byte(strings.Join(lines, "\r\n") + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	return events, string(out)
}

func TestCommandsWaitForNegotiation(t *testing.T) {
	var c qmp.Client
	var got string
	out, err := c.Command(qmp.Command{Name: "query-status"}, func(r json.RawMessage, err error) {
		got = string(r)
	})
	if err != nil || len(out) != 0 {
		t.Fatalf("before the greeting: %q, %v", out, err)
	}
	_, hello := feed(t, &c, qmptest.Greeting)
	if !strings.Contains(hello, `"enable":["oob"]`) {
		t.Errorf("negotiation without out-of-band: %s", hello)
	}
	_, held := feed(t, &c, `{"return": {}, "id": "virtree-2"}`)
	if !strings.Contains(held, `"query-status"`) {
		t.Errorf("after the negotiation: %q", held)
	}
	feed(t, &c, `{"return": {"running": true}, "id": "virtree-1"}`)
	if got != `{"running": true}` {
		t.Errorf("reply = %q", got)
	}
}

func ready(t *testing.T) *qmp.Client {
	t.Helper()
	c := &qmp.Client{}
	feed(t, c, qmptest.Greeting, `{"return": {}, "id": "virtree-1"}`)
	if !c.Ready() {
		t.Fatal("not ready after the negotiation")
	}
	return c
}

func TestRepliesFindTheirCommand(t *testing.T) {
	c := ready(t)
	var order []string
	for _, name := range []string{"first", "second", "third"} {
		_, err := c.Command(qmp.Command{Name: name}, func(_ json.RawMessage, err error) {
			if err != nil {
				name += "!"
			}
			order = append(order, name)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	feed(t, c, `{"return": {}, "id": "virtree-4"}`,
		`{"error": {"class": "GenericError", "desc": "no"}, "id": "virtree-2"}`)
	c.Fail(errors.New("gone"))
	if want := []string{"third", "first!", "second!"}; !slices.Equal(order, want) {
		t.Errorf("order %q, want %q", order, want)
	}
	if _, err := c.Command(qmp.Command{Name: "late"}, nil); err == nil {
		t.Error("a lost monitor took a command")
	}
}

func TestOutOfBandAndRaw(t *testing.T) {
	c := ready(t)
	out, _ := c.Command(qmp.Command{Name: "migrate-pause", OutOfBand: true}, nil)
	if !strings.Contains(string(out), `"exec-oob":"migrate-pause"`) {
		t.Errorf("out-of-band: %s", out)
	}
	out, err := c.Command(qmp.Command{Name: "x", Raw: []byte(`{"execute":"x"}`)}, nil)
	if err != nil || !strings.Contains(string(out), `"id":"virtree-3"`) {
		t.Errorf("raw: %s, %v", out, err)
	}
	if _, err := c.Command(qmp.Command{Raw: []byte(`{"execute":"x","id":"mine"}`)}, nil); !errors.Is(err, qmp.ErrHasID) {
		t.Errorf("a command with an id: %v", err)
	}
	if _, err := c.Command(qmp.Command{Raw: []byte(`[1]`)}, nil); err == nil {
		t.Error("an array went for a command")
	}
}

func TestEventsAcrossReads(t *testing.T) {
	c := ready(t)
	text := `{"timestamp": {"seconds": 12, "microseconds": 34}, "event": "STOP", "data": {"a": 1}}` + "\r\n"
	events, _, err := c.Feed([]byte(text[:20]))
	if err != nil || len(events) != 0 {
		t.Fatalf("half a line: %v %v", events, err)
	}
	events, _, err = c.Feed([]byte(text[20:]))
	if err != nil || len(events) != 1 {
		t.Fatalf("the other half: %v %v", events, err)
	}
	e := events[0]
	if e.Name != "STOP" || e.Time != (qmp.Timestamp{Seconds: 12, Microseconds: 34}) || string(e.Data) != `{"a": 1}` {
		t.Errorf("event = %+v", e)
	}
}

func TestFeedIsBounded(t *testing.T) {
	c := ready(t)
	_, _, err := c.Feed(make([]byte, qmp.MaxMessage+1))
	if !errors.Is(err, qmp.ErrTooLong) {
		t.Errorf("error = %v", err)
	}
}

func TestBlocking(t *testing.T) {
	m := &qmptest.Monitor{Answers: map[string]any{
		"query-name": map[string]string{"name": "web"},
		"cont":       "error:not now",
	}}
	conn, err := net.Dial("unix", m.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	b := qmp.NewBlocking(conn)
	g, err := b.Handshake()
	if err != nil || g.Version.QEMU.Major != 7 {
		t.Fatalf("greeting %+v, %v", g, err)
	}
	var name struct{ Name string }
	if err := b.Execute("query-name", nil, &name); err != nil || name.Name != "web" {
		t.Errorf("query-name: %+v, %v", name, err)
	}
	var refused *qmp.Error
	if err := b.Execute("cont", nil, nil); !errors.As(err, &refused) || refused.Desc != "not now" {
		t.Errorf("cont: %v", err)
	}
	if err := b.Execute("unheard", nil, nil); !errors.As(err, &refused) || !refused.IsCommandNotFound() {
		t.Errorf("unheard: %v", err)
	}
}

func FuzzFeed(f *testing.F) {
	f.Add([]byte(qmptest.Greeting + "\n" + `{"return": {}, "id": "virtree-1"}` + "\n"))
	f.Add([]byte(`{"event": "STOP", "timestamp": {"seconds": 1}}` + "\n"))
	f.Add([]byte(`{"error": {"class": "a"}, "id": null}` + "\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c qmp.Client
		calls := 0
		if _, err := c.Command(qmp.Command{Name: "a"}, func(json.RawMessage, error) { calls++ }); err != nil {
			t.Fatal(err)
		}
		half := len(b) / 2
		_, _, _ = c.Feed(b[:half])
		_, _, _ = c.Feed(b[half:])
		c.Fail(errors.New("end"))
		if calls != 1 {
			t.Errorf("the command's callback ran %d times", calls)
		}
	})
}

func TestEventsInTheirTurn(t *testing.T) {
	c := ready(t)
	var order []string
	c.OnEvent = func(e qmp.Event) { order = append(order, e.Name) }
	line, err := c.Command(qmp.Command{Name: "cont"}, func(json.RawMessage, error) { order = append(order, "reply") })
	if err != nil {
		t.Fatal(err)
	}
	var asked struct{ ID string }
	if err := json.Unmarshal(line, &asked); err != nil {
		t.Fatal(err)
	}
	event := func(name string) string {
		return `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "` + name + `"}` + "\r\n"
	}
	_, _, err = c.Feed([]byte(event("RESUME") + `{"return": {}, "id": "` + asked.ID + `"}` + "\r\n" + event("STOP")))
	if want := []string{"RESUME", "reply", "STOP"}; err != nil || !slices.Equal(order, want) {
		t.Errorf("order %v, %v; want %v", order, err, want)
	}
}
