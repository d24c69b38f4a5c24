package freeze

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"strings"
	"testing"

	"virtree.dev/internal/command"
)

func TestWhoCanTakeOver(t *testing.T) {
	before := maps.Clone(formats)
	t.Cleanup(func() { formats = before })
	formats = Formats{"box": {1, 1}, "locks": {2, 3}}
	for _, c := range []struct {
		name   string
		theirs Formats
		why    string // not
	}{
		{"the same", Formats{"box": {1, 1}, "locks": {2, 3}}, ""},
		{"newer", Formats{"box": {1, 1}, "locks": {3, 7}, "more": {1, 1}}, ""},
		{"older", Formats{"box": {1, 1}, "locks": {1, 2}}, ""},
		{"much newer", Formats{"box": {1, 1}, "locks": {4, 7}}, "reads versions 4 to 7 of locks"},
		{"much older", Formats{"box": {1, 1}, "locks": {1, 1}}, "reads versions 1 to 1 of locks"},
		{"without it", Formats{"box": {1, 1}}, "nothing of locks"},
	} {
		err := c.theirs.Fit()
		if (err == nil) != (c.why == "") || err != nil && !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestAskingAProgram(t *testing.T) {
	var said bytes.Buffer
	if err := Known(&said); err != nil {
		t.Fatal(err)
	}
	answer := func(text string, err error) *command.Recorder {
		return &command.Recorder{Answer: func(c command.Command) (command.Result, error) {
			if c.Path != "/p" || c.Args[0] != "--version" || strings.Join(c.Env, " ") != "A=b "+AskVariable+"=1" {
				t.Errorf("ran %v with %v", c, c.Env)
			}
			return command.Result{Stdout: []byte(text)}, err
		}}
	}
	env := []string{"A=b", Variable + "=7"}
	f, err := Ask(context.Background(), answer(said.String(), nil), "/p", env)
	if err != nil || f.Fit() != nil {
		t.Errorf("our own program: %v, %v", f, err)
	}
	for _, text := range []string{"", "virtlogd (libvirt) 9.0.0\n", "{}", "[1]"} {
		if _, err := Ask(context.Background(), answer(text, nil), "/p", env); err == nil {
			t.Errorf("%q was taken for an answer", text)
		}
	}
	if _, err := Ask(context.Background(), answer(said.String(), errors.New("it crashed")), "/p", env); err == nil {
		t.Error("a program that fails was taken for good")
	}
}
