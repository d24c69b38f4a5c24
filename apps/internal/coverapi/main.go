package main

import (
	"flag"
	"fmt"
	"os"

	"virtree.dev/actors/connection"
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/events"
	"virtree.dev/apps/internal/roster"
	"virtree.dev/config/paths"
	"virtree.dev/internal/logging"
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
	var byOwner [program.Owners]count
	functions := make(map[string]bool)
	total := count{}
	for _, prog := range []*program.Program{&remote.Program, &qemuprog.Program, &lxcprog.Program} {
		for i := range prog.Procedures {
			p := &prog.Procedures[i]
			if p.Name == "" || p.Kind != program.Call {
				continue
			}
			done := handled(tables, prog.ID, p.Num)
			byOwner[p.Owner].add(done)
			total.add(done)
			if p.API != "" {
				functions[p.API] = functions[p.API] || done
			}
			if *verbose && !done {
				fmt.Printf("%-11s %s\n", p.Owner, p.Name)
			}
		}
	}
	for owner, c := range byOwner {
		fmt.Printf("%-11s %3d of %3d procedures\n", program.Owner(owner), c.done, c.all)
	}
	fmt.Printf("%-11s %3d of %3d procedures, %d of %d functions\n", "all", total.done, total.all, countTrue(functions), len(functions))
}

// allTables are the handlers of the daemon itself and of every driver.
func allTables() (map[uint32][]*dispatch.Table, error) {
	tables := make(map[uint32][]*dispatch.Table)
	system := gen.NewSystem()
	bus := events.NewBus(system, "events")
	for _, t := range connection.New(nil, bus).Tables() {
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
