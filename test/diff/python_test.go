package diff

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// python is Debian's own, which finds Debian's bindings.
const python = "/usr/bin/python3"

// answerPatience is for a line that waits for a machine; the runner's own patience is shorter.
const answerPatience = 3 * time.Minute

// python starts a process that runs the statements of one script.
func (s *side) python(t *testing.T) asker {
	t.Helper()
	// The user that runs it need not be able to read the source tree.
	runner := filepath.Join(s.base, "files", "runner.py")
	text, err := os.ReadFile("testdata/python/runner.py")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(runner, text, 0o644); err != nil {
		t.Fatal(err)
	}
	c := s.command(python, runner)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints bytes.Buffer
	c.Stderr = &complaints
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = c.Wait() // it ends with its input
		if complaints.Len() > 0 {
			t.Logf("%s: the runner says:\n%s", s.name, tail(complaints.String(), 20))
		}
	})
	lines := bufio.NewReaderSize(out, 1<<20)
	return func(text string) answer { return s.statement(t, in, lines, text) }
}

func (s *side) statement(t *testing.T, in io.Writer, out *bufio.Reader, text string) answer {
	if err := json.NewEncoder(in).Encode(map[string]string{"line": text}); err != nil {
		return answer{err.Error(), noAnswer}
	}
	type read struct {
		line []byte
		err  error
	}
	got := make(chan read, 1)
	go func() {
		line, err := out.ReadBytes('\n')
		got <- read{line, err}
	}()
	var reply struct {
		OK   bool
		Text string
	}
	select {
	case r := <-got:
		if r.err == nil {
			r.err = json.Unmarshal(r.line, &reply)
		}
		if r.err != nil {
			return answer{"the runner ended: " + r.err.Error(), noAnswer}
		}
	case <-time.After(answerPatience):
		return answer{"no answer", noAnswer}
	}
	code := 0
	if !reply.OK {
		code = 1
	}
	return answer{reply.Text + "\n", code}
}
