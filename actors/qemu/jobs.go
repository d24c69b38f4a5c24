package qemu

import (
	"time"

	"virtree.dev/actors/domain"
	"virtree.dev/supervisor/gen"
)

// waiter is who waits for a job.
type waiter struct {
	granted func()
	refused func(error) // nil for who has all the time in the world
}

// beginJob gives the domain to a worker, or lets it wait.
func (m *machine) beginJob(p *gen.Process, from gen.From, req begin) (any, error) {
	m.hit("qemu.job.begin")
	req.Job.Since = time.Now()
	token, granted, err := m.jobs.Ask(req.Job)
	m.listJobs()
	if err != nil {
		m.refuseJob(req.Job)
		return nil, err
	}
	if granted {
		m.showJob()
		return token, nil
	}
	m.waiting[token] = waiter{
		granted: func() { from.Reply(token, nil) },
		refused: func(err error) {
			m.refuseJob(req.Job)
			from.Reply(nil, err)
		},
	}
	p.SendAfter(req.Patience, lostPatience{Token: token})
	return nil, gen.ErrLater
}

// refuseJob tells the log who did not get the domain, and who has it for how long.
func (m *machine) refuseJob(job domain.Job) {
	if d := m.document(); d != nil {
		m.drv.log.Warn(m.jobs.Refusal(job, d.Name, time.Now()))
	}
}

func (m *machine) endJob(token uint64) {
	next, ok := m.jobs.Done(token, time.Now())
	m.listJobs()
	if w, waits := m.waiting[next]; ok && waits {
		delete(m.waiting, next)
		w.granted()
	}
	m.showJob()
}

// showJob publishes a change of the job's holder.
func (m *machine) showJob() {
	if !m.leaving && m.drv.registry.ByUUID(m.uuid) != nil {
		m.publish()
	}
}

func (m *machine) expire(token uint64) {
	w, waits := m.waiting[token]
	if !waits {
		return
	}
	if busy := m.jobs.Expire(token); busy != nil {
		delete(m.waiting, token)
		m.listJobs()
		w.refused(busy)
	}
}

// ownJob takes the domain for the process itself: others wait until the machine is settled.
// What it is for begins at once where the process has the job already.
func (m *machine) ownJob(kind domain.JobKind, name string, then func()) {
	if m.own != 0 {
		then()
		return
	}
	token, granted, err := m.jobs.Ask(domain.Job{Kind: kind, API: name, Since: time.Now()})
	m.listJobs()
	begin := func() {
		m.own = token
		then()
		m.settle()
	}
	switch {
	case err != nil: // too many wait: it does not
		then()
	case granted:
		begin()
	default:
		m.waiting[token] = waiter{granted: begin}
	}
}

// settle gives the process's own job back when the machine is in no state of passage any more.
func (m *machine) settle() {
	if m.own == 0 || m.untold || m.core.Active() && m.core.Passing() {
		return
	}
	token := m.own
	m.own = 0
	m.endJob(token)
}
