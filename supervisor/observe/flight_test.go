package observe

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"virtree.dev/supervisor/gen"
)

// traceHead begins every trace of Go's.
const traceHead = "go 1."

func TestFlightIsRecordedOnDemand(t *testing.T) {
	_, path := startTree(t)
	first := ask(t, path, Request{Flight: 50 * time.Millisecond})
	if !strings.HasPrefix(first, traceHead) || !strings.Contains(first[:32], "trace") {
		t.Errorf("no trace: %.40q", first)
	}
	// The first one left nothing running: a second one must begin anew.
	began := time.Now()
	ask(t, path, Request{Flight: 200 * time.Millisecond})
	if time.Since(began) < 200*time.Millisecond {
		t.Error("something was recorded that nobody asked for")
	}
}

// What is kept at hand is there at once, until its time is over or somebody ends it.
func TestRecordingIsKeptAtHand(t *testing.T) {
	_, path := startTree(t)
	if text := ask(t, path, Request{Record: time.Hour}); text != "" {
		t.Errorf("said %q", text)
	}
	began := time.Now()
	if first := ask(t, path, Request{Flight: maxFlight}); !strings.HasPrefix(first, traceHead) {
		t.Errorf("no trace: %.40q", first)
	}
	if time.Since(began) > maxFlight/2 {
		t.Error("what was recorded is recorded again")
	}
	ask(t, path, Request{Record: -time.Second})
	began = time.Now()
	ask(t, path, Request{Flight: 200 * time.Millisecond})
	if time.Since(began) < 200*time.Millisecond {
		t.Error("the recording was not ended")
	}
	ask(t, path, Request{Record: 50 * time.Millisecond})
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		began = time.Now()
		ask(t, path, Request{Flight: 200 * time.Millisecond})
		if time.Since(began) >= 200*time.Millisecond {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("a recording does not end with its time")
		}
	}
}

func TestFlightsAreBounded(t *testing.T) {
	_, path := startTree(t)
	for _, r := range []Request{{Flight: maxFlight + 1}, {Flight: -1}, {Record: maxRecord + 1}} {
		if err := Copy(new(bytes.Buffer), path, r); err == nil || !strings.Contains(err.Error(), "a time of at most") {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestJobTable(t *testing.T) {
	now := time.Unix(1000, 0)
	jobs := []gen.ObjectJob{
		{Object: "web", Kind: "modify", API: "remoteDispatchDomainSuspend", Client: "client 3 (pid 7, uid 0)", Since: now.Add(-90 * time.Second)},
		{Object: "web", Kind: "query", Client: "client 4", Since: now.Add(-time.Second), Waits: true},
		{Object: "db", Kind: "start", API: "qemuProcessReconnect", Since: now},
	}
	text, err := renderJobs(jobs, Request{}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := `OBJECT  JOB     STATE  FOR    CALL                         CLIENT
web     modify  holds  1m30s  remoteDispatchDomainSuspend  client 3 (pid 7, uid 0)
web     query   waits  1s                                  client 4
db      start   holds  0s     qemuProcessReconnect         the daemon
`
	if string(text) != want {
		t.Errorf("got\n%swant\n%s", text, want)
	}
	text, err = renderJobs(jobs, Request{JSON: true, Name: "d"}, now)
	var back []gen.ObjectJob
	if err != nil || json.Unmarshal(text, &back) != nil || len(back) != 1 || back[0].Object != "db" {
		t.Errorf("%v: %s", err, text)
	}
	many, err := renderJobs(make([]gen.ObjectJob, maxJobs+3), Request{}, now)
	if err != nil || !bytes.HasSuffix(many, []byte("\n3 more\n")) {
		t.Errorf("%v: ends with %q", err, many[len(many)-20:])
	}
}

func TestJobsOfADaemon(t *testing.T) {
	_, path := startTree(t)
	if text := ask(t, path, Request{Jobs: true}); !strings.HasPrefix(text, "OBJECT") || strings.Count(text, "\n") != 1 {
		t.Errorf("got %q", text)
	}
}
