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

// Render makes the document that a request asks for.
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

// text draws a process and its children; first and rest stand before its own and its children's lines.
func text(b *strings.Builder, n gen.Node, first, rest string) {
	b.WriteString(first + n.Name + "  " + strings.Join(facts(n), ", ") + "\n")
	mark := rest + "   "
	if len(n.Children) > 0 {
		mark = rest + "│  "
	}
	for _, key := range slices.Sorted(maps.Keys(n.Inspect)) {
		fmt.Fprintf(b, "%s  %s: %s\n", mark, key, n.Inspect[key])
	}
	for i, c := range n.Children {
		if i == len(n.Children)-1 {
			text(b, c, rest+"└─ ", rest+"   ")
		} else {
			text(b, c, rest+"├─ ", rest+"│  ")
		}
	}
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
	add(len(n.Metas) > 0, "meta %s", strings.Join(n.Metas, " "))
	return out
}
