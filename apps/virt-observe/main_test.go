package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
	"virtree.dev/supervisor/observe"
)

// daemonSocket serves a small tree.
func daemonSocket(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sock")
	l, err := observe.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := gen.NewSystem()
	root, err := s.Start(act.Supervisor{Children: []gen.Child{l.Child()}}.Child("daemon", gen.Permanent))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(root, gen.Shutdown); l.Close() })
	return path
}

func TestCommandLine(t *testing.T) {
	path := daemonSocket(t)
	for _, c := range []struct {
		args      []string
		code      int
		out, errs string // parts
	}{
		{[]string{"-s", path}, 0, "└─ observe  idle", ""},
		{[]string{"-s", path, "--pages"}, 0, "type: one for one", ""},
		{[]string{"-s", path, "--json", "obs"}, 0, `"name": "observe"`, ""},
		{[]string{"-s", path + "x"}, 1, "", "virt-observe: no daemon shows its tree at " + path + "x"},
		{[]string{"-s", path, "--jobs"}, 0, "OBJECT  JOB  STATE", ""},
		{[]string{"-s", path, "--flight", path + ".trace", "--for", "20ms"}, 0, "", ""},
		{[]string{"-s", path, "--flight", path + ".none", "--for", "2h"}, 1, "", "virt-observe: flight=2h0m0s: a time of at most 1m0s is wanted"},
		{[]string{"-s", path, "--record", "-1s"}, 0, "", ""},
		{[]string{"--bogus"}, 2, "", "unknown flag: --bogus"},
		{[]string{"--help"}, 0, "", "Usage: virt-observe"},
		{[]string{"--version"}, 0, "virt-observe (virtree) ", ""},
	} {
		var out, errs bytes.Buffer
		code := run(c.args, &out, &errs)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errs.String(), c.errs) {
			t.Errorf("%v: code %d\n%s%s", c.args, code, out.String(), errs.String())
		}
	}
}

// A trace is for the eyes of its owner, and there only where there is one.
func TestTraceFile(t *testing.T) {
	path := daemonSocket(t)
	var errs bytes.Buffer
	if code := run([]string{"-s", path, "--flight", path + ".trace", "--for", "20ms"}, io.Discard, &errs); code != 0 {
		t.Fatal(errs.String())
	}
	info, err := os.Stat(path + ".trace")
	if err != nil || info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("%v %v", info, err)
	}
	_ = run([]string{"-s", path + "x", "--flight", path + ".none"}, io.Discard, &errs)
	if _, err := os.Stat(path + ".none"); !os.IsNotExist(err) {
		t.Error("a file without a trace:", err)
	}
}

// limited ends a copy after some documents, as an interrupt would.
type limited struct {
	bytes.Buffer
	screens int
}

func (l *limited) Write(b []byte) (int, error) {
	if l.screens -= bytes.Count(b, []byte("\x1b[2J")); l.screens < 0 {
		return 0, errEnough
	}
	return l.Buffer.Write(b)
}

type enough struct{}

func (enough) Error() string { return "enough" }

var errEnough error = enough{}

func TestFollowDrawsOverTheScreen(t *testing.T) {
	path := daemonSocket(t)
	out := &limited{screens: 2}
	done := make(chan int, 1)
	go func() { done <- run([]string{"-s", path, "--follow=100ms"}, out, &bytes.Buffer{}) }()
	select {
	case code := <-done:
		if code != 1 || strings.Count(out.String(), "observe  ") < 2 || strings.Contains(out.String(), "\f") {
			t.Errorf("code %d, %q", code, out.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing is drawn anew")
	}
}
