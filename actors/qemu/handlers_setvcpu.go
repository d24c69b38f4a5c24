package qemu

import (
	"slices"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/xml/cpuset"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) setVCPUHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainSetVCPU, dispatch.Worker, d.setVCPU)
}

// maxVCPUMap bounds the numbers in a map of virtual processors.
const maxVCPUMap = 4096

// readVCPUMap reads which virtual processors are to be switched, as libvirt's functions for it do.
func readVCPUMap(c *dispatch.Call, text string, state int32) (*cpuset.Set, error) {
	if state != 0 && state != 1 {
		return nil, virerr.Argument(virerr.FromQEMU, functionName(c.Proc.API), "state", "unsupported state value")
	}
	set, err := cpuset.Parse(text)
	if err == nil {
		for _, n := range set.Members() {
			if n >= maxVCPUMap {
				err = virerr.Kind(virerr.InvalidArg)
			}
		}
	}
	if err != nil {
		return nil, virerr.New(virerr.FromNone, virerr.InvalidArg, "Failed to parse bitmap '%s'", text)
	}
	return set, nil
}

func (d *Driver) setVCPU(c *dispatch.Call, a *remote.DomainSetVCPUArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	set, err := readVCPUMap(c, a.Cpumap, a.State)
	if err != nil {
		return nil, err
	}
	if set.Empty() {
		return nil, errInvalidArg("no vcpus selected for modification")
	}
	numbers := set.Members()
	last := numbers[len(numbers)-1]
	return nil, d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			if last >= def.VCPU.Max() {
				return errInvalidArg("vcpu %d is not present in persistent config", last)
			}
			return switchVCPUs(def, numbers, a.State != 0)
		},
		live: func(_ handle, def *xml.Domain) error {
			if last >= def.VCPU.Max() {
				return errInvalidArg("vcpu %d is not present in live config", last)
			}
			if err := switchable(def, numbers, a.State != 0); err != nil {
				return err
			}
			return dispatch.Unsupported(c.Proc) // hotplug
		},
	})
}

// switchVCPUs changes a definition: from then on each virtual processor is listed.
func switchVCPUs(def *xml.Domain, numbers []int, on bool) error {
	if numbers[0] == 0 {
		return errInvalidArg("vCPU '0' can't be modified")
	}
	def.VCPU.List = slices.Clone(def.VCPU.List)
	for n := numbers[0] + 1; n < def.VCPU.Max(); n++ {
		if v := def.VCPU.List[n]; v.Online && v.Hotpluggable == xml.No && !slices.Contains(numbers, n) {
			return errInvalidArg("vcpu '%d' can't be modified as it is followed by non-hotpluggable online vcpus", numbers[0])
		}
	}
	def.VCPU.Individual = true
	for i := range def.VCPU.List {
		v := &def.VCPU.List[i]
		v.Order = 0
		if slices.Contains(numbers, i) {
			v.Online, v.Hotpluggable = on, xml.Yes
		}
	}
	return nil
}

// switchable refuses virtual processors of a machine that are not as they would have to be.
func switchable(def *xml.Domain, numbers []int, on bool) error {
	for _, n := range numbers {
		switch v := def.VCPU.List[n]; {
		case v.Online == on:
			return errInvalidArg("vcpu '%d' is already in requested state", n)
		case v.Online && v.Hotpluggable == xml.Absent:
			return errInvalidArg("vcpu '%d' can't be hotunplugged", n)
		case v.Online && n == 0:
			return errUnsupportedOperation("vcpu '%d' can't be unplugged", n)
		}
	}
	if len(numbers) != 1 {
		return errUnsupportedOperation("only one hotpluggable entity can be selected")
	}
	return nil
}
