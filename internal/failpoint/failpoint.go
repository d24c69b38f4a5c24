package failpoint

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Variable is the environment variable that arms points.
const Variable = "VIRTREE_FAILPOINTS"

// Set holds what happens at which point.
type Set map[string]*action

type action struct {
	skip  atomic.Int64 // passes to let go by
	left  atomic.Int64 // passes to act on after that
	verb  string
	text  string
	delay time.Duration
}

var armed = sync.OnceValue(func() func(string) error {
	text := os.Getenv(Variable)
	if path, ok := strings.CutPrefix(text, "@"); ok {
		return (&watched{path: path}).hit
	}
	return mustParse(text).Hit
})

func mustParse(text string) Set {
	set, err := Parse(text)
	if err != nil {
		// A test that misspells a point must not pass for that.
		panic(err)
	}
	return set
}

// Hit does at the point name what the environment says; mostly nothing.
func Hit(name string) error { return armed()(name) }

// watched is a set whose notation is in a file, which may change at any time.
type watched struct {
	path string
	mu   sync.Mutex
	text string
	set  Set
}

func (w *watched) hit(name string) error {
	b, _ := os.ReadFile(w.path) // no file, no point
	w.mu.Lock()
	// Counters live as long as the text stays.
	if text := string(b); text != w.text {
		w.text, w.set = text, mustParse(text)
	}
	set := w.set
	w.mu.Unlock()
	return set.Hit(name)
}

// Parse reads the notation of the environment variable.
func Parse(s string) (Set, error) {
	set := Set{}
	for item := range strings.SplitSeq(s, ";") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, what, ok := strings.Cut(item, "=")
		if !ok {
			return nil, fmt.Errorf("failpoint %q: no action", item)
		}
		a, err := parseAction(what)
		if err != nil {
			return nil, fmt.Errorf("failpoint %s: %w", name, err)
		}
		set[name] = a
	}
	return set, nil
}

func parseAction(s string) (*action, error) {
	a := &action{}
	if count, rest, ok := strings.Cut(s, "*off->"); ok {
		n, err := strconv.ParseInt(count, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("bad count %q", count)
		}
		a.skip.Store(n)
		s = rest
	}
	a.left.Store(math.MaxInt64)
	if count, rest, ok := strings.Cut(s, "*"); ok && !strings.Contains(count, "(") {
		n, err := strconv.ParseInt(count, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("bad count %q", count)
		}
		a.left.Store(n)
		s = rest
	}
	verb, rest, _ := strings.Cut(s, "(")
	a.verb, a.text = verb, strings.TrimSuffix(rest, ")")
	switch verb {
	case "kill", "panic", "error":
		return a, nil
	case "sleep":
		var err error
		a.delay, err = time.ParseDuration(a.text)
		return a, err
	}
	return nil, fmt.Errorf("unknown action %q", s)
}

// Hit does what the set says for the point name.
func (s Set) Hit(name string) error {
	a := s[name]
	if a == nil || a.skip.Add(-1) >= 0 || a.left.Add(-1) < 0 {
		return nil
	}
	switch a.verb {
	case "kill":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal needs a moment; no further step may run
	case "panic":
		panic("failpoint " + name)
	case "sleep":
		time.Sleep(a.delay)
		return nil
	}
	return fmt.Errorf("failpoint %s: %s", name, a.text)
}
