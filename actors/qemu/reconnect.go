package qemu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/gen"
)

// reconnect takes up the machine of a former daemon, or of a former life of this process.
//
//	status file ─▶ is its process there? ─▶ pidfd ─▶ monitor ─▶ what does QEMU say?
//
// Until QEMU has answered, the domain is shown as the status file says. One whose
// monitor cannot be had is shown like that for good; it is tried again.
func (m *machine) reconnect(p *gen.Process, s *domstatus.Status) {
	m.status = s
	m.adoptActions(s.Domain)
	m.drv.noteID(s.Domain.ID)
	m.drv.adopt(s)
	m.hit("qemu.reconnect.begin")
	m.findCompanions(p, s)
	pid := m.findProcess(s)
	there := pid != 0 && m.hold(p, pid) == nil
	state, reason, _ := domain.ParseState(s.State, s.Reason)
	m.step(p, domain.Found{
		ID: s.Domain.ID, State: state, Reason: reason, FakeReboot: s.FakeReboot,
		Destroying: s.Job != nil && s.Job.Type == jobDestroy,
	})
	if m.given = surelyGiven; !there {
		m.given = maybeGiven
		m.finish(p)
		return
	}
	m.hit("qemu.reconnect.held")
	m.ownJob(domain.JobModify, "qemuProcessReconnect", func() { m.untold = true })
	m.reopenMonitor(p)
}

// How long to wait before a monitor that was lost is tried again, at first and at last.
const (
	reopenSoon = time.Second
	reopenLast = 30 * time.Second
)

// reopenMonitor connects to the machine's monitor again and asks for the truth.
func (m *machine) reopenMonitor(p *gen.Process) {
	if m.monitor != nil || m.pidfd == nil || m.gone || m.status == nil {
		return
	}
	if err := m.openMonitor(p, m.status.Monitor.Path); err != nil {
		if m.reopening < reopenLast {
			m.drv.log.Error(fmt.Sprintf("cannot reopen the monitor of domain '%s': %v", m.status.Domain.Name, err))
		}
		m.reopenLater(p)
		return
	}
	m.askTruth(p)
}

// reopenLater waits longer each time.
func (m *machine) reopenLater(p *gen.Process) {
	m.reopening = min(max(2*m.reopening, reopenSoon), reopenLast)
	p.SendAfter(m.reopening, reopen{PID: m.pid})
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

// isMachine recognises a machine by its UUID and its folder among the arguments: a machine of
// another daemon may have the same UUID.
func (m *machine) isMachine(pid int, s *domstatus.Status) bool {
	args, err := m.drv.host.CommandLine(pid)
	if err != nil {
		return false
	}
	i := slices.Index(args, "-uuid")
	if i < 0 || i+1 >= len(args) || args[i+1] != s.Domain.UUID.String() {
		return false
	}
	return s.LibDir == "" || slices.ContainsFunc(args, func(arg string) bool { return strings.Contains(arg, s.LibDir+"/") })
}

// pauseReasons are why a machine does not run, by QEMU's words for its state.
var pauseReasons = map[string]domain.Reason{
	"paused": domain.PausedUser, "prelaunch": domain.PausedUser,
	"inmigrate": domain.PausedMigration, "postmigrate": domain.PausedMigration, "finish-migrate": domain.PausedMigration,
	"io-error": domain.PausedIOError, "watchdog": domain.PausedWatchdog, "save-vm": domain.PausedSave,
	"shutdown": domain.PausedShuttingDown, "guest-panicked": domain.PausedCrashed,
}

// askTruth lets QEMU say whether it runs; a status file may be older than its last event.
func (m *machine) askTruth(p *gen.Process) {
	ask(m, "query-status", nil, func(r runState, err error) {
		if err != nil || m.status == nil {
			return
		}
		m.reopening, m.untold = 0, false
		m.hit("qemu.reconnect.told")
		m.leases.found(m, p, r.Running)
		m.refresh()
		m.step(p, domain.Told{Running: r.Running, Asleep: r.Status == "suspended", Why: pauseReasons[r.Status]})
	})
}

// refresh learns what may have changed while nobody listened.
func (m *machine) refresh() {
	ask(m, "query-cpus-fast", nil, func(cpus []cpuFast, err error) {
		ask(m, "query-chardev", nil, func(chardevs []chardev, err2 error) {
			ask(m, "qom-list", devicesFolder, func(devices []qomProperty, err3 error) {
				if m.status == nil || errors.Join(err, err2, err3) != nil {
					return
				}
				f := facts{cpus, chardevs, devices}
				m.changeStatus(f.fill)
			})
		})
	})
	if b := m.status.Domain.Devices.Memballoon; b == nil || b.Model == "none" {
		return
	}
	ask(m, "query-balloon", nil, func(info balloonInfo, err error) {
		if m.status != nil && err == nil {
			m.changeStatus(func(s *domstatus.Status) { s.Domain.Memory.Current = info.Actual / 1024 })
		}
	})
}
