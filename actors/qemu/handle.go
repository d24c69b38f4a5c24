package qemu

import (
	"encoding/json"
	"fmt"

	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// HandleCall takes what workers ask for.
func (m *machine) HandleCall(p *gen.Process, from gen.From, req any) (any, error) {
	switch req := req.(type) {
	case begin:
		return m.beginJob(p, from, req)
	case execute:
		return m.executeFor(p, from, req)
	case launch:
		return m.launchMachine(p, req)
	case attach:
		if err := m.attachMachine(p, from, req); err != nil {
			return nil, err
		}
		return nil, gen.ErrLater
	case update:
		return m.updateMachine(req.Change)
	case adopt:
		return struct{}{}, m.adoptCompanion(p, req)
	case look:
		m.publish()
		return struct{}{}, nil
	case giving:
		m.given = req.State
		return struct{}{}, nil
	case launched:
		m.step(p, domain.Launched{Paused: req.Paused})
		return m.object(), nil
	case abandon:
		if m.abandonMachine(p, from) {
			return struct{}{}, nil
		}
		return nil, gen.ErrLater
	case stop:
		if err := m.stopMachine(p, from, req); err != nil {
			return nil, err
		}
		return nil, gen.ErrLater
	case discard:
		if !m.core.Persistent && !m.core.Active() && !m.leaving {
			m.leave(p, 0)
		}
		return struct{}{}, nil
	case lease:
		return m.leaseFor(p, from, req)
	case tell:
		m.step(p, req.Message)
		if m.document() == nil { // a transient domain that never started has gone
			return (*domain.Object)(nil), nil
		}
		return m.object(), nil
	}
	return m.handleConfig(p, req)
}

// handleConfig takes what concerns the definition.
func (m *machine) handleConfig(p *gen.Process, req any) (any, error) {
	switch req := req.(type) {
	case define:
		return m.define(req)
	case undefine:
		return struct{}{}, m.undefine(p, req.Flags)
	case setAutostart:
		return struct{}{}, m.setAutostart(req)
	case agentTimeout:
		m.setAgentTimeout(req.Seconds)
		return struct{}{}, nil
	case rename:
		return m.rename(req.Name)
	}
	return nil, fmt.Errorf("unknown request %T", req)
}

// HandleMessage takes what happens to the machine, and the ends of jobs.
func (m *machine) HandleMessage(p *gen.Process, msg any) error {
	switch msg := msg.(type) {
	case monitorRead:
		m.received(msg)
	case monitorLost:
		m.lost(p, msg)
	case processGone:
		if !m.companionGone(p, msg.PID) {
			m.exited(p, msg)
		}
	case takenBack:
		m.given = notGiven
		m.proceedAlone(p)
	case impatient:
		m.killCompanions()
	case overdue:
		if m.gone && m.pid == msg.PID {
			m.finish(p)
		}
	case leased:
		m.leases.done(m, p, msg.Err)
	case unanswered:
		m.setDeaf(m.monitor != nil && m.monitor.client.Pending() > 0)
	case reopen:
		if m.pid == msg.PID {
			m.reopenMonitor(p)
		}
	case killHarder:
		m.killStuck(msg)
	case orphaned:
		m.endOrphan(p, msg)
	case reread:
		m.rereadConfig(msg.Def)
	case goodbye:
		return gen.Normal
	case end:
		m.endJob(msg.Token)
	case lostPatience:
		m.expire(msg.Token)
	}
	return nil
}

// executeFor runs a monitor command for a worker.
func (m *machine) executeFor(p *gen.Process, from gen.From, req execute) (any, error) {
	if m.status == nil {
		return nil, errNotRunning()
	}
	if req.First != nil {
		m.step(p, req.First)
	}
	m.run(req.Command, req.Files, func(raw json.RawMessage, err error) {
		from.Reply(raw, err)
	})
	return nil, gen.ErrLater
}
