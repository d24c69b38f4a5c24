package qemu

import (
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xml/cpuset"
	xml "virtree.dev/protocol/xml/domain"
)

// Tuning of the definition. What runs would be tuned through control groups, which
// are not set up: for a machine that is the answer, as on a host without them.
func (d *Driver) tuneHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetSchedulerType, dispatch.Inline, d.schedulerType)
	dispatch.Handle(t, remote.ProcDomainGetSchedulerParameters, dispatch.Inline, d.schedulerParameters)
	dispatch.Handle(t, remote.ProcDomainGetSchedulerParametersFlags, dispatch.Inline, d.schedulerParametersFlags)
	dispatch.Handle(t, remote.ProcDomainSetSchedulerParameters, dispatch.Worker, d.setScheduler)
	dispatch.Handle(t, remote.ProcDomainSetSchedulerParametersFlags, dispatch.Worker, d.setSchedulerFlags)
	dispatch.Handle(t, remote.ProcDomainGetMemoryParameters, dispatch.Inline, d.memoryParameters)
	dispatch.Handle(t, remote.ProcDomainSetMemoryParameters, dispatch.Worker, d.setMemoryParameters)
	dispatch.Handle(t, remote.ProcDomainGetBlkioParameters, dispatch.Inline, d.blkioParameters)
	dispatch.Handle(t, remote.ProcDomainSetBlkioParameters, dispatch.Worker, d.setBlkioParameters)
	dispatch.Handle(t, remote.ProcDomainGetNUMAParameters, dispatch.Inline, d.numaParameters)
	dispatch.Handle(t, remote.ProcDomainSetNUMAParameters, dispatch.Worker, d.setNUMAParameters)
}

// noGroup is what a running domain's tuning answers.
func noGroup(text string) func(handle, *xml.Domain) error {
	return func(handle, *xml.Domain) error { return errInvalid("%s", text) }
}

const (
	noCPUGroup    = "cgroup CPU controller is not mounted"
	noMemoryGroup = "cgroup memory controller is not mounted"
	noBlkioGroup  = "blkio cgroup isn't mounted"
	noCPUSetGroup = "cgroup cpuset controller is not mounted"
)

// Tuning in general, refused in session mode with the code that libvirt has for each kind.
func (d *Driver) mayTune(dom remote.NonnullDomain, what string, code virerr.Code) error {
	if _, err := d.find(dom); err != nil || d.dirs.Privileged {
		return err
	}
	return virerr.New(virerr.FromQEMU, code, "%s is not available in session mode", what)
}

// readTuning gives the definition that a query reads.
func (d *Driver) readTuning(dom remote.NonnullDomain, flags uint32, none string) (*xml.Domain, error) {
	o, err := d.find(dom)
	if err != nil {
		return nil, err
	}
	live, _, err := affect(flags).resolve(o)
	if err != nil {
		return nil, err
	}
	if live {
		return nil, errInvalid("%s", none)
	}
	return o.Config(), nil
}

// room cuts parameters to what the client has room for.
func room(p virtype.Params, n int32) virtype.Params { return p[:min(len(p), max(int(n), 0))] }

const schedulerCount = 9

func (d *Driver) schedulerType(_ *dispatch.Call, a *remote.DomainGetSchedulerTypeArgs) (*remote.DomainGetSchedulerTypeRet, error) {
	o, err := d.find(a.Dom)
	if err == nil {
		err = d.mayTune(a.Dom, "CPU tuning", virerr.OperationUnsupported)
	}
	if err == nil && o.Active() {
		err = errInvalid("%s", noCPUGroup)
	}
	return &remote.DomainGetSchedulerTypeRet{Type: "posix", Nparams: schedulerCount}, err
}

// schedule is a parameter of the scheduler: where the document has it, and its range.
type schedule struct {
	name  string
	value func(t *xml.CPUTune) (*uint64, *int64)
	min   int64
	max   int64
}

const (
	minPeriod = 1000
	maxPeriod = 1000000
	minQuota  = 1000
	maxQuota  = 17592186044415
	minShares = 2
	maxShares = 262144
)

func period(name string, field func(t *xml.CPUTune) *uint64) schedule {
	return schedule{name, func(t *xml.CPUTune) (*uint64, *int64) { return field(t), nil }, minPeriod, maxPeriod}
}

func quota(name string, field func(t *xml.CPUTune) *int64) schedule {
	return schedule{name, func(t *xml.CPUTune) (*uint64, *int64) { return nil, field(t) }, minQuota, maxQuota}
}

