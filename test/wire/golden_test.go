package wire

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"virtree.dev/test/peer"
)

var update = flag.Bool("update", false, "record the golden files anew from Debian's libvirtd")

// golden has transcripts by the name of the exchange; ours are under "name (ours)".
type golden map[string][]string

func readGolden(t *testing.T, name string) golden {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	g, at := golden{}, ""
	for _, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		switch rest, ok := strings.CutPrefix(line, "== "); {
		case ok:
			at = rest
			g[at] = []string{}
		case line != "" && !strings.HasPrefix(line, "#"):
			g[at] = append(g[at], line)
		}
	}
	return g
}

const ours = " (ours)"

func (g golden) write(t *testing.T, name string, table []exchange) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# What libvirtd 9.0.0 answers; recorded with VIRTREE_REAL=1 go test ./test/wire -update.\n")
	for _, x := range table {
		b.WriteString("\n== " + x.name + "\n" + join(g[x.name]) + "\n")
		if x.differs != "" {
			b.WriteString("== " + x.name + ours + "\n# " + x.differs + "\n" + join(g[x.name+ours]) + "\n")
		}
	}
	if err := os.WriteFile(filepath.Join("testdata", name), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// place is where a table is performed: how a daemon is started and which socket is used.
type place struct {
	golden  string
	options peer.Options
	socket  func(d *peer.Daemon) string
	prepare func(t *testing.T, d *peer.Daemon)
	// accept says whether ours may answer so, though libvirt does not; nil: never.
	accept func(x exchange, got []string) bool
}

func (p *place) start(t *testing.T, binary string) string {
	t.Helper()
	o := p.options
	o.Binary = binary
	d := peer.Start(t, o)
	if p.prepare != nil {
		p.prepare(t, d)
	}
	return p.socket(d)
}

// compare performs a table with both daemons and holds them to the golden file.
func compare(t *testing.T, p place, table []exchange) {
	if *update {
		record(t, p, table)
		return
	}
	g := readGolden(t, p.golden)
	if peer.Real() != "" {
		t.Run("libvirt", func(t *testing.T) {
			path := p.start(t, peer.Real())
			for _, x := range table {
				t.Run(x.name, func(t *testing.T) { expect(t, path, x, g[x.name], nil) })
			}
		})
	}
	t.Run("virtree", func(t *testing.T) {
		path := p.start(t, peer.Build(t))
		for _, x := range table {
			want := g[x.name]
			if x.differs != "" {
				want = g[x.name+ours]
			}
			t.Run(x.name, func(t *testing.T) { expect(t, path, x, want, p.accept) })
		}
	})
}

func expect(t *testing.T, path string, x exchange, want []string, accept func(exchange, []string) bool) {
	t.Helper()
	got := perform(t, path, x)
	if join(got) != join(want) && (accept == nil || !accept(x, got)) {
		t.Error("what was heard (+) is not what libvirt says (-):\n" + difference(want, got))
	}
}

// difference has the lines that only one of two transcripts has.
func difference(want, got []string) string {
	var lines []string
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			lines = append(lines, "+ "+got[i])
		case i >= len(got):
			lines = append(lines, "- "+want[i])
		case want[i] != got[i]:
			lines = append(lines, "- "+want[i], "+ "+got[i])
		}
	}
	return join(lines)
}

// record writes the golden file from what Debian's libvirtd says, and from
// what ours says where it differs on purpose.
func record(t *testing.T, p place, table []exchange) {
	peer.NeedReal(t)
	g := golden{}
	theirs, mine := p.start(t, peer.Real()), p.start(t, peer.Build(t))
	for _, x := range table {
		g[x.name] = perform(t, theirs, x)
		if x.differs != "" {
			g[x.name+ours] = perform(t, mine, x)
		}
	}
	g.write(t, p.golden, table)
}
