package observe

import (
	"fmt"
	"strings"
	"time"
)

// minInterval bounds how often a tree is drawn for one client.
const minInterval = 100 * time.Millisecond

// Request is what a client wants to see.
type Request struct {
	JSON   bool
	Pages  bool          // what processes say of themselves as well
	Name   string        // only the branches below processes whose name begins so
	Follow time.Duration // 0: once
	Jobs   bool          // who holds which object, in the place of the tree
	// Flight asks for a trace of the last seconds. Where nothing is recorded yet,
	// so much is recorded first.
	Flight time.Duration
	// Record keeps what goes on at hand for so long; 0: no matter, less ends it.
	Record time.Duration
}

// String is the request as it is sent.
func (r Request) String() string {
	words := []string{"text"}
	if r.JSON {
		words[0] = "json"
	}
	if r.Pages {
		words = append(words, "pages")
	}
	if r.Name != "" {
		words = append(words, "name="+r.Name)
	}
	if r.Jobs {
		words = append(words, "jobs")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"follow", r.Follow}, {"flight", r.Flight}, {"record", r.Record}} {
		if d.value != 0 {
			words = append(words, d.name+"="+d.value.String())
		}
	}
	return strings.Join(words, " ")
}

// ParseRequest reads a line. The error is for the person who sent it.
func ParseRequest(line string) (Request, error) {
	var r Request
	for _, word := range strings.Fields(line) {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "text":
			r.JSON = false
		case "json":
			r.JSON = true
		case "pages":
			r.Pages = true
		case "name":
			r.Name = value
		case "jobs":
			r.Jobs = true
		case "follow":
			d, err := time.ParseDuration(value)
			if err != nil || d < minInterval {
				return r, fmt.Errorf("follow=%s: an interval of at least %v is wanted, such as 1s", value, minInterval)
			}
			r.Follow = d
		case "flight":
			d, err := time.ParseDuration(value)
			if err != nil || d <= 0 || d > maxFlight {
				return r, fmt.Errorf("flight=%s: a time of at most %v is wanted, such as 5s", value, maxFlight)
			}
			r.Flight = d
		case "record":
			d, err := time.ParseDuration(value)
			if err != nil || d == 0 || d > maxRecord {
				return r, fmt.Errorf("record=%s: a time of at most %v is wanted, such as 10m, or -1s for none", value, maxRecord)
			}
			r.Record = d
		default:
			return r, fmt.Errorf("unknown word %q; known are text, json, pages, jobs, name=PREFIX, follow=INTERVAL, flight=TIME and record=TIME", word)
		}
	}
	return r, nil
}
