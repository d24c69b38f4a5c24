package freeze

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"virtree.dev/internal/command"
)

// AskVariable makes a program say which formats it knows, and end.
const AskVariable = "VIRTREE_FORMATS"

// askPatience bounds how long a program may take to say so.
const askPatience = 5 * time.Second

// Range is which versions of a format a program reads. It writes each of them.
type Range struct {
	Oldest int `json:"oldest"`
	Newest int `json:"newest"`
}

// Formats are the formats of parts that a program knows, by name.
type Formats map[string]Range

var formats = Formats{"box": {version, version}}

// skew is set by the linker, to try out programs of other versions: "newer" reads
// and writes one version more, "apart" only that.
var skew string

// Register says that a format of parts is known in this program. It is called while
// packages are initialized.
func Register(name string, oldest, newest int) struct{} {
	if skew != "" {
		newest++
	}
	if skew == "apart" {
		oldest = newest
	}
	formats[name] = Range{oldest, newest}
	return struct{}{}
}

// Known writes the formats of this program, for a program that asks.
func Known(w io.Writer) error { return json.NewEncoder(w).Encode(formats) }

// Ask asks a program which formats it knows. A program that is none of ours is
// asked for its version, which does no harm.
func Ask(ctx context.Context, run command.Runner, program string, env []string) (Formats, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	r, err := run.Run(ctx, command.Command{Path: program, Args: []string{"--version"}, Env: append(without(env, Variable), AskVariable+"=1")})
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s what it can take over: %w", program, err)
	}
	var f Formats
	if err := json.Unmarshal(r.Stdout, &f); err != nil || len(f) == 0 {
		return nil, fmt.Errorf("%s cannot take over: it says %q", program, firstLine(r.Stdout))
	}
	return f, nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(string(b[:min(len(b), 200)]), "\n")
	return line
}

// Fit says whether a program of these formats can take over from this one: there is
// a version of each that both know.
func (f Formats) Fit() error {
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		ours := formats[name]
		theirs, known := f[name]
		switch {
		case !known:
			return fmt.Errorf("it knows nothing of %s", name)
		case max(ours.Oldest, theirs.Oldest) > min(ours.Newest, theirs.Newest):
			return fmt.Errorf("it reads versions %d to %d of %s, this program writes %d to %d",
				theirs.Oldest, theirs.Newest, name, ours.Oldest, ours.Newest)
		}
	}
	return nil
}
