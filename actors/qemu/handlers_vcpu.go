package qemu

import (
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/internal/sys"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	"virtree.dev/protocol/xml/cpuset"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) vcpuHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetMaxVcpus, dispatch.Inline, d.getMaxVCPUs)
	dispatch.Handle(t, remote.ProcDomainGetVcpusFlags, dispatch.Inline, d.getVCPUs)
	dispatch.Handle(t, remote.ProcDomainSetVcpus, dispatch.Worker, d.setVCPUs)
	dispatch.Handle(t, remote.ProcDomainSetVcpusFlags, dispatch.Worker, d.setVCPUsFlags)
	dispatch.Handle(t, remote.ProcDomainGetVcpus, dispatch.Inline, d.vcpuInfo)
	dispatch.Handle(t, remote.ProcDomainPinVCPU, dispatch.Worker, d.pinVCPU)
	dispatch.Handle(t, remote.ProcDomainPinVCPUFlags, dispatch.Worker, d.pinVCPUFlags)
	dispatch.Handle(t, remote.ProcDomainGetVCPUPinInfo, dispatch.Inline, d.vcpuPins)
	dispatch.Handle(t, remote.ProcDomainPinEmulator, dispatch.Worker, d.pinEmulator)
	dispatch.Handle(t, remote.ProcDomainGetEmulatorPinInfo, dispatch.Inline, d.emulatorPin)
}

func (d *Driver) getMaxVCPUs(_ *dispatch.Call, a *remote.DomainGetMaxVcpusArgs) (*remote.DomainGetMaxVcpusRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affectLive.one(o)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetMaxVcpusRet{Num: int32(def.VCPU.Max())}, nil
}

func (d *Driver) getVCPUs(c *dispatch.Call, a *remote.DomainGetVcpusFlagsArgs) (*remote.DomainGetVcpusFlagsRet, error) {
	const known = uint32(affectMask) | virtype.DomainVCPUMaximum | virtype.DomainVCPUGuest
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affect(a.Flags).one(o)
	switch {
	case err != nil:
		return nil, err
	case a.Flags&virtype.DomainVCPUGuest != 0 && !o.Active():
		return nil, errInvalidArg("vCPU count provided by the guest agent can only be requested for live domains")
	case a.Flags&virtype.DomainVCPUGuest != 0:
		return nil, d.noAgent(c, a.Dom, false)
	case a.Flags&virtype.DomainVCPUMaximum != 0:
		return &remote.DomainGetVcpusFlagsRet{Num: int32(def.VCPU.Max())}, nil
	}
	return &remote.DomainGetVcpusFlagsRet{Num: int32(def.VCPU.Online())}, nil
}

func (d *Driver) setVCPUs(c *dispatch.Call, a *remote.DomainSetVcpusArgs) (*dispatch.Void, error) {
	return nil, d.changeVCPUs(c, a.Dom, int(a.Nvcpus), uint32(affectLive))
}

func (d *Driver) setVCPUsFlags(c *dispatch.Call, a *remote.DomainSetVcpusFlagsArgs) (*dispatch.Void, error) {
	const known = uint32(affectMask) | virtype.DomainVCPUMaximum | virtype.DomainVCPUGuest | virtype.DomainVCPUHotpluggable
	if err := checkFlags(c, a.Flags, known); err != nil {
		return nil, err
	}
	if a.Flags&virtype.DomainVCPUGuest != 0 {
		return nil, d.noAgent(c, a.Dom, false)
	}
	return nil, d.changeVCPUs(c, a.Dom, int(a.Nvcpus), a.Flags)
}

func (d *Driver) changeVCPUs(c *dispatch.Call, dom remote.NonnullDomain, n int, flags uint32) error {
	maximum := flags&virtype.DomainVCPUMaximum != 0
	return d.edit(c, dom, flags, change{
		config: func(def *xml.Domain) error {
			def.VCPU.List = slices.Clone(def.VCPU.List)
			if maximum {
				return setMaxVCPUs(def, n)
			}
			if n > def.VCPU.Max() {
				return errInvalidArg("requested vcpus is greater than max allowable vcpus for the persistent domain: %d > %d",
					n, def.VCPU.Max())
			}
			def.VCPU.Set(def.VCPU.Max(), n)
			return nil
		},
		live: func(_ handle, def *xml.Domain) error {
			switch {
			case maximum:
				return errUnsupportedOperation("maximum vcpu count of a live domain can't be modified")
			case n > def.VCPU.Max():
				return errInvalidArg("requested vcpus is greater than max allowable vcpus for the live domain: %d > %d",
					n, def.VCPU.Max())
			case n == def.VCPU.Online():
				return nil
			}
			return dispatch.Unsupported(c.Proc) // hotplug
		},
	})
}

func setMaxVCPUs(def *xml.Domain, n int) error {
	cells := 0
	for _, cell := range def.Numa.Cells {
		cells += cell.CPUs.Count()
	}
	if cells > n {
		return errInvalidArg("Number of CPUs in <numa> exceeds the desired maximum vcpu count")
	}
	if def.CPU != nil && def.CPU.Topology != nil && int(def.CPU.Topology.Total()) != n {
		return errInvalidArg("CPU topology doesn't match the desired vcpu count")
	}
	for i := range def.VCPU.List {
		def.VCPU.List[i].Order = 0
	}
	def.VCPU.Set(n, min(def.VCPU.Online(), n))
	return nil
}

// vcpuThreads are the threads of the virtual processors that are plugged in, by number.
func vcpuThreads(o *domain.Object) map[int]int {
	threads := map[int]int{}
	if o.Status != nil {
		for _, v := range o.Status.VCPUs {
			threads[int(v.ID)] = v.PID
		}
	}
	return threads
}

