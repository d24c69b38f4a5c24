package qemu

import (
	"fmt"
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
	if flags&virtype.DomainVCPUMaximum != 0 {
		return d.edit(c, dom, flags, change{
			check: func(live, _ *xml.Domain) error {
				if live != nil {
					return errUnsupportedOperation("maximum vcpu count of a live domain can't be modified")
				}
				return nil
			},
			config: func(def *xml.Domain) error {
				def.VCPU.List = slices.Clone(def.VCPU.List)
				return setMaxVCPUs(def, n)
			},
		})
	}
	return d.edit(c, dom, flags, change{
		check: func(live, config *xml.Domain) error {
			const tooMany = "requested vcpus is greater than max allowable vcpus for the %s domain: %d > %d"
			switch {
			case live != nil && n > live.VCPU.Max():
				return errInvalidArg(tooMany, "live", n, live.VCPU.Max())
			case config != nil && n > config.VCPU.Max():
				return errInvalidArg(tooMany, "persistent", n, config.VCPU.Max())
			}
			return nil
		},
		config: func(def *xml.Domain) error {
			def.VCPU.List = slices.Clone(def.VCPU.List)
			plugVCPUs(&def.VCPU, n, flags&virtype.DomainVCPUHotpluggable != 0)
			return nil
		},
		live: func(_ handle, def *xml.Domain) error {
			if n == def.VCPU.Online() {
				return nil
			}
			return dispatch.Unsupported(c.Proc) // hotplug
		},
	})
}

// plugVCPUs makes it n virtual processors that are plugged in. Those that can be
// unplugged stand behind those that cannot.
func plugVCPUs(v *xml.VCPU, n int, hotpluggable bool) {
	online := v.Online()
	for i := range v.List {
		v.List[i].Order = 0
	}
	for i := 0; i < len(v.List) && online < n; i++ {
		cpu := &v.List[i]
		if cpu.Online {
			hotpluggable = hotpluggable || cpu.Hotpluggable == xml.Yes
			continue
		}
		cpu.Online, cpu.Hotpluggable = true, xml.No
		if hotpluggable {
			cpu.Hotpluggable, v.Individual = xml.Yes, true
		}
		online++
	}
	for i := len(v.List) - 1; i >= 0 && online > n; i-- {
		if cpu := &v.List[i]; cpu.Online {
			cpu.Online, cpu.Hotpluggable = false, xml.Yes
			online--
		}
	}
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
	pin := pinSet(bits)
	set := func(def *xml.Domain) {
		def.VCPU.List = slices.Clone(def.VCPU.List)
		def.VCPU.List[n].Pin = pin
	}
	return d.edit(c, dom, flags, change{
		config: func(def *xml.Domain) error {
			if n >= def.VCPU.Max() {
				return errInvalidArg("vcpu %d is out of range of persistent cpu count %d", n, def.VCPU.Online())
			}
			set(def)
			return checkPin(pin)
		},
		live: func(h handle, def *xml.Domain) error {
			if err := checkPin(pin); err != nil {
				return err
			}
			if n >= def.VCPU.Max() {
				return errInvalidArg("vcpu %d is out of range of live cpu count %d", n, def.VCPU.Max())
			}
			set(def)
			if thread := vcpuThreads(h.object)[n]; thread != 0 {
				if err := pinThread(thread, pin); err != nil {
					return err
				}
			}
			d.emitPin(h, fmt.Sprintf("cputune.vcpupin%d", n), pin)
			return nil
		},
	})
}

// emitPin tells of a thread of a machine that may run elsewhere from now on.
func (d *Driver) emitPin(h handle, name string, pin *cpuset.Set) {
	var params virtype.Params
	params.String(name, pin.String())
	d.emitTunable(h.object, params)
}

// pinSet reads a map of host processors.
func pinSet(bits []byte) *cpuset.Set {
	set := &cpuset.Set{}
	for i := range len(bits) * 8 {
		if bits[i/8]&(1<<(i%8)) != 0 {
			set.Add(i)
		}
	}
	return set
}

func checkPin(pin *cpuset.Set) error {
	if pin.Empty() {
		return errInvalidArg("Empty cpu list for pinning")
	}
	return nil
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
	pin := pinSet(a.Cpumap)
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			def.CPUTune.EmulatorPin = pin
			return checkPin(pin)
		},
		live: func(h handle, def *xml.Domain) error {
			if err := checkPin(pin); err != nil {
				return err
			}
			def.CPUTune.EmulatorPin = pin
			if err := pinThread(h.object.PID, pin); err != nil {
				return err
			}
			d.emitPin(h, "cputune.emulatorpin", pin)
			return nil
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
