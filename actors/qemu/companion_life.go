package qemu

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"virtree.dev/actors/qemu/companion"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// attendant is a process beside QEMU that a machine needs. It ends with the machine.
type attendant struct {
	name   string
	pid    int
	file   *os.File // pidfd
	traces []string // files it leaves
}

// adopt tells a domain's process of a companion that has been started.
type adopt struct {
	gen.Returns[struct{}]
	Name   string
	PID    int
	Traces []string
}

// impatient ends the time that companions have to end by themselves.
type impatient struct{}

// companionGrace is how long a companion may take to end by itself.
const companionGrace = 5 * time.Second

func (m *machine) adoptCompanion(p *gen.Process, req adopt) error {
	f, err := sys.PidfdOpen(req.PID)
	if err != nil {
		return err
	}
	m.attendants = append(m.attendants, &attendant{req.Name, req.PID, f, req.Traces})
	return p.SpawnMeta("companion", &watcher{pid: req.PID, file: f, to: p.Self()})
}

// companionGone takes the end of a companion; false says that the process was none.
func (m *machine) companionGone(p *gen.Process, pid int) bool {
	for i, c := range m.attendants {
		if c.pid != pid {
			continue
		}
		m.attendants = append(m.attendants[:i:i], m.attendants[i+1:]...)
		c.file.Close()
		for _, path := range c.traces {
			_ = os.Remove(path)
		}
		if m.alone == nil && m.core.Active() && !m.gone {
			m.drv.log.Warn(c.name + " of domain '" + m.document().Name + "' ended before its machine")
		}
		m.proceedAlone(p)
		return true
	}
	return false
}

// endCompanions lets the companions end; then comes what is to follow.
func (m *machine) endCompanions(p *gen.Process, then func()) {
	if m.alone != nil {
		return
	}
	m.alone = then
	if len(m.attendants) > 0 {
		for _, c := range m.attendants {
			c.signal(syscall.SIGTERM)
		}
		p.SendAfter(companionGrace, impatient{})
	}
	m.proceedAlone(p)
}

// proceedAlone goes on when nobody is beside the machine any more, and its files are its own no more.
func (m *machine) proceedAlone(p *gen.Process) {
	if then := m.alone; then != nil && len(m.attendants) == 0 && !m.takeBack(p) {
		m.alone = nil
		then()
	}
}

// killCompanions ends those whose grace is over.
func (m *machine) killCompanions() {
	for _, c := range m.attendants {
		if m.alone != nil {
			c.signal(syscall.SIGKILL)
		}
	}
}

// signal reaches the process and the group that it leads.
func (c *attendant) signal(sig syscall.Signal) {
	if sys.PidfdSignal(c.file, sig) == nil {
		_ = syscall.Kill(-c.pid, sig)
	}
}

// findCompanions takes up the processes that a former daemon started beside a machine.
func (m *machine) findCompanions(p *gen.Process, s *domstatus.Status) {
	all, err := companion.Of(s.Domain, m.drv.companionHost(s.Domain.ID, s.Domain.Name))
	if err != nil {
		m.drv.log.Warn("cannot tell what runs beside domain '" + s.Domain.Name + "': " + err.Error())
	}
	for i := range all {
		h := &all[i]
		pid := readPID(h.PIDFile)
		if pid == 0 || !m.runsProgram(pid, h.Program) {
			continue
		}
		err := m.adoptCompanion(p, adopt{Name: h.Name, PID: pid, Traces: h.Traces()})
		if err != nil && !errors.Is(err, syscall.ESRCH) {
			m.drv.log.Error("cannot take hold of " + h.Name + " of domain '" + s.Domain.Name + "': " + err.Error())
		}
	}
}

// runsProgram says whether a process is of a program; its pid alone proves nothing.
func (m *machine) runsProgram(pid int, program string) bool {
	args, err := m.drv.host.CommandLine(pid)
	return err == nil && len(args) > 0 && filepath.Base(args[0]) == filepath.Base(program)
}
