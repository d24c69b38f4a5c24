package qemu

import (
	"errors"
	"fmt"
	"os"
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/internal/failpoint"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/xdr"
	xml "virtree.dev/protocol/xml/domain"
	"virtree.dev/protocol/xml/domstatus"
	"virtree.dev/supervisor/act"
	"virtree.dev/supervisor/gen"
)

// machine is the process of one domain.
type machine struct {
	act.Actor
	drv     *Driver
	process *gen.Process
	uuid    xml.UUID
	seed    *domain.Object // a domain that is not published yet

	core          domain.Core
	autostart     bool
	autostartOnce bool
	agentTimeout  int
	config        *xml.Domain       // the definition; nil for a transient domain
	status        *domstatus.Status // of the machine; nil without one

	jobs    domain.Jobs
	shown   jobTable          // jobs, for the observer
	waiting map[uint64]waiter // for a job, by token
	own     uint64            // the token of the process's own job; 0 without one
	untold  bool              // the machine was found and has not said yet how it is

	pid        int
	started    uint64 // when that process was, in the kernel's ticks
	pidfd      *os.File
	monitor    *monitor
	leases     leases
	attached   *gen.From    // waits for the monitor to be ready
	stops      []gen.From   // wait for the machine's end
	attendants []*attendant // processes beside QEMU
	alone      func()       // what is to follow when they have ended; nil while they need not
	given      given        // whether it has its files
	panics     bool         // the guest's kernel gave up; that is told once the processors have stopped
	gone       bool         // the process has ended, its monitor's last words are still to come
	leaving    bool         // the domain is no more

	generation int           // of the monitor's connection
	reopening  time.Duration // before the monitor is tried again
	deaf       bool          // the monitor owes an answer for too long
}

// Init takes up the domain as it is: its object is published, and if there is a
// status file, its machine is looked for. A start of the daemon, a restart of
// this process and a new definition are the same path.
func (m *machine) Init(p *gen.Process) error {
	o := m.drv.registry.ByUUID(m.uuid)
	if o == nil {
		o = m.seed
	}
	m.process, m.waiting = p, map[uint64]waiter{}
	m.jobs.Last = m.drv.lives.Add(1) << 32
	m.jobs.MaxQueued = int(m.drv.config.MaxQueuedJobs)
	m.core = domain.NewCore(o.Persistent)
	m.core.State, m.core.Reason = domain.Shutoff, o.Reason
	m.autostart, m.autostartOnce = o.Autostart, o.AutostartOnce
	m.agentTimeout = domstatus.AgentBlocks
	if o.Persistent {
		m.config = o.Config()
		m.adoptActions(m.config)
	}
	m.takeUp(p, o)
	return nil
}

// takeUp looks for the domain's machine. What a former life of this process published
// stands in for a status file that cannot be read.
func (m *machine) takeUp(p *gen.Process, o *domain.Object) {
	status, err := m.drv.loadStatus(o.Name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		m.drv.log.Error(fmt.Sprintf("cannot read the status of domain '%s': %v", o.Name, err))
		status = o.Status
	}
	switch {
	case status != nil:
		m.reconnect(p, status)
	case o.Persistent: // one that is new is published when it has become something
		m.publish()
	}
}

// adoptActions takes what the document wants done at the ends of a machine.
func (m *machine) adoptActions(d *xml.Domain) {
	m.core.OnPoweroff, m.core.OnReboot, m.core.OnCrash = d.OnPoweroff, d.OnReboot, d.OnCrash
}

// document is what the domain is now: the machine's document, or the definition.
func (m *machine) document() *xml.Domain {
	if m.status != nil {
		return m.status.Domain
	}
	return m.config
}

// object makes what is published.
func (m *machine) object() *domain.Object {
	def := m.document()
	o := &domain.Object{
		UUID: m.uuid, Name: def.Name, ID: m.core.ID,
		State: m.core.State, Reason: m.core.Reason,
		Persistent: m.core.Persistent, Autostart: m.autostart, AutostartOnce: m.autostartOnce,
		Def: def, Job: m.jobs.Current(), PID: m.pid, Deaf: m.deaf,
		ManagedSave: exists(m.drv.files.managedSave(def.Name)),
	}
	if m.status == nil {
		return o
	}
	o.Status = m.status
	o.Next = m.config
	return o
}

// publish makes the domain's present state what everybody sees.
func (m *machine) publish() *domain.Object {
	o := m.object()
	m.drv.registry.Put(o)
	return o
}

// step tells the core of something and does what follows.
func (m *machine) step(p *gen.Process, message domain.Message) {
	was := m.core.State
	for _, e := range m.core.Step(message) {
		m.perform(p, e)
	}
	m.freeLeases(p, was)
	if !m.leaving && m.document() != nil {
		m.publish()
	}
	m.settle()
}

// stepAfter is step for what has an event of its own, which comes before the others but
// tells of a state that is there already.
func (m *machine) stepAfter(p *gen.Process, message domain.Message, id int32, msg xdr.Value) {
	was := m.core.State
	effects := m.core.Step(message)
	m.freeLeases(p, was)
	m.publish()
	m.emit(id, msg)
	for _, e := range effects {
		m.perform(p, e)
	}
}

