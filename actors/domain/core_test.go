package domain

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

var lifecycleNames = [...]string{
	"defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "pmsuspended", "crashed",
}

// messages by the word of the transcripts.
var messages = map[string]func(t *testing.T, d *datadriven.TestData) Message{
	"launching": func(t *testing.T, d *datadriven.TestData) Message { return Launching{ID: argument(t, d, "id")} },
	"launched":  func(t *testing.T, d *datadriven.TestData) Message { return Launched{Paused: d.HasArg("paused")} },
	"failed":    func(*testing.T, *datadriven.TestData) Message { return LaunchFailed{} },
	"pausing": func(t *testing.T, d *datadriven.TestData) Message {
		return PauseComing{Reason(argument(t, d, "reason"))}
	},
	"running":  func(t *testing.T, d *datadriven.TestData) Message { return RunComing{Reason(argument(t, d, "reason"))} },
	"STOP":     func(*testing.T, *datadriven.TestData) Message { return ProcessorsStopped{} },
	"RESUME":   func(*testing.T, *datadriven.TestData) Message { return ProcessorsStarted{} },
	"SHUTDOWN": func(t *testing.T, d *datadriven.TestData) Message { return PoweredOff{int32(argument(t, d, "detail"))} },
	"RESET":    func(*testing.T, *datadriven.TestData) Message { return WasReset{} },
	"SUSPEND":  func(t *testing.T, d *datadriven.TestData) Message { return Slept{ToDisk: d.HasArg("disk")} },
	"WAKEUP":   func(*testing.T, *datadriven.TestData) Message { return WokeUp{} },
	"PANICKED": func(t *testing.T, d *datadriven.TestData) Message { return Panicked{Loaded: d.HasArg("loaded")} },
	"ending":   func(t *testing.T, d *datadriven.TestData) Message { return Ending{Reason(argument(t, d, "reason"))} },
	"exited":   func(*testing.T, *datadriven.TestData) Message { return Exited{} },
	"found": func(t *testing.T, d *datadriven.TestData) Message {
		m := Found{ID: argument(t, d, "id"), Destroying: d.HasArg("destroying"), FakeReboot: d.HasArg("reboot")}
		d.ScanArgs(t, "state", (*int32)(&m.State), (*int32)(&m.Reason))
		return m
	},
	"told": func(t *testing.T, d *datadriven.TestData) Message {
		return Told{Running: d.HasArg("running"), Asleep: d.HasArg("asleep"), Why: Reason(argument(t, d, "why"))}
	},
}

func argument(t *testing.T, d *datadriven.TestData, name string) int {
	var n int
	d.MaybeScanArgs(t, name, &n)
	return n
}

func show(c *Core, effects []Effect) string {
	var b strings.Builder
	for _, e := range effects {
		switch e := e.(type) {
		case Emit:
			fmt.Fprintf(&b, "event %s %d", lifecycleNames[e.Type], e.Detail)
			if e.ID != 0 {
				fmt.Fprintf(&b, " of %d", e.ID)
			}
			fmt.Fprintln(&b)
		case Kill:
			b.WriteString("kill")
			if e.Deaf {
				b.WriteString(" deaf")
			}
			fmt.Fprintln(&b)
		default:
			fmt.Fprintln(&b, strings.ToLower(reflect.TypeOf(e).Name()))
		}
	}
	fmt.Fprintf(&b, "= %s (%s) id %d\n", c.State, c.State.ReasonName(c.Reason), c.ID)
	return b.String()
}

func TestCore(t *testing.T) {
	datadriven.Walk(t, "testdata/core", func(t *testing.T, path string) {
		var c Core
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "new" {
				c = NewCore(!d.HasArg("transient"))
				c.OnPoweroff, c.OnReboot, c.OnCrash = "destroy", "restart", "destroy"
				d.MaybeScanArgs(t, "on_crash", &c.OnCrash)
				d.MaybeScanArgs(t, "on_reboot", &c.OnReboot)
				d.MaybeScanArgs(t, "on_poweroff", &c.OnPoweroff)
				c.FakeReboot = d.HasArg("reboot")
				return show(&c, nil)
			}
			if d.Cmd == "reboot" {
				c.FakeReboot = true
				return show(&c, nil)
			}
			message, ok := messages[d.Cmd]
			if !ok {
				d.Fatalf(t, "unknown message %q", d.Cmd)
			}
			return show(&c, c.Step(message(t, d)))
		})
	})
}