// schedules are the parameters in the order of the answer, but for cpu_shares, which comes first.
var schedules = []schedule{
	period("vcpu_period", func(t *xml.CPUTune) *uint64 { return &t.Period }),
	quota("vcpu_quota", func(t *xml.CPUTune) *int64 { return &t.Quota }),
	period("emulator_period", func(t *xml.CPUTune) *uint64 { return &t.EmulatorPeriod }),
	quota("emulator_quota", func(t *xml.CPUTune) *int64 { return &t.EmulatorQuota }),
	period("global_period", func(t *xml.CPUTune) *uint64 { return &t.GlobalPeriod }),
	quota("global_quota", func(t *xml.CPUTune) *int64 { return &t.GlobalQuota }),
	period("iothread_period", func(t *xml.CPUTune) *uint64 { return &t.IOThreadPeriod }),
	quota("iothread_quota", func(t *xml.CPUTune) *int64 { return &t.IOThreadQuota }),
}

// cpuShares is the parameter that may be absent from a document.
const cpuShares = "cpu_shares"

func (d *Driver) schedulerParameters(c *dispatch.Call, a *remote.DomainGetSchedulerParametersArgs) (*remote.DomainGetSchedulerParametersRet, error) {
	params, err := d.readScheduler(a.Dom, a.Nparams, 0)
	return &remote.DomainGetSchedulerParametersRet{Params: params}, err
}

func (d *Driver) schedulerParametersFlags(c *dispatch.Call, a *remote.DomainGetSchedulerParametersFlagsArgs) (*remote.DomainGetSchedulerParametersFlagsRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	params, err := d.readScheduler(a.Dom, a.Nparams, a.Flags)
	return &remote.DomainGetSchedulerParametersFlagsRet{Params: params}, err
}

func (d *Driver) readScheduler(dom remote.NonnullDomain, n int32, flags uint32) (virtype.Params, error) {
	if err := d.mayTune(dom, "CPU tuning", virerr.OperationUnsupported); err != nil {
		return nil, err
	}
	def, err := d.readTuning(dom, flags, noCPUGroup)
	if err != nil {
		return nil, err
	}
	var params virtype.Params
	shares := uint64(0)
	if def.CPUTune.Shares != nil {
		shares = *def.CPUTune.Shares
	}
	params.Ullong(cpuShares, shares)
	for _, s := range schedules {
		if u, i := s.value(&def.CPUTune); u != nil {
			params.Ullong(s.name, *u)
		} else {
			params.Llong(s.name, *i)
		}
	}
	return room(params, n), nil
}

func (d *Driver) setScheduler(c *dispatch.Call, a *remote.DomainSetSchedulerParametersArgs) (*dispatch.Void, error) {
	return nil, d.changeScheduler(c, a.Dom, a.Params, 0)
}

func (d *Driver) setSchedulerFlags(c *dispatch.Call, a *remote.DomainSetSchedulerParametersFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	return nil, d.changeScheduler(c, a.Dom, a.Params, a.Flags)
}

func schedulerTypes() virtype.Allowed {
	types := map[string]int32{cpuShares: virtype.TypedParamUllong}
	for _, s := range schedules {
		types[s.name] = virtype.TypedParamUllong
		if u, _ := s.value(&xml.CPUTune{}); u == nil {
			types[s.name] = virtype.TypedParamLlong
		}
	}
	return virtype.Allowed{Types: types}
}

