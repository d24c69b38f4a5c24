package wire

import (
	"fmt"
	"strings"
	"testing"

	"virtree.dev/protocol/lxcprog"
	"virtree.dev/protocol/program"
	"virtree.dev/protocol/qemuprog"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/wire"
	"virtree.dev/protocol/wire/wiretest"
	"virtree.dev/protocol/xdr"
)

// served are the programs of libvirtd.
var served = []*program.Program{&remote.Program, &qemuprog.Program, &lxcprog.Program}

// apart are procedures that are no question to a driver.
var apart = map[int32]bool{
	remote.ProcConnectOpen: true, remote.ProcConnectClose: true, remote.ProcAuthList: true,
	remote.ProcAuthPolkit: true, remote.ProcAuthSASLInit: true, remote.ProcAuthSASLStart: true, remote.ProcAuthSASLStep: true,
}

// calls gives every procedure that is called.
func calls(yield func(p *program.Program, proc *program.Procedure) bool) {
	for _, p := range served {
		for i := range p.Procedures {
			proc := &p.Procedures[i]
			if proc.Kind != program.Call || proc.Name == "" || p.ID == remote.ID && apart[proc.Num] {
				continue
			}
			if !yield(p, proc) {
				return
			}
		}
	}
}

// question calls a procedure on a connection of its own and gives the answer in one line.
func question(t testing.TB, path string, flags uint32, p *program.Program, proc *program.Procedure, args xdr.Value) string {
	t.Helper()
	c := wiretest.Dial(t, path)
	defer c.Conn.Close()
	if err := c.Call(remote.ProcConnectOpen, &remote.ConnectOpenArgs{Name: new(string), Flags: flags}, nil); err != nil {
		t.Fatal(err)
	}
	h := c.Header(proc.Num)
	h.Program, h.Version = p.ID, p.Version
	c.Send(h, args)
	f, err := c.Next()
	switch {
	case err != nil:
		return fmt.Sprintf("%s: %v", proc.Name, err)
	case f.Program != h.Program || f.Procedure != h.Procedure || f.Serial != h.Serial:
		return fmt.Sprintf("%s: %+v", proc.Name, f.Header)
	case f.Status == wire.Error:
		return proc.Name + " " + describeError(f.Payload)
	}
	if proc.Ret != nil && f.Type == wire.Reply {
		f.Decode(t, proc.Ret())
	}
	return proc.Name + " ok"
}

// zeroed are the arguments of a procedure with nothing in them.
func zeroed(p *program.Procedure) xdr.Value {
	if p.Args == nil {
		return nil
	}
	return p.Args()
}

// asked is an exchange that makes one call with nothing in its arguments.
func asked(p *program.Program, proc *program.Procedure) exchange {
	return exchange{name: p.Name + " " + proc.Name, run: func(s *script) {
		s.say("%s", question(s.T, s.path, 0, p, proc, zeroed(proc)))
	}}
}

// Every procedure is answered: as libvirt answers, or as libvirt does for a
// driver that lacks it.
func TestEveryProcedureWithoutArguments(t *testing.T) {
	var table []exchange
	for p, proc := range calls {
		x := asked(p, proc)
		x.differs = otherwise[proc.Name]
		table = append(table, x)
	}
	p := session
	p.golden = "procedures.golden"
	p.accept = func(x exchange, got []string) bool {
		_, name, _ := strings.Cut(x.name, " ")
		return strings.HasPrefix(join(got), name+" code=3 ") && strings.HasSuffix(join(got), apiOf(x.name)+`" "" -1 -1`)
	}
	compare(t, p, table)
}

func apiOf(exchange string) string {
	for p, proc := range calls {
		if p.Name+" "+proc.Name == exchange {
			return proc.API
		}
	}
	return "?"
}

// otherwise are the procedures that we answer in another way, and why.
var otherwise = map[string]string{
	"DOMAIN_MEMORY_STATS":            "libvirt has no statistics of a machine that is not there; we say that it is not there",
	"DOMAIN_GET_SECURITY_LABEL_LIST": "libvirt answers -1 without an error, which clients cannot explain",
	"DOMAIN_GRAPHICS_RELOAD":         "newer than 9.0.0",
	"DOMAIN_GET_AUTOSTART_ONCE":      "newer than 9.0.0",
	"DOMAIN_SET_AUTOSTART_ONCE":      "newer than 9.0.0",
}
