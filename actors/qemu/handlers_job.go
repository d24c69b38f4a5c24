package qemu

import (
	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
)

// Jobs that a client can watch and abort (migration, save, dump): none are built
// yet, so that there never is one.
func (d *Driver) jobHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetJobInfo, dispatch.Inline, d.getJobInfo)
	dispatch.Handle(t, remote.ProcDomainGetJobStats, dispatch.Inline, d.getJobStats)
	dispatch.Handle(t, remote.ProcDomainAbortJob, dispatch.Worker, d.abortJob)
	dispatch.Handle(t, remote.ProcDomainAbortJobFlags, dispatch.Worker, d.abortJobFlags)
}

func (d *Driver) getJobInfo(_ *dispatch.Call, a *remote.DomainGetJobInfoArgs) (*remote.DomainGetJobInfoRet, error) {
	if _, err := d.running(a.Dom); err != nil {
		return nil, err
	}
	return &remote.DomainGetJobInfoRet{Type: virtype.DomainJobNone}, nil
}

func (d *Driver) getJobStats(c *dispatch.Call, a *remote.DomainGetJobStatsArgs) (*remote.DomainGetJobStatsRet, error) {
	const known = virtype.DomainJobStatsCompleted | virtype.DomainJobStatsKeepCompleted
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	if a.Flags&virtype.DomainJobStatsCompleted == 0 && !o.Active() {
		return nil, errNotRunning()
	}
	return &remote.DomainGetJobStatsRet{Type: virtype.DomainJobNone}, nil
}

func (d *Driver) abortJob(c *dispatch.Call, a *remote.DomainAbortJobArgs) (*dispatch.Void, error) {
	return nil, d.abort(c, a.Dom, 0)
}

func (d *Driver) abortJobFlags(c *dispatch.Call, a *remote.DomainAbortJobFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, virtype.DomainAbortJobPostcopy); err != nil {
		return nil, err
	}
	return nil, d.abort(c, a.Dom, a.Flags)
}

func (d *Driver) abort(c *dispatch.Call, dom remote.NonnullDomain, flags uint32) error {
	return d.active(c, dom, domain.JobModify, func(handle) error {
		if flags&virtype.DomainAbortJobPostcopy != 0 {
			return errInvalid("current job is not outgoing migration in post-copy mode")
		}
		return errInvalid("no job is active on the domain")
	})
}