func (d *Driver) changeScheduler(c *dispatch.Call, dom remote.NonnullDomain, params []remote.TypedParam, flags uint32) error {
	if err := schedulerTypes().Check(params); err != nil {
		return err
	}
	if err := d.mayTune(dom, "CPU tuning", virerr.ConfigUnsupported); err != nil {
		return err
	}
	return d.edit(c, dom, flags, change{
		live: noGroup(noCPUGroup),
		config: func(def *xml.Domain) error {
			for i := range params {
				if err := setSchedule(&def.CPUTune, &params[i]); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func setSchedule(t *xml.CPUTune, p *remote.TypedParam) error {
	if p.Field == cpuShares {
		shares := p.Value.Ul
		t.Shares = &shares
		return inRange(p.Field, int64(shares), minShares, maxShares)
	}
	i := slices.IndexFunc(schedules, func(s schedule) bool { return s.name == p.Field })
	s := schedules[i]
	u, l := s.value(t)
	if u != nil {
		*u = p.Value.Ul
		return inRange(p.Field, int64(*u), s.min, s.max)
	}
	*l = p.Value.L
	return inRange(p.Field, *l, s.min, s.max)
}

// inRange refuses values outside of a range; 0 and less mean that there is no limit.
func inRange(name string, v, low, high int64) error {
	if v > 0 && v < low || v > high {
		return errInvalidArg("value of '%s' is out of range [%d, %d]", name, low, high)
	}
	return nil
}

// memoryLimits are the parameters of memory, in the order of the answer.
var memoryLimits = []struct {
	name  string
	field func(t *xml.MemTune) *uint64
}{
	{"hard_limit", func(t *xml.MemTune) *uint64 { return &t.HardLimit }},
	{"soft_limit", func(t *xml.MemTune) *uint64 { return &t.SoftLimit }},
	{"swap_hard_limit", func(t *xml.MemTune) *uint64 { return &t.SwapHardLimit }},
}

func (d *Driver) memoryParameters(c *dispatch.Call, a *remote.DomainGetMemoryParametersArgs) (*remote.DomainGetMemoryParametersRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	if err := d.mayTune(a.Dom, "Memory tuning", virerr.OperationUnsupported); err != nil {
		return nil, err
	}
	if a.Nparams == 0 {
		return &remote.DomainGetMemoryParametersRet{Nparams: int32(len(memoryLimits))}, nil
	}
	def, err := d.readTuning(a.Dom, a.Flags, noMemoryGroup)
	if err != nil {
		return nil, err
	}
	var params virtype.Params
	for _, l := range memoryLimits {
		params.Ullong(l.name, *l.field(&def.MemTune))
	}
	params = room(params, a.Nparams)
	return &remote.DomainGetMemoryParametersRet{Params: params, Nparams: int32(len(params))}, nil
}

func (d *Driver) setMemoryParameters(c *dispatch.Call, a *remote.DomainSetMemoryParametersArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	allowed := virtype.Allowed{Types: map[string]int32{}}
	for _, l := range memoryLimits {
		allowed.Types[l.name] = virtype.TypedParamUllong
	}
	if err := allowed.Check(a.Params); err != nil {
		return nil, err
	}
	if err := d.mayTune(a.Dom, "Memory tuning", virerr.OperationUnsupported); err != nil {
		return nil, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		live: noGroup(noMemoryGroup),
		config: func(def *xml.Domain) error {
			for i := range a.Params {
				for _, l := range memoryLimits {
					if l.name == a.Params[i].Field {
						*l.field(&def.MemTune) = min(a.Params[i].Value.Ul, xml.Unlimited)
					}
				}
			}
			return checkSwap(&def.MemTune)
		},
	})
}

// checkSwap refuses a limit of memory and swap that is below that of memory alone.
func checkSwap(t *xml.MemTune) error {
	if t.SwapHardLimit != 0 && t.HardLimit > t.SwapHardLimit {
		return errInvalidArg("memory hard_limit tunable value must be lower than or equal to swap_hard_limit")
	}
	return nil
}

// numaModes are the modes of numatune in the API's numbers.
var numaModes = []string{"strict", "preferred", "interleave", "restrictive"}

func (d *Driver) numaParameters(c *dispatch.Call, a *remote.DomainGetNUMAParametersArgs) (*remote.DomainGetNUMAParametersRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affect(a.Flags &^ virtype.TypedParamStringOkay).one(o)
	if err != nil {
		return nil, err
	}
	const count = 2
	if a.Nparams == 0 {
		return &remote.DomainGetNUMAParametersRet{Nparams: count}, nil
	}
	mode, nodes := 0, ""
	if m := def.NumaTune.Memory; m != nil {
		mode = max(slices.Index(numaModes, m.Mode), 0)
		if m.Nodes != nil {
			nodes = m.Nodes.String()
		}
	}
	var params virtype.Params
	params.Int("numa_mode", int32(mode))
	params.String("numa_nodeset", nodes)
	params = room(params, a.Nparams)
	return &remote.DomainGetNUMAParametersRet{Params: params, Nparams: int32(len(params))}, nil
}

func (d *Driver) setNUMAParameters(c *dispatch.Call, a *remote.DomainSetNUMAParametersArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	allowed := virtype.Allowed{Types: map[string]int32{
		"numa_mode": virtype.TypedParamInt, "numa_nodeset": virtype.TypedParamString,
	}}
	if err := allowed.Check(a.Params); err != nil {
		return nil, err
	}
	mode, nodes, err := readNUMA(a.Params)
	if err != nil {
		return nil, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		live: func(handle, *xml.Domain) error {
			if err := d.mayTune(a.Dom, "NUMA tuning", virerr.OperationUnsupported); err != nil {
				return err
			}
			return errInvalid("%s", noCPUSetGroup)
		},
		config: func(def *xml.Domain) error {
			memory := xml.NumaMemory{Mode: numaModes[0], Placement: "static"}
			if def.NumaTune.Memory != nil {
				memory = *def.NumaTune.Memory
			}
			if mode != "" {
				memory.Mode = mode
			}
			if nodes != nil {
				memory.Nodes, memory.Placement = nodes, "static"
			}
			def.NumaTune.Memory = &memory
			return nil
		},
	})
}

func readNUMA(params []remote.TypedParam) (mode string, nodes *cpuset.Set, err error) {
	for i := range params {
		v := &params[i].Value
		if params[i].Field == "numa_mode" {
			if v.I < 0 || int(v.I) >= len(numaModes) {
				return "", nil, errInvalidArg("unsupported numatune mode: '%d'", v.I)
			}
			mode = numaModes[v.I]
			continue
		}
		if nodes, err = cpuset.Parse(v.S); err != nil {
			return "", nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "%s", err)
		}
		if nodes.Empty() {
			return "", nil, errInvalid("Invalid nodeset of 'numatune': %s", v.S)
		}
	}
	return mode, nodes, nil
}
