package command

import (
	"context"
	"errors"
	"slices"
	"testing"
)

func TestHostRun(t *testing.T) {
	tests := []struct {
		script string
		out    string
		status int
	}{
		{"cat; echo done", "in\ndone\n", 0},
		{"echo oops >&2; exit 3", "", 3},
		{"kill -9 $$", "", 137},
	}
	for _, tt := range tests {
		r, err := Host{}.Run(context.Background(), Command{
			Path: "/bin/sh", Args: []string{"-c", tt.script}, Stdin: []byte("in\n"),
		})
		var status *StatusError
		if errors.As(err, &status) != (tt.status != 0) {
			t.Errorf("%s: error %v", tt.script, err)
		}
		if r.Status != tt.status || string(r.Stdout) != tt.out {
			t.Errorf("%s: %d %q", tt.script, r.Status, r.Stdout)
		}
	}
}

func TestHostRunMissingProgram(t *testing.T) {
	_, err := Host{}.Run(context.Background(), Command{Path: "/nonexistent"})
	var status *StatusError
	if err == nil || errors.As(err, &status) {
		t.Errorf("error = %v, want one of starting", err)
	}
}

func TestRecorder(t *testing.T) {
	r := &Recorder{Answer: func(c Command) (Result, error) {
		return Result{Stdout: []byte(c.Args[0])}, nil
	}}
	got, _ := r.Run(context.Background(), Command{Path: "nft", Args: []string{"list", "tables"}})
	if string(got.Stdout) != "list" || !slices.Equal(r.Lines(), []string{"nft list tables"}) {
		t.Errorf("answer %q, lines %q", got.Stdout, r.Lines())
	}
}
