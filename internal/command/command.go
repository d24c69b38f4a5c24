package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Command is a program to run to its end.
type Command struct {
	Path  string
	Args  []string // without the program's own name
	Env   []string // nil: ours
	Dir   string
	Stdin []byte
	Files []*os.File          // from descriptor 3 on
	User  *syscall.Credential // nil: ours
}

// String gives the command as one line, for logs and comparisons.
func (c Command) String() string {
	return strings.Join(append([]string{c.Path}, c.Args...), " ")
}

// Result is what a program left behind.
type Result struct {
	Stdout, Stderr []byte
	Status         int // exit status; 128 plus the signal when one killed it
}

// StatusError is the error of a program that ended with a status other than 0.
type StatusError struct {
	Command Command
	Result
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: exit status %d: %s", e.Command, e.Status, bytes.TrimSpace(e.Stderr))
}

// Runner runs commands.
type Runner interface {
	Run(ctx context.Context, c Command) (Result, error)
}

// Host runs commands for real.
type Host struct{}

// Run runs the command and waits for its end. A status other than 0 is a *StatusError.
func (Host) Run(ctx context.Context, c Command) (Result, error) {
	var out, errOut bytes.Buffer
	cmd := exec.CommandContext(ctx, c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.ExtraFiles = c.Env, c.Dir, c.Files
	cmd.Stdin = bytes.NewReader(c.Stdin)
	if c.User != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.User}
	}
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	r := Result{Stdout: out.Bytes(), Stderr: errOut.Bytes()}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return r, err
	}
	if r.Status = exit.ExitCode(); r.Status < 0 {
		r.Status = 128 + signalOf(exit)
	}
	return r, &StatusError{Command: c, Result: r}
}

// Recorder is a Runner that runs nothing: it keeps the commands and answers from a function.
type Recorder struct {
	// Answer gives the result of a command; nil means success without output.
	Answer func(Command) (Result, error)

	mu  sync.Mutex
	ran []Command
}

// Run keeps the command.
func (r *Recorder) Run(_ context.Context, c Command) (Result, error) {
	r.mu.Lock()
	r.ran = append(r.ran, c)
	r.mu.Unlock()
	if r.Answer == nil {
		return Result{}, nil
	}
	return r.Answer(c)
}

// Lines gives what was run, a line each.
func (r *Recorder) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := make([]string, len(r.ran))
	for i, c := range r.ran {
		lines[i] = c.String()
	}
	return lines
}