func TestJobsOneAtATime(t *testing.T) {
	var j Jobs
	start := time.Unix(100, 0)
	first, granted, _ := j.Ask(Job{Kind: JobModify, API: "remoteDispatchDomainSuspend", Since: start})
	if !granted {
		t.Fatal("a free domain was not granted")
	}
	second, granted, _ := j.Ask(Job{Kind: JobQuery, API: "second"})
	third, _, _ := j.Ask(Job{Kind: JobQuery, API: "third"})
	if granted || j.Waiting() != 2 {
		t.Fatalf("granted %v, %d wait", granted, j.Waiting())
	}
	if busy := j.Expire(second); busy == nil ||
		busy.Error() != "cannot acquire state change lock (held by monitor=remoteDispatchDomainSuspend)" {
		t.Errorf("Expire = %v", busy)
	}
	if next, ok := j.Done(second, start); ok {
		t.Errorf("the end of an expired job granted %d", next)
	}
	next, ok := j.Done(first, start.Add(time.Second))
	if !ok || next != third || !j.Current().Since.Equal(start.Add(time.Second)) {
		t.Errorf("after the first: %d, current %+v", next, j.Current())
	}
	if busy := j.Expire(third); busy != nil {
		t.Errorf("a job in its turn expired: %v", busy)
	}
	if _, ok := j.Done(third, start); ok || j.Current().Kind != NoJob {
		t.Error("the domain is not free in the end")
	}
}

func TestJobsBound(t *testing.T) {
	j := Jobs{MaxQueued: 2} // who has it, and one that waits
	for range 2 {
		if _, _, err := j.Ask(Job{Kind: JobModify, API: "a"}); err != nil {
			t.Fatal(err)
		}
	}
	_, _, err := j.Ask(Job{Kind: JobModify, API: "b"})
	var busy *BusyError
	if !errors.As(err, &busy) || !busy.Crowded {
		t.Errorf("error = %v", err)
	}
}

func TestStateWords(t *testing.T) {
	for s, reasons := range reasonNames {
		for r, name := range reasons {
			gotS, gotR, ok := ParseState(State(s).String(), name)
			if !ok || gotS != State(s) || gotR != Reason(r) {
				t.Errorf("%s (%s) came back as %d %d", State(s), name, gotS, gotR)
			}
		}
	}
	if _, _, ok := ParseState("running", "for fun"); ok {
		t.Error("an unknown reason was taken")
	}
}

func TestMatch(t *testing.T) {
	running := &Object{ID: 3, State: Running, Persistent: true, Autostart: true}
	off := &Object{ID: -1, State: Shutoff, Persistent: true}
	crashed := &Object{ID: 4, State: Crashed}
	tests := []struct {
		flags uint32
		want  [3]bool
	}{
		{0, [3]bool{true, true, true}},
		{ListActive, [3]bool{true, false, true}},
		{ListActive | ListInactive, [3]bool{true, true, true}},
		{ListInactive | ListAutostart, [3]bool{false, false, false}},
		{ListTransient, [3]bool{false, false, true}},
		{ListOther, [3]bool{false, false, true}},
		{ListRunning | ListShutoff, [3]bool{true, true, false}},
		{ListNoSnapshot | ListNoCheckpoint | ListNoManagedSave, [3]bool{true, true, true}},
		{ListHasSnapshot, [3]bool{false, false, false}},
	}
	for _, tt := range tests {
		got := [3]bool{running.Match(tt.flags), off.Match(tt.flags), crashed.Match(tt.flags)}
		if got != tt.want {
			t.Errorf("flags %#x: %v, want %v", tt.flags, got, tt.want)
		}
	}
}
