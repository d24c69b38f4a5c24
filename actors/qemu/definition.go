package qemu

import (
	"virtree.dev/actors/domain"
	"virtree.dev/internal/failpoint"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// define takes a definition: on the disk first, then for everybody to see.
func (m *machine) define(req define) (*domain.Object, error) {
	detail := int32(domain.DefinedUpdated)
	if !m.core.Persistent {
		detail = domain.DefinedAdded
	}
	if req.Def != nil {
		if err := failpoint.Hit("qemu.define.begin"); err != nil {
			return nil, err
		}
		if err := m.drv.files.saveConfig(req.Def); err != nil {
			return nil, err
		}
		if err := failpoint.Hit("qemu.define.written"); err != nil {
			return nil, err
		}
		m.config, m.core.Persistent = req.Def, true
		if m.status == nil {
			m.adoptActions(req.Def)
		}
	}
	if req.Live != nil && m.status != nil {
		s := *m.status
		s.Domain = req.Live
		m.status = &s
		m.adoptActions(req.Live)
		m.saveStatus()
	}
	o := m.publish()
	if req.Def != nil && !req.Silent {
		m.drv.emitLifecycle(o, domain.Emit{Type: domain.Defined, Detail: detail})
	}
	m.hit("qemu.define.published")
	return o, nil
}

// undefine takes the definition away. A machine goes on as a transient domain.
func (m *machine) undefine(p *gen.Process, flags uint32) error {
	m.hit("qemu.undefine.begin")
	if err := m.drv.files.removeConfig(m.config.Name); err != nil {
		return err
	}
	m.hit("qemu.undefine.removed")
	o := m.object()
	m.core.Persistent, m.autostart, m.autostartOnce = false, false, false
	if m.status != nil {
		o = m.publish() // the former definition can still be read beside the machine's document
	}
	m.drv.emitLifecycle(o, domain.Emit{Type: domain.Undefined, Detail: domain.UndefinedRemoved})
	if m.status == nil {
		m.leave(p, flags)
	}
	return nil
}

func (m *machine) setAutostart(req setAutostart) error {
	link, state := m.drv.files.autostart, &m.autostart
	if req.Once {
		link, state = m.drv.files.autostartOnce, &m.autostartOnce
	}
	if *state == req.On {
		return nil
	}
	m.hit("qemu.autostart.begin")
	if err := m.drv.files.setLink(link(m.config.Name), m.config.Name, req.On); err != nil {
		return err
	}
	m.hit("qemu.autostart.written")
	*state = req.On
	m.publish()
	return nil
}

// setAgentTimeout is kept without a machine too, for the next one.
func (m *machine) setAgentTimeout(seconds int) {
	m.agentTimeout = seconds
	if m.status != nil {
		m.changeStatus(func(s *domstatus.Status) { s.AgentTimeout = seconds })
	}
}

// rename moves the definition: the new file is there before the old one goes.
func (m *machine) rename(name string) (*domain.Object, error) {
	old := m.object()
	next := *m.config
	next.Name = name
	m.hit("qemu.rename.begin")
	if err := m.drv.files.saveRenamed(&next, old.Name); err != nil {
		return nil, err
	}
	m.hit("qemu.rename.written")
	if err := m.drv.files.finishRename(&next, old.Name); err != nil {
		return nil, err
	}
	m.config = &next
	m.hit("qemu.rename.moved")
	m.drv.emitLifecycle(old, domain.Emit{Type: domain.Undefined, Detail: domain.UndefinedRenamed})
	o := m.publish()
	m.drv.emitLifecycle(o, domain.Emit{Type: domain.Defined, Detail: domain.DefinedRenamed})
	return o, nil
}
