package qemu

import (
	"fmt"

	"virtree.dev/actors/domain"
	"virtree.dev/actors/domain/records"
	"virtree.dev/internal/sys"
	xml "virtree.dev/protocol/xml/domain"
)

// whyStarted is why a machine was started, as the audit trail has it.
const whyStarted = "booted"

// auditStart tells of a machine that runs, and of what it was given.
func (s *starter) auditStart() {
	def := s.def
	if o := s.drv.registry.ByUUID(s.def.UUID); o != nil && o.Active() {
		def = o.Def // its terminals have names by now
	}
	s.drv.audit.Write(records.Start(def, s.pid, s.drv.tpmSocket(def), whyStarted, true)...)
}

// auditFailure tells of a machine that there is not: its document is the one that it would have had.
func (s *starter) auditFailure() {
	def := s.dom.document
	if def == nil {
		def = s.dom.object.Config()
	}
	if def != nil {
		s.drv.audit.Write(records.Start(def, 0, "", whyStarted, false)...)
	}
}

// auditOpened tells of a device of the host for a network card.
func (s *starter) auditOpened(n *xml.Interface, path string, ok bool) {
	number := ""
	if major, minor, is := sys.DeviceNumber(path); is {
		number = fmt.Sprintf("%02X:%02X", major, minor)
	}
	s.drv.audit.Write(records.Opened(s.def, n.MAC, path, number, ok))
}

// auditedEnds are the reasons for an end by which the trail calls them. A start that
// failed has its own record.
var auditedEnds = map[domain.Reason]string{
	domain.ShutoffShutdown: "shutdown", domain.ShutoffDestroyed: "destroyed", domain.ShutoffCrashed: "failed",
}

// auditStop tells of a machine that ended.
func (m *machine) auditStop() {
	if why, ok := auditedEnds[m.core.Reason]; ok && m.core.State == domain.Shutoff {
		m.drv.audit.Write(records.Stop(m.status.Domain, why))
	}
}
