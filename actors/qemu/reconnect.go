package qemu

import (
	"fmt"
	"slices"
	"strings"

	"virtree.dev/actors/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// reconnect takes up the machine of a former daemon, or of a former life of this process.
//
//	status file ─▶ is its process there? ─▶ pidfd ─▶ monitor ─▶ what does QEMU say?
//
// Until QEMU has answered, the domain is shown as the status file says.
func (m *machine) reconnect(p *gen.Process, s *domstatus.Status) {
	m.status = s
	m.adoptActions(s.Domain)
	m.core.FakeReboot = s.FakeReboot
	state, reason, _ := domain.ParseState(s.State, s.Reason)
	m.drv.noteID(s.Domain.ID)
	m.core.ID, m.core.State, m.core.Reason = s.Domain.ID, state, reason

	pid := m.findProcess(s)
	if pid == 0 || m.hold(p, pid) != nil {
		m.finish(p)
		return
	}
	if state == domain.Paused && reason == domain.PausedStartingUp {
		// Its start died with the daemon: nobody is left to complete it.
		m.core.Step(domain.Ending{Reason: domain.ShutoffFailed})
		m.kill(true)
		m.publish()
		return
	}
	m.drv.adopt(s)
	if err := m.openMonitor(p, s.Monitor.Path); err != nil {
		m.drv.log.Error(fmt.Sprintf("cannot reopen the monitor of domain '%s': %v", s.Domain.Name, err))
		m.core.Step(domain.Ending{Reason: domain.ShutoffFailed})
		m.kill(false)
		m.publish()
		return
	}
	m.publish()
	m.askTruth(p)
}

// findProcess gives the pid of the machine, or 0. A pid alone proves nothing: it may be
// another's by now, and a kill between exec and the status file leaves none at all.
func (m *machine) findProcess(s *domstatus.Status) int {
	for _, pid := range []int{s.PID, m.drv.files.loadPID(s.Domain.Name)} {
		if pid > 0 && m.isMachine(pid, s) {
			return pid
		}
	}
	if s.PID > 0 {
		return 0
	}
	pids, err := m.drv.host.Processes()
	if err != nil {
		return 0
	}
	for _, pid := range pids {
		if m.isMachine(pid, s) {
			return pid
		}
	}
	return 0
}

// isMachine recognises a machine by its UUID and its folder among the arguments.
func (m *machine) isMachine(pid int, s *domstatus.Status) bool {
	args, err := m.drv.host.CommandLine(pid)
	if err != nil {
		return false
	}
	i := slices.Index(args, "-uuid")
	if i < 0 || i+1 >= len(args) || args[i+1] != s.Domain.UUID.String() {
		return false
	}
	i = slices.Index(args, "-name")
	return i >= 0 && i+1 < len(args) && strings.HasPrefix(args[i+1], "guest=")
}

// askTruth lets QEMU say whether it runs; a status file may be older than its last event.
func (m *machine) askTruth(p *gen.Process) {
	ask(m, "query-status", nil, func(r runState, err error) {
		if err != nil || m.status == nil {
			return
		}
		before := m.core.State
		state, reason := before, m.core.Reason
		switch r.Status {
		case "shutdown":
			m.step(p, domain.PoweredOff{Detail: domain.ShutdownFinished})
			return
		case "guest-panicked":
			state, reason = domain.Crashed, domain.CrashedPanicked
		case "io-error":
			state, reason = domain.Paused, domain.PausedIOError
		case "watchdog":
			state, reason = domain.Paused, domain.PausedWatchdog
		case "suspended":
			state, reason = domain.PMSuspended, 0
		}
		m.step(p, domain.Reconnected{ID: m.core.ID, State: state, Reason: reason, Running: r.Running})
	})
}
