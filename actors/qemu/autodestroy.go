package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// orphaned says that the client with whom a machine was to end is gone. ID tells which machine was meant.
type orphaned struct{ ID int }

// bound are the machines that end with a session, by their domains.
type bound map[domain.UUID]int

type boundKey struct{}

// endWithSession ends the machine that a domain has now when the client goes.
func (d *Driver) endWithSession(s *dispatch.Session, uuid domain.UUID) {
	o := d.registry.ByUUID(uuid)
	if o == nil || !o.Active() {
		return
	}
	d.bind(s, uuid, o.ID)
}

func (d *Driver) bind(s *dispatch.Session, uuid domain.UUID, id int) {
	all, _ := s.Value(boundKey{}).(bound)
	next := bound{uuid: id}
	for u, other := range all {
		if u != uuid {
			next[u] = other
		}
	}
	s.SetValue(boundKey{}, next)
	ref := d.domainRef(uuid)
	s.OnEnd(func() { _ = gen.Send(ref, orphaned{ID: id}) })
}

// endOrphan ends a machine whose client has gone.
func (m *machine) endOrphan(p *gen.Process, msg orphaned) {
	if !m.core.Active() || m.core.ID != msg.ID {
		return
	}
	m.step(p, domain.Ending{Reason: domain.ShutoffDestroyed})
	m.end(p)
}
