package cstate

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"

	"virtree.dev/actors/rpc"
	"virtree.dev/internal/sys"
	"virtree.dev/supervisor/freeze"
)

// partRest is what belongs to the service.
const partRest = "restart-file"

// Names are the names under which our own daemon freezes.
type Names struct {
	Listener func(server string, readOnly bool, nth int) string
	Clients  func(server string) string
}

// packer takes descriptors, each once.
type packer struct {
	names Names
	box   *freeze.Box
	taken map[int]bool
	notes []string
}

// Box packs the document as a program of ours would have left it. The notes tell
// of sockets and clients that could not be taken over.
func (d *Document) Box(n Names) (box *freeze.Box, notes []string, err error) {
	p := &packer{names: n, box: freeze.NewBox(), taken: map[int]bool{}}
	for _, name := range slices.Sorted(maps.Keys(d.Servers)) {
		if err := p.server(name, d.Servers[name]); err != nil {
			p.box.Close()
			return nil, p.notes, err
		}
	}
	left := frozenRest{Members: d.rest, Taken: slices.Sorted(maps.Keys(p.taken))}
	if err := p.box.PutState(partRest, 1, left, nil); err != nil {
		p.box.Close()
		return nil, p.notes, err
	}
	return p.box, p.notes, nil
}

func (p *packer) note(format string, args ...any) {
	p.notes = append(p.notes, fmt.Sprintf(format, args...))
}

// take makes a descriptor ours.
func take(taken map[int]bool, fd int, name string) (*os.File, error) {
	if taken[fd] {
		return nil, fmt.Errorf("descriptor %d is somebody else's already", fd)
	}
	f, err := sys.Inherited(fd, name)
	if err == nil {
		taken[fd] = true
	}
	return f, err
}

func (p *packer) server(name string, s *Server) error {
	nth := map[bool]int{}
	for _, service := range s.Services {
		for _, socket := range service.Sockets {
			listener := p.names.Listener(name, service.ReadOnly, nth[service.ReadOnly])
			nth[service.ReadOnly]++
			if err := p.listener(listener, service, socket); err != nil {
				p.note("socket %s could not be taken over: %v", listener, err)
			}
		}
	}
	last := max(s.NextClientID, 1) - 1
	var clients []rpc.ForeignClient
	seen := map[uint64]bool{}
	for _, c := range s.Clients {
		last = max(last, c.ID)
	}
	for _, c := range s.Clients {
		if seen[c.ID] {
			last++
			c.ID = last
		}
		seen[c.ID] = true
		f, err := take(p.taken, c.Socket.FD, "client")
		if err != nil {
			p.note("client %d could not be taken over: %v", c.ID, err)
			continue
		}
		clients = append(clients, rpc.ForeignClient{
			ID: c.ID, Since: c.Since, ReadOnly: c.ReadOnly, Authenticated: !c.AuthPending, Session: c.Private, Socket: f,
		})
	}
	frozen, notes := rpc.FreezeForeignClients(last, rpc.ForeignLimits{MaxClients: s.MaxClients, MaxAnonymousClients: s.MaxAnonymousClients}, clients)
	p.notes = append(p.notes, notes...)
	return p.box.Put(p.names.Clients(name), frozen)
}

func (p *packer) listener(name string, s Service, k Socket) error {
	f, err := take(p.taken, k.FD, name)
	if err != nil {
		return err
	}
	frozen, err := rpc.FreezeForeignSocket(s.ReadOnly, s.Auth != 0, k.Unlink, f)
	if err == nil {
		err = p.box.Put(name, frozen)
	}
	if err != nil {
		f.Close()
	}
	return err
}

// frozenRest is on its way to the service.
type frozenRest struct {
	Members Object `json:"members"`
	Taken   []int  `json:"taken"` // descriptors that have an owner
}

// Rest is what the C daemon left to the service.
type Rest struct {
	Object
	taken map[int]bool
}

// Take gives the rest of a restart file; nil where this program does not take
// over from a C daemon.
func Take(box *freeze.Box) (*Rest, error) {
	f := box.Take(partRest)
	if f == nil {
		return nil, nil
	}
	var left frozenRest
	if err := json.Unmarshal(f.State, &left); err != nil {
		return nil, err
	}
	r := &Rest{Object: left.Members, taken: map[int]bool{}}
	for _, fd := range left.Taken {
		r.taken[fd] = true
	}
	return r, nil
}

// File makes a descriptor that the rest names the caller's, who closes it. What
// kind of file it is, is for the caller to see.
func (r *Rest) File(fd int, name string) (*os.File, error) { return take(r.taken, fd, name) }
