package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
)

// event is one line of go test -json.
type event struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Elapsed     float64
	Output      string
	FailedBuild string
}

// report gathers the events of one run.
type report struct {
	out                     io.Writer
	output                  map[string][]string // by package and test, until it is over
	skips                   map[string]int      // by reason
	passed, failed, skipped int
	broken                  bool // a package failed without a failing test
}

func main() {
	r := &report{out: os.Stdout, output: map[string][]string{}, skips: map[string]int{}}
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err != nil {
			break
		}
	}
	if !r.summary() {
		os.Exit(1)
	}
}

func (r *report) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil {
		fmt.Fprintf(r.out, "%s", line) // not an event: a message of the go command
		return
	}
	key := e.Package + "\x00" + e.Test
	switch e.Action {
	case "output":
		r.output[key] = append(r.output[key], e.Output)
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageEnd(e, r.output[key])
		} else {
			r.testEnd(e, r.output[key])
		}
		delete(r.output, key)
	}
}

func (r *report) testEnd(e event, output []string) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		fmt.Fprintf(r.out, "%s %s:\n%s", e.Package, e.Test, strings.Join(output, ""))
	case "skip":
		r.skipped++
		r.skips[reason(output)]++
	}
}

// reason is what a skipped test said last, without the place in the source.
func reason(output []string) string {
	for i := len(output) - 1; i >= 0; i-- {
		s := strings.TrimSpace(output[i])
		if s == "" || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "===") {
			continue
		}
		if _, text, ok := strings.Cut(s, ".go:"); ok {
			if _, text, ok := strings.Cut(text, ": "); ok {
				return text
			}
		}
		return s
	}
	return "no reason given"
}

func (r *report) packageEnd(e event, output []string) {
	switch e.Action {
	case "pass":
		fmt.Fprintf(r.out, "ok    %s\t%.2fs\n", e.Package, e.Elapsed)
	case "fail":
		r.broken = true
		fmt.Fprintf(r.out, "%sFAIL  %s\t%.2fs\n", strings.Join(output, ""), e.Package, e.Elapsed)
	}
}

func (r *report) summary() bool {
	reasons := make([]string, 0, len(r.skips))
	for why := range r.skips {
		reasons = append(reasons, why)
	}
	sort.Strings(reasons)
	for _, why := range reasons {
		fmt.Fprintf(r.out, "skipped %3d: %s\n", r.skips[why], why)
	}
	ok := r.failed == 0 && !r.broken && r.passed > 0
	if r.broken && r.failed == 0 {
		r.failed++ // a package that does not build has no test to count
	}
	fmt.Fprintf(r.out, "%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	return ok
}
