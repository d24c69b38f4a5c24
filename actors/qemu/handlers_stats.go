package qemu

import (
	"context"
	"slices"
	"time"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/supervisor/gen"
)

func (d *Driver) statsHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcConnectGetAllDomainStats, dispatch.Worker, d.allStats)
	dispatch.Handle(t, remote.ProcDomainGetCPUStats, dispatch.Worker, d.cpuStats)
}

// statsListFlags are the flags of a list that choose domains for statistics.
const statsListFlags = domain.ListActive | domain.ListInactive | domain.ListPersistent | domain.ListTransient |
	domain.ListRunning | domain.ListPaused | domain.ListShutoff | domain.ListOther

func (d *Driver) allStats(c *dispatch.Call, a *remote.ConnectGetAllDomainStatsArgs) (*remote.ConnectGetAllDomainStatsRet, error) {
	const own = virtype.ConnectGetAllDomainsStatsNowait | virtype.ConnectGetAllDomainsStatsBacking |
		virtype.ConnectGetAllDomainsStatsEnforceStats
	if err := checkFlags(c, a.Flags, statsListFlags|own); err != nil {
		return nil, err
	}
	list := visible(c, d.statsDomains(a))
	r := &remote.ConnectGetAllDomainStatsRet{}
	err := c.Wait(func() error {
		for _, o := range list {
			groups, err := statsWanted(a)
			if err != nil {
				return err
			}
			params := d.statsOf(c, o, groups, a.Flags)
			r.RetStats = append(r.RetStats, remote.DomainStatsRecord{Dom: wire(o), Params: params})
		}
		return nil
	})
	return r, err
}

// statsWanted are the groups that a client asks for, as far as they are known.
func statsWanted(a *remote.ConnectGetAllDomainStatsArgs) (uint32, error) {
	groups := allStats()
	if a.Stats == 0 {
		return groups, nil
	}
	if unknown := a.Stats &^ groups; unknown != 0 && a.Flags&virtype.ConnectGetAllDomainsStatsEnforceStats != 0 {
		return 0, errUnsupportedArgument("Stats types bits 0x%x are not supported by this daemon or QEMU", unknown)
	}
	return groups & a.Stats, nil
}

// statsDomains gives the domains that are meant: those named, or all that match.
func (d *Driver) statsDomains(a *remote.ConnectGetAllDomainStatsArgs) []*domain.Object {
	flags := a.Flags & statsListFlags
	if len(a.Doms) == 0 {
		return d.registry.Select(flags)
	}
	var list []*domain.Object
	for _, dom := range a.Doms {
		// Those that have gone since the client saw them are left out.
		if o := d.registry.ByUUID(domain.UUID(dom.UUID)); o != nil && o.Match(flags) {
			list = append(list, o)
		}
	}
	return list
}

// statsPatience is how long statistics wait for a domain's turn, and for its monitor.
const statsPatience = time.Second

// statsOf reads one domain. One that is held for long, or whose monitor does not answer, gives
// what can be had without: who reads of many must not wait for one.
func (d *Driver) statsOf(c *dispatch.Call, o *domain.Object, groups, flags uint32) []remote.TypedParam {
	read := func(ctx context.Context, h handle, job bool) []remote.TypedParam {
		s := &statsReader{
			drv: d, ctx: ctx, h: h, job: job,
			backing: flags&virtype.ConnectGetAllDomainsStatsBacking != 0,
		}
		return s.read(groups)
	}
	h, patience := d.handle(o), statsPatience
	held := o.Job.Kind != domain.NoJob
	if held {
		patience -= time.Since(o.Job.Since)
	}
	nowait := flags&virtype.ConnectGetAllDomainsStatsNowait != 0
	if !o.Active() || !needsMonitor(groups) || held && nowait || patience <= 0 || d.deaf(o) {
		return read(c, h, false)
	}
	var params []remote.TypedParam
	job := domain.Job{Kind: domain.JobQuery, API: dispatcherName(c.Proc.API), Client: c.Session.String()}
	err := d.holdWithin(context.WithoutCancel(c), h, job, patience, func(h handle) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c), statsPatience)
		defer cancel()
		params = read(ctx, h, true)
		if ctx.Err() != nil {
			_ = gen.Send(h.ref, unanswered{})
		}
		return nil
	})
	if err != nil {
		return read(c, h, false)
	}
	return params
}

// deaf says whether a machine is known not to answer now.
func (d *Driver) deaf(o *domain.Object) bool {
	if o.Deaf {
		return true
	}
	times, err := d.host.ProcessTimes(o.PID)
	return err == nil && (times.State == 'T' || times.State == 't')
}

// totalCPU asks for the sum of all host processors.
const totalCPU = -1

// cpuStats knows the sum from the process itself; what each host processor gave is a
// matter of control groups, which are not set up.
func (d *Driver) cpuStats(c *dispatch.Call, a *remote.DomainGetCPUStatsArgs) (*remote.DomainGetCPUStatsRet, error) {
	if err := checkFlags(c, a.Flags, virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	o, err := d.running(a.Dom)
	if err != nil {
		return nil, err
	}
	if a.StartCPU != totalCPU || !d.dirs.Privileged {
		return nil, errInvalid("cgroup CPUACCT controller is not mounted")
	}
	const count = 3
	if a.Nparams == 0 {
		return &remote.DomainGetCPUStatsRet{Nparams: count}, nil
	}
	times, err := d.host.ProcessTimes(o.PID)
	if err != nil {
		return nil, virerr.New(virerr.FromQEMU, virerr.OperationFailed, "cannot read cputime for domain")
	}
	var params virtype.Params
	params.Ullong("cpu_time", uint64(times.CPU()))
	params.Ullong("user_time", uint64(times.User))
	params.Ullong("system_time", uint64(times.System))
	params = slices.Clip(params[:min(count, int(a.Nparams))])
	return &remote.DomainGetCPUStatsRet{Params: params, Nparams: int32(len(params))}, nil
}
