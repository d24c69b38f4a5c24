package main

import (
	"flag"
	"fmt"
	"os"

	"virtree.dev/actors/admin"
	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/apps/internal/roster"
	"virtree.dev/config/paths"
	"virtree.dev/internal/logging"
	"virtree.dev/protocol/adminprog"
	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/supervisor/gen"
)

// count is how many of a kind there are, and how many are done.
type count struct{ done, all int }

func (c *count) add(done bool) {
	c.all++
	if done {
		c.done++
	}
}

func main() {
	verbose := flag.Bool("v", false, "name what is not done")
	flag.Parse()
	tables, err := allTables()
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverapi:", err)
		os.Exit(1)
	}
	t := tally{tables: tables, functions: make(map[string]bool), verbose: *verbose}
	for _, prog := range []*program.Program{&remote.Program, &qemuprog.Program, &lxcprog.Program} {
		t.program(prog, func(p *program.Procedure) string { return p.Owner.String() })
	}
	t.program(&adminprog.Program, func(*program.Procedure) string { return "admin" })
	t.print()
}

// tally counts procedures by label, and the functions that they are for.
type tally struct {
	tables    map[uint32][]*dispatch.Table
	labels    []string
	counts    map[string]*count
	functions map[string]bool
	verbose   bool
}

// program counts the calls of a program, each under its label.
func (t *tally) program(prog *program.Program, label func(*program.Procedure) string) {
	for i := range prog.Procedures {
		p := &prog.Procedures[i]
		if p.Name == "" || p.Kind != program.Call {
			continue
		}
		done := handled(t.tables, prog.ID, p.Num)
		t.count(label(p), done)
		if p.API != "" {
			t.functions[p.API] = t.functions[p.API] || done
		}
		if t.verbose && !done {
			fmt.Printf("%-11s %s\n", label(p), p.Name)
		}
	}
}

func (t *tally) count(label string, done bool) {
	if t.counts == nil {
		t.counts = make(map[string]*count)
	}
	if t.counts[label] == nil {
		t.labels = append(t.labels, label)
		t.counts[label] = new(count)
	}
	t.counts[label].add(done)
}

func (t *tally) print() {
	total := count{}
	for _, label := range t.labels {
		c := t.counts[label]
		total.done, total.all = total.done+c.done, total.all+c.all
		fmt.Printf("%-11s %3d of %3d procedures\n", label, c.done, c.all)
	}
	fmt.Printf("%-11s %3d of %3d procedures, %d of %d functions\n", "all", total.done, total.all, countTrue(t.functions), len(t.functions))
}

// allTables are the handlers of the daemon itself and of every driver.
func allTables() (map[uint32][]*dispatch.Table, error) {
	tables := make(map[uint32][]*dispatch.Table)
	system := gen.NewSystem()
	bus := events.NewBus(system, "events")
	for _, t := range connection.New(nil, bus).Tables() {
		tables[t.Program.ID] = append(tables[t.Program.ID], t)
	}
	for _, t := range admin.New(admin.Options{}).Tables() {
		tables[t.Program.ID] = append(tables[t.Program.ID], t)
	}
	host := roster.Host{System: system, Dirs: paths.Session(os.Getenv), Bus: bus, Log: logging.New("")}
	for _, entry := range roster.All() {
		d, err := entry(host)
		if err != nil {
			return nil, err
		}
		for _, prog := range []uint32{remote.Program.ID, qemuprog.Program.ID, lxcprog.Program.ID} {
			if t := d.Table(prog); t != nil {
				tables[prog] = append(tables[prog], t)
			}
		}
	}
	return tables, nil
}

func handled(tables map[uint32][]*dispatch.Table, prog uint32, num int32) bool {
	for _, t := range tables[prog] {
		if t.Handler(num) != nil {
			return true
		}
	}
	return false
}

func countTrue(m map[string]bool) int {
	n := 0
	for _, v := range m {
		if v {
			n++
		}
	}
	return n
}