// leave ends the domain: nobody finds it any more, and its process follows. The flags are
// those of virDomainUndefine.
func (m *machine) leave(p *gen.Process, flags uint32) {
	m.leaving = true
	if def := m.document(); def != nil {
		m.drv.removeTPM(def, flags)
	}
	m.drv.registry.Delete(m.uuid)
	_ = gen.Send(p.Named(nameStore), left{UUID: m.uuid})
	_ = gen.Send(p.Self(), goodbye{})
}

func (m *machine) perform(p *gen.Process, effect domain.Effect) {
	switch e := effect.(type) {
	case domain.SaveStatus:
		m.saveStatus()
	case domain.Emit:
		m.publish() // who hears of an event must see its state
		o := m.object()
		if e.ID != 0 {
			o.ID = e.ID
		}
		m.drv.emitLifecycle(o, e)
	case domain.EmitReboot:
		m.drv.emitReboot(m.object())
	case domain.Reboot:
		m.ownJob(domain.JobModify, "qemuProcessFakeReboot", m.rebootNow)
	case domain.Kill:
		m.hit("qemu.shutdown.noted")
		if e.Deaf {
			m.dropMonitor(errMachineGone)
		}
		m.end(p)
	case domain.Clean:
		m.clean(p)
	case domain.Forget:
		m.leave(p, 0)
	}
}

// saveStatus writes the status file; that it cannot be written must not stop the machine.
func (m *machine) saveStatus() {
	if m.status == nil {
		return
	}
	s := *m.status
	s.State, s.Reason = m.core.State.String(), m.core.State.ReasonName(m.core.Reason)
	s.PID, s.FakeReboot, s.Job = m.pid, m.core.FakeReboot, nil
	if m.core.Destroying() {
		s.Job = &domstatus.Job{Type: jobDestroy, Async: "none"}
	}
	m.status = &s
	if err := m.drv.files.saveStatus(&s); err != nil {
		m.drv.log.Error(fmt.Sprintf("cannot save the status of domain '%s': %v", s.Domain.Name, err))
	}
}

// jobDestroy is the job of a status file whose machine is being destroyed.
const jobDestroy = "destroy"

// clean takes away what the machine left; its document goes with it.
func (m *machine) clean(p *gen.Process) {
	m.dropMonitor(errMachineGone)
	if m.pidfd != nil {
		m.pidfd.Close()
		m.pidfd = nil
	}
	if m.status != nil {
		m.hit("qemu.destroy.cleaning")
		m.sayLast(p)
		m.auditStop()
		m.leases.forget()
		m.unplug(p)
		m.drv.release(m.status)
		m.drv.forget(m.status.Domain.ID, m.status.Domain.Name, m.status.LibDir, m.status.ChannelTargetDir)
		m.hit("qemu.destroy.cleaned")
	}
	m.pid, m.gone, m.reopening, m.untold, m.deaf, m.given = 0, false, 0, false, false, notGiven
	if m.config != nil {
		m.status = nil
		m.adoptActions(m.config)
	}
	for _, from := range m.stops {
		from.Reply(struct{}{}, nil)
	}
	m.stops = nil
}

// hit passes a failpoint whose error nobody could take.
func (m *machine) hit(name string) {
	if err := failpoint.Hit(name); err != nil {
		m.drv.log.Error(err.Error())
	}
}

// hold takes hold of the machine's process.
func (m *machine) hold(p *gen.Process, pid int) error {
	f, err := sys.PidfdOpen(pid)
	if err != nil {
		return err
	}
	m.pid, m.pidfd, m.gone, m.started = pid, f, false, 0
	if times, err := m.drv.host.ProcessTimes(pid); err == nil {
		m.started = times.Start
	}
	return p.SpawnMeta("pidfd", &watcher{pid: pid, file: f, to: p.Self()})
}

// Terminate leaves the machine alone: it outlives its process here.
func (m *machine) Terminate(_ *gen.Process, reason error) {
	if m.pidfd != nil {
		m.pidfd.Close()
	}
	for _, c := range m.attendants {
		c.file.Close()
	}
	m.dropMonitor(fmt.Errorf("the domain's process ended: %w", reason))
}

// HandleInspect shows the domain to the observer.
func (m *machine) HandleInspect(*gen.Process) map[string]string {
	page := map[string]string{
		"state":   m.core.State.String() + " (" + m.core.State.ReasonName(m.core.Reason) + ")",
		"id":      fmt.Sprint(m.core.ID),
		"pid":     fmt.Sprint(m.pid),
		"waiting": fmt.Sprint(m.jobs.Waiting()),
	}
	if d := m.document(); d != nil {
		page["name"] = d.Name
	}
	if j := m.jobs.Current(); j.Kind != domain.NoJob {
		page["job"] = fmt.Sprintf("%s by %s since %s", j.API, j.Client, j.Since.Format(time.TimeOnly))
	}
	if m.monitor != nil {
		page["monitor"] = fmt.Sprintf("%d commands without a reply", m.monitor.client.Pending())
	}
	return page
}

// watcher waits for the end of a machine's process.
type watcher struct {
	pid  int
	file *os.File
	to   gen.Ref
}

func (w *watcher) Start(p *gen.Process) error {
	if err := sys.PidfdWait(w.file); errors.Is(err, os.ErrClosed) {
		return nil // nobody is interested any more
	} else if err != nil {
		return err
	}
	sys.Reap(w.pid)
	return gen.SendWait(p, w.to, processGone{PID: w.pid})
}

func (w *watcher) Stop(error) { w.file.Close() }
