package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// orphaned says that the client with whom a machine was to end is gone. ID tells which machine was meant.
type orphaned struct{ ID int }

// endWithSession ends the machine that a domain has now when the client goes.
func (d *Driver) endWithSession(c *dispatch.Call, uuid domain.UUID) {
	o := d.registry.ByUUID(uuid)
	if o == nil || !o.Active() {
		return
	}
	ref := d.domainRef(uuid)
	c.Session.OnEnd(func() { _ = gen.Send(ref, orphaned{ID: o.ID}) })
}

// endOrphan ends a machine whose client has gone.
func (m *machine) endOrphan(p *gen.Process, msg orphaned) {
	if !m.core.Active() || m.core.ID != msg.ID {
		return
	}
	m.step(p, domain.Ending{Reason: domain.ShutoffDestroyed})
	m.end(p)
}
