package qemu

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/qmp"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// How long a machine has to end by itself before it is killed.
const (
	killGrace = 10 * time.Second
	// stuckGrace is for one that cannot even take a signal, as it is stopped.
	stuckGrace = 200 * time.Millisecond
	// lastWords is how long the monitor of an ended process may still be read.
	lastWords = time.Second
)

// launchMachine prepares for a machine: its status is on the disk before its process is there.
func (m *machine) launchMachine(p *gen.Process, req launch) (*domain.Object, error) {
	if m.core.Active() {
		return nil, errAlreadyRunning()
	}
	m.status = req.Status
	m.status.AgentTimeout = m.agentTimeout
	m.adoptActions(req.Status.Domain)
	m.step(p, domain.Launching{ID: req.Status.Domain.ID})
	return m.object(), nil
}

// attachMachine takes hold of the machine's process and opens its monitor.
func (m *machine) attachMachine(p *gen.Process, from gen.From, req attach) error {
	if err := m.hold(p, req.PID); err != nil {
		return err
	}
	m.given = surelyGiven
	m.saveStatus()
	if err := failpoint.Hit("qemu.start.status"); err != nil {
		return err
	}
	if err := m.openMonitor(p, m.status.Monitor.Path); err != nil {
		return err
	}
	m.attached = &from
	return nil
}

// updateMachine changes what is known of the machine.
func (m *machine) updateMachine(change func(*domstatus.Status)) (*domain.Object, error) {
	if m.status == nil {
		return nil, errNotRunning()
	}
	s := *m.status
	d := *s.Domain
	s.Domain = &d
	change(&s)
	m.status = &s
	m.saveStatus()
	return m.publish(), nil
}

// abandonMachine undoes a launch that failed.
func (m *machine) abandonMachine(p *gen.Process, from gen.From) (done bool) {
	if !m.core.Active() {
		return true
	}
	m.step(p, domain.Ending{Reason: domain.ShutoffFailed})
	if m.pid == 0 {
		m.stops = append(m.stops, from)
		m.endCompanions(p, func() { m.step(p, domain.LaunchFailed{}) })
		return false
	}
	m.stops = append(m.stops, from)
	m.kill(true)
	return false
}

// stopMachine ends the machine, however busy its monitor or its jobs are.
func (m *machine) stopMachine(p *gen.Process, from gen.From, req stop) error {
	if !m.core.Active() {
		return errNotRunning()
	}
	m.hit("qemu.destroy.begin")
	m.step(p, domain.Ending{Reason: req.Reason})
	m.stops = append(m.stops, from)
	if req.Graceful {
		m.kill(false)
	} else {
		m.end(p)
	}
	m.hit("qemu.destroy.killed")
	return nil
}

// end asks the machine's process to end, and sees to it that it does.
func (m *machine) end(p *gen.Process) {
	m.kill(false)
	p.SendAfter(stuckGrace, killHarder{PID: m.pid})
	p.SendAfter(killGrace, killHarder{PID: m.pid, Last: true})
}

// kill sends a signal to the machine's process.
func (m *machine) kill(hard bool) {
	if m.pidfd == nil {
		return
	}
	sig := syscall.SIGTERM
	if hard {
		sig = syscall.SIGKILL
	}
	// A process that is gone already is what was wanted.
	_ = sys.PidfdSignal(m.pidfd, sig)
}

// killStuck kills a process whose grace is over, or that is stopped and would never take notice.
func (m *machine) killStuck(msg killHarder) {
	if m.pid != msg.PID || m.gone {
		return
	}
	times, err := m.drv.host.ProcessTimes(m.pid)
	if msg.Last || err == nil && (times.State == 'T' || times.State == 't') {
		m.kill(true)
	}
}

// exited takes the end of the machine's process; what its monitor still says comes first.
func (m *machine) exited(p *gen.Process, msg processGone) {
	if m.pid != msg.PID || m.gone {
		return
	}
	m.gone = true
	if m.monitor == nil {
		m.finish(p)
		return
	}
	p.SendAfter(lastWords, overdue(msg))
}

// finish is the end of a machine whose process is gone.
func (m *machine) finish(p *gen.Process) {
	if m.attached != nil {
		m.monitorFailed(errMachineGone)
	}
	m.endCompanions(p, func() { m.leases.end(m, p, func() { m.step(p, domain.Exited{}) }) })
}

// rebootNow turns a power-off into a reboot.
func (m *machine) rebootNow() {
	name := m.document().Name
	m.hit("qemu.reboot.begin")
	m.run(qmp.Command{Name: "system_reset"}, nil, func(_ json.RawMessage, err error) {
		if err != nil {
			m.rebootFailed("reset", name, err)
			return
		}
		m.hit("qemu.reboot.reset")
		reason := domain.RunningBooted
		if m.core.State == domain.Crashed {
			reason = domain.RunningCrashed
		}
		m.leases.ask(m, m.process, true, func(err error) {
			if err != nil {
				m.rebootFailed("continue", name, err)
				m.kill(true)
				return
			}
			m.core.Step(domain.RunComing{Reason: reason})
			m.run(qmp.Command{Name: "cont"}, nil, func(_ json.RawMessage, err error) {
				if err != nil {
					m.rebootFailed("continue", name, err)
				}
			})
		})
	})
}

// rebootFailed ends a machine that is down and does not come up; one whose monitor was
// lost meanwhile is looked at again when there is another connection.
func (m *machine) rebootFailed(what, name string, err error) {
	m.drv.log.Error(fmt.Sprintf("cannot %s domain '%s': %v", what, name, err))
	var refused *qmp.Error
	if errors.As(err, &refused) {
		m.kill(true)
	}
}
