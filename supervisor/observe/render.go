package observe

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"virtree.dev/supervisor/gen"
)

// draw makes the document that a request asks for.
func draw(s *gen.System, r Request) ([]byte, error) {
	if r.Jobs {
		return renderJobs(s.ObjectJobs(), r, time.Now())
	}
	return Render(s.Tree(r.Pages), r)
}

// Render makes a tree as a request asks for it.
func Render(nodes []gen.Node, r Request) ([]byte, error) {
	if r.Name != "" {
		nodes = below(nodes, r.Name)
	}
	if r.JSON {
		b, err := json.MarshalIndent(nodes, "", "  ")
		return append(b, '\n'), err
	}
	var b strings.Builder
	for _, n := range nodes {
		text(&b, n, "", "")
	}
	return []byte(b.String()), nil
}

// below finds the uppermost processes whose name begins so.
func below(nodes []gen.Node, prefix string) []gen.Node {
	out := []gen.Node{}
	for _, n := range nodes {
		if strings.HasPrefix(n.Name, prefix) {
			out = append(out, n)
			continue
		}
		out = append(out, below(n.Children, prefix)...)
	}
	return out
}

// maxItems bounds the lines for the meta processes, and for what is held, of one process.
const maxItems = 20

// text draws a process and what is below it; first and rest stand before its
// own and before their lines.
func text(b *strings.Builder, n gen.Node, first, rest string) {
	b.WriteString(first + n.Name + "  " + strings.Join(facts(n), ", ") + "\n")
	lines := append(items(n.Metas, "(", ")"), items(n.Held, "[", "]")...)
	mark := rest + "   "
	if len(n.Children)+len(lines) > 0 {
		mark = rest + "│  "
	}
	for _, key := range slices.Sorted(maps.Keys(n.Inspect)) {
		fmt.Fprintf(b, "%s  %s: %s\n", mark, key, n.Inspect[key])
	}
	for i, line := range lines {
		b.WriteString(rest + branch(i == len(lines)-1 && len(n.Children) == 0) + line + "\n")
	}
	for i, c := range n.Children {
		last := i == len(n.Children)-1
		below := rest + "│  "
		if last {
			below = rest + "   "
		}
		text(b, c, rest+branch(last), below)
	}
}

func branch(last bool) string {
	if last {
		return "└─ "
	}
	return "├─ "
}

// items gives a line for each item, its name in brackets, up to a bound.
func items(all []gen.Item, left, right string) []string {
	var lines []string
	for i, m := range all {
		if i == maxItems {
			return append(lines, fmt.Sprintf("%s%d more%s", left, len(all)-i, right))
		}
		line := left + m.Name + right + "  " + age(m.Up)
		if m.Info != "" {
			line += ", " + m.Info
		}
		lines = append(lines, line)
	}
	return lines
}

// age is how long something has been there, without the digits nobody reads.
func age(d time.Duration) string {
	if d < time.Second {
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func facts(n gen.Node) []string {
	out := []string{n.State}
	add := func(yes bool, format string, args ...any) {
		if yes {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	add(n.Mailbox > 0, "%d waiting", n.Mailbox)
	add(n.InHand != "", "in hand %s for %v", n.InHand, n.HeldFor.Round(time.Millisecond))
	add(n.Slow, "SLOW")
	add(n.WaitsFor != "", "waits for %s", n.WaitsFor)
	add(n.Restarts > 0, "%d restarts", n.Restarts)
	add(n.LastExit != "", "last exit: %s", n.LastExit)
	return out
}