func (d *Driver) vcpuInfo(_ *dispatch.Call, a *remote.DomainGetVcpusArgs) (*remote.DomainGetVcpusRet, error) {
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	if !o.Active() {
		return nil, errInvalid("cannot retrieve vcpu information for inactive domain")
	}
	threads := vcpuThreads(o)
	r := &remote.DomainGetVcpusRet{}
	for i := range o.Def.VCPU.List {
		if !o.Def.VCPU.List[i].Online || len(r.Info) >= int(a.Maxinfo) {
			continue
		}
		times, err := d.host.ThreadTimes(o.PID, threads[i])
		if err != nil {
			return nil, errInternal("cannot get vCPU placement & pCPU time")
		}
		r.Info = append(r.Info, remote.VCPUInfo{
			Number: uint32(i), State: virtype.VCPURunning,
			CPUTime: uint64(times.CPU()), CPU: int32(times.Processor),
		})
		if a.Maplen > 0 {
			cpus, err := sys.Affinity(threads[i])
			if err != nil {
				return nil, errSystem(err, "cannot get CPU affinity of process %d", threads[i])
			}
			r.Cpumaps = append(r.Cpumaps, cpuMap(cpus, int(a.Maplen))...)
		}
	}
	return r, nil
}

func (d *Driver) pinVCPU(c *dispatch.Call, a *remote.DomainPinVCPUArgs) (*dispatch.Void, error) {
	return nil, d.pinProcessor(c, a.Dom, int(a.VCPU), a.Cpumap, uint32(affectLive))
}

func (d *Driver) pinVCPUFlags(c *dispatch.Call, a *remote.DomainPinVCPUFlagsArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	return nil, d.pinProcessor(c, a.Dom, int(a.VCPU), a.Cpumap, a.Flags)
}

func (d *Driver) pinProcessor(c *dispatch.Call, dom remote.NonnullDomain, n int, bits []byte, flags uint32) error {
	pin, err := pinSet(bits)
	if err != nil {
		return err
	}
	set := func(def *xml.Domain) {
		def.VCPU.List = slices.Clone(def.VCPU.List)
		def.VCPU.List[n].Pin = pin
	}
	return d.edit(c, dom, flags, change{
		config: func(def *xml.Domain) error {
			if n >= def.VCPU.Max() {
				return errInvalidArg("vcpu %d is out of range of persistent cpu count %d", n, def.VCPU.Max())
			}
			set(def)
			return nil
		},
		live: func(h handle, def *xml.Domain) error {
			thread := vcpuThreads(h.object)[n]
			if n >= def.VCPU.Max() || thread == 0 {
				return errInvalidArg("vcpu %d is out of range of live cpu count %d", n, def.VCPU.Max())
			}
			set(def)
			return pinThread(thread, pin)
		},
	})
}

// pinSet reads a map of host processors.
func pinSet(bits []byte) (*cpuset.Set, error) {
	set := &cpuset.Set{}
	for i := range len(bits) * 8 {
		if bits[i/8]&(1<<(i%8)) != 0 {
			set.Add(i)
		}
	}
	if set.Empty() {
		return nil, errInvalidArg("Empty cpu list for pinning")
	}
	return set, nil
}

func pinThread(tid int, pin *cpuset.Set) error {
	if err := sys.SetAffinity(tid, pin.Members()); err != nil {
		return errSystem(err, "cannot set CPU affinity on process %d", tid)
	}
	return nil
}

func (d *Driver) vcpuPins(c *dispatch.Call, a *remote.DomainGetVCPUPinInfoArgs) (*remote.DomainGetVCPUPinInfoRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affect(a.Flags).one(o)
	if err != nil {
		return nil, err
	}
	r := &remote.DomainGetVCPUPinInfoRet{}
	for i := range min(def.VCPU.Max(), max(int(a.Ncpumaps), 0)) {
		cpus, err := d.pinned(def.VCPU.List[i].Pin, def)
		if err != nil {
			return nil, err
		}
		r.Cpumaps = append(r.Cpumaps, cpuMap(cpus, int(a.Maplen))...)
		r.Num++
	}
	return r, nil
}

// pinned gives the processors of a pinning; where there is none, those of the whole domain, or of the host.
func (d *Driver) pinned(pin *cpuset.Set, def *xml.Domain) ([]int, error) {
	switch {
	case pin != nil:
		return pin.Members(), nil
	case def.VCPU.CPUSet != nil:
		return def.VCPU.CPUSet.Members(), nil
	}
	return d.host.OnlineCPUs()
}

func (d *Driver) pinEmulator(c *dispatch.Call, a *remote.DomainPinEmulatorArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	pin, err := pinSet(a.Cpumap)
	if err != nil {
		return nil, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			def.CPUTune.EmulatorPin = pin
			return nil
		},
		live: func(h handle, def *xml.Domain) error {
			def.CPUTune.EmulatorPin = pin
			return pinThread(h.object.PID, pin)
		},
	})
}

func (d *Driver) emulatorPin(c *dispatch.Call, a *remote.DomainGetEmulatorPinInfoArgs) (*remote.DomainGetEmulatorPinInfoRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	o, err := d.find(a.Dom)
	if err != nil {
		return nil, err
	}
	def, err := affect(a.Flags).one(o)
	if err != nil {
		return nil, err
	}
	cpus, err := d.pinned(def.CPUTune.EmulatorPin, def)
	if err != nil {
		return nil, err
	}
	return &remote.DomainGetEmulatorPinInfoRet{Cpumaps: cpuMap(cpus, int(a.Maplen)), Ret: 1}, nil
}
