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
	if r.Follow > 0 {
		words = append(words, "follow="+r.Follow.String())
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
		case "follow":
			d, err := time.ParseDuration(value)
			if err != nil || d < minInterval {
				return r, fmt.Errorf("follow=%s: an interval of at least %v is wanted, such as 1s", value, minInterval)
			}
			r.Follow = d
		default:
			return r, fmt.Errorf("unknown word %q; known are text, json, pages, name=PREFIX and follow=INTERVAL", word)
		}
	}
	return r, nil
}
