package qemu

import (
	"fmt"

	"virtree.dev/actors/domain"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/supervisor/gen"
)

// reload is what SIGHUP asks of the store.
type reload struct{}

// reread is a definition that was changed on the disk.
type reread struct{ Def *xml.Domain }

// Reload looks for definitions that somebody wrote or changed by hand, and gives
// domains whose process failed another chance.
func (d *Driver) Reload() { _ = gen.Send(d.system.Named(nameStore), reload{}) }

func (s *store) reload(p *gen.Process) {
	s.drv.loadConfigs()
	for _, o := range s.drv.registry.Select(0) {
		s.takeUp(p, o)
		if !o.Persistent {
			continue
		}
		def, err := s.drv.readConfig(o.Name)
		switch {
		case err != nil:
			s.drv.log.Error(fmt.Sprintf("cannot load the definition of domain '%s': %v", o.Name, err))
		case def.UUID == o.UUID && def.Name == o.Name && configText(def) != configText(o.Config()):
			_ = gen.Send(s.drv.domainRef(o.UUID), reread{def})
		}
	}
}

// rereadConfig takes a definition that is on the disk already.
func (m *machine) rereadConfig(def *xml.Domain) {
	if !m.core.Persistent {
		return
	}
	m.config = def
	if m.status == nil {
		m.adoptActions(def)
	}
	m.drv.emitLifecycle(m.publish(), domain.Emit{Type: domain.Defined, Detail: domain.DefinedUpdated})
}
