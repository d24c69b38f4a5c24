package observe

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"virtree.dev/supervisor/gen"
)

// maxJobs bounds the lines of the job table.
const maxJobs = 10_000

// renderJobs makes the table of who holds which object, since when and for whom.
func renderJobs(jobs []gen.ObjectJob, r Request, now time.Time) ([]byte, error) {
	shown := []gen.ObjectJob{}
	for _, j := range jobs {
		if strings.HasPrefix(j.Object, r.Name) {
			shown = append(shown, j)
		}
	}
	more := len(shown) - maxJobs
	shown = shown[:min(len(shown), maxJobs)]
	if r.JSON {
		b, err := json.MarshalIndent(shown, "", "  ")
		return append(b, '\n'), err
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "OBJECT\tJOB\tSTATE\tFOR\tCALL\tCLIENT")
	for _, j := range shown {
		state, client := "holds", j.Client
		if j.Waits {
			state = "waits"
		}
		if client == "" {
			client = "the daemon"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", j.Object, j.Kind, state, age(now.Sub(j.Since)), j.API, client)
	}
	_ = w.Flush() // into memory
	if more > 0 {
		fmt.Fprintf(&b, "%d more\n", more)
	}
	return []byte(b.String()), nil
}
