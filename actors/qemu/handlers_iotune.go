package qemu

import (
	"maps"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/actors/domain"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

func (d *Driver) iotuneHandlers(t *dispatch.Table) {
	dispatch.Handle(t, remote.ProcDomainGetBlockIOTune, dispatch.Worker, d.blockIOTune)
	dispatch.Handle(t, remote.ProcDomainSetBlockIOTune, dispatch.Worker, d.setBlockIOTune)
}

const (
	iotuneGroup = "group_name"
	iotuneSize  = "size_iops_sec" // the group stands behind it
	// maxIOTune is the most that QEMU takes for a limit.
	maxIOTune = 1000000000000000
)

// iotune are the limits of one disk, by the names that the API and the document share.
type iotune struct {
	limits map[string]uint64
	group  string
}

func iotuneOf(disk *xml.Disk) iotune { return iotune{disk.IOTune, disk.IOTuneGroup} }

// iotuneFamily names the limits that a client gives together: what it leaves out of a family is 0.
func iotuneFamily(name string) string {
	for _, prefix := range []string{"total_", "read_", "write_"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return rest
		}
	}
	return name
}

func iotuneTypes() virtype.Allowed {
	types := map[string]int32{iotuneGroup: virtype.TypedParamString}
	for _, name := range xml.ThrottleLimits {
		types[name] = virtype.TypedParamUllong
	}
	return virtype.Allowed{Types: types}
}

// readIOTune takes the limits that a client gives, and which families it speaks of.
func readIOTune(params []remote.TypedParam) (t iotune, given map[string]bool, err error) {
	t.limits, given = map[string]uint64{}, map[string]bool{}
	for i := range params {
		name, v := params[i].Field, params[i].Value
		given[iotuneFamily(name)] = true
		if name == iotuneGroup {
			t.group = v.S
			continue
		}
		if v.Ul > maxIOTune {
			return t, nil, errUnsupportedArgument("block I/O throttle limit value must be no more than %d", uint64(maxIOTune))
		}
		t.limits[name] = v.Ul
	}
	for _, kind := range []string{"bytes_sec", "iops_sec", "bytes_sec_max", "iops_sec_max"} {
		if t.limits["total_"+kind] != 0 && (t.limits["read_"+kind] != 0 || t.limits["write_"+kind] != 0) {
			return t, nil, errInvalidArg("total and read/write of %s cannot be set at the same time", kind)
		}
	}
	return t, given, nil
}

// over gives the limits with those of old in the families that were not given.
func (t iotune) over(old iotune, given map[string]bool) iotune {
	out := iotune{map[string]uint64{}, old.group}
	if given[iotuneGroup] {
		out.group = t.group
	}
	for _, name := range xml.ThrottleLimits {
		if given[iotuneFamily(name)] {
			out.limits[name] = t.limits[name]
		} else {
			out.limits[name] = old.limits[name]
		}
	}
	for _, name := range xml.ThrottleLimits {
		base, isLength := strings.CutSuffix(name, "_max_length")
		// A length that is taken away is QEMU's default, which is not 0 where there is a limit.
		if isLength && given[iotuneFamily(name)] && old.limits[name] != 0 && out.limits[name] == 0 &&
			(out.limits[base] != 0 || out.limits[base+"_max"] != 0) {
			out.limits[name] = 1
		}
	}
	return out
}

func (t iotune) any() bool {
	for _, v := range t.limits {
		if v != 0 {
			return true
		}
	}
	return false
}

// joinIOTune gives a disk its new limits, and those to every disk of its group.
func joinIOTune(def *xml.Domain, disk *xml.Disk, fresh iotune, given map[string]bool) (iotune, error) {
	old := iotuneOf(disk)
	if fresh.group != "" && disk.IOTuneGroup != fresh.group {
		for _, other := range def.Devices.Disks {
			if other.IOTuneGroup == fresh.group {
				old = iotuneOf(other)
				break
			}
		}
	}
	next := fresh.over(old, given)
	if !next.any() {
		if next.group != "" && next.group != disk.IOTuneGroup {
			return next, errUnsupportedConfig("creating a new group/updating existing with all tune parameters zero is not supported")
		}
		next.group = "" // without limits a disk leaves its group
	}
	return next, nil
}

// applyIOTune writes the limits into a document.
func applyIOTune(def *xml.Domain, target string, next iotune) {
	def.Devices.Disks = replace(def.Devices.Disks,
		func(k *xml.Disk) bool {
			return k.Target == target || next.group != "" && k.IOTuneGroup == next.group
		},
		func(k *xml.Disk) {
			k.IOTuneGroup = next.group
			k.IOTune = maps.Clone(next.limits)
			maps.DeleteFunc(k.IOTune, func(_ string, v uint64) bool { return v == 0 })
		})
}

// checkBursts refuses bursts without the limit that they exceed.
func checkBursts(t iotune) error {
	for _, name := range []string{
		"total_bytes_sec", "read_bytes_sec", "write_bytes_sec", "total_iops_sec", "read_iops_sec", "write_iops_sec",
	} {
		limit, burst := t.limits[name], t.limits[name+"_max"]
		switch {
		case burst == 0:
		case limit == 0:
			return errUnsupportedConfig("cannot reset '%s' when '%s' is set", name, name+"_max")
		case burst < limit:
			return errUnsupportedConfig("value '%s' cannot be smaller than '%s'", name+"_max", name)
		}
	}
	return nil
}

// mayThrottle refuses disks whose traffic does not pass through QEMU.
func mayThrottle(disk *xml.Disk) error {
	if disk.Source.Type == "vhostuser" {
		return errUnsupportedConfig("a block I/O throttling is not supported for vhostuser disk")
	}
	return nil
}

func (d *Driver) setBlockIOTune(c *dispatch.Call, a *remote.DomainSetBlockIOTuneArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	if err := iotuneTypes().Check(a.Params); err != nil {
		return nil, err
	}
	if _, err := d.find(a.Dom); err != nil {
		return nil, err
	}
	fresh, given, err := readIOTune(a.Params)
	if err != nil {
		return nil, err
	}
	live := false
	err = d.edit(c, a.Dom, a.Flags, change{
		config: func(def *xml.Domain) error {
			disk := findDisk(def, a.Disk)
			if disk == nil {
				return errInvalidArg("missing persistent configuration for disk '%s'", a.Disk)
			}
			next, err := joinIOTune(def, disk, fresh, given)
			if err == nil {
				err = mayThrottle(disk)
			}
			if err == nil {
				applyIOTune(def, disk.Target, next)
			}
			return err
		},
		live: func(h handle, def *xml.Domain) error {
			disk := findDisk(def, a.Disk)
			if disk == nil {
				return errInvalidArg("disk '%s' not found in domain", a.Disk)
			}
			if err := mayThrottle(disk); err != nil {
				return err
			}
			next, err := joinIOTune(def, disk, fresh, given)
			if err == nil {
				err = checkBursts(next)
			}
			if err == nil && !disk.Source.Empty() {
				_, err = h.monitor(c, "block_set_io_throttle", throttleArguments(disk, next), nil)
			}
			if err == nil {
				applyIOTune(def, disk.Target, next)
				live = true
			}
			return err
		},
	})
	if err == nil && live && len(a.Params) > 0 {
		d.emitIOTune(a.Dom, a.Disk, a.Params)
	}
	return nil, err
}

// qemuLimit is QEMU's name of a limit: "bps_rd_max" for "read_bytes_sec_max".
func qemuLimit(name string) string {
	if name == iotuneSize {
		return "iops_size"
	}
	side, rest, _ := strings.Cut(name, "_")
	suffix := map[string]string{"total": "", "read": "_rd", "write": "_wr"}[side]
	if burst, ok := strings.CutPrefix(rest, "bytes_sec"); ok {
		return "bps" + suffix + burst
	}
	return "iops" + suffix + strings.TrimPrefix(rest, "iops_sec")
}

// throttleArguments are those of block_set_io_throttle. It wants all limits, but no length that is 0.
func throttleArguments(disk *xml.Disk, t iotune) map[string]any {
	args := map[string]any{"id": diskQOMPath(disk)}
	for _, name := range xml.ThrottleLimits {
		if v := t.limits[name]; v != 0 || !strings.HasSuffix(name, "_length") {
			args[qemuLimit(name)] = v
		}
	}
	if t.group != "" {
		args["group"] = t.group
	}
	return args
}

func (d *Driver) blockIOTune(c *dispatch.Call, a *remote.DomainGetBlockIOTuneArgs) (*remote.DomainGetBlockIOTuneRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	var params virtype.Params
	count := int32(len(xml.ThrottleLimits) + 1)
	path := text(a.Disk)
	err := d.withJob(c, a.Dom, domain.JobQuery, func(h handle) error {
		live, _, err := affect(a.Flags).resolve(h.object)
		if err != nil || a.Nparams == 0 {
			return err
		}
		def := h.object.Def
		if !live {
			def = h.object.Config()
		}
		disk := findDisk(def, path)
		switch {
		case disk == nil && live:
			return errInvalidArg("disk '%s' not found in domain", path)
		case disk == nil:
			return errInvalidArg("disk '%s' was not found in the domain config", path)
		}
		if err := mayThrottle(disk); err != nil {
			return err
		}
		t := iotuneOf(disk)
		if live {
			if t, err = askIOTune(c, h, disk); err != nil {
				return err
			}
		}
		params = iotuneParams(t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if a.Nparams == 0 {
		return &remote.DomainGetBlockIOTuneRet{Nparams: count}, nil
	}
	params = room(params, a.Nparams)
	return &remote.DomainGetBlockIOTuneRet{Params: params, Nparams: int32(len(params))}, nil
}

func iotuneParams(t iotune) (params virtype.Params) {
	for _, name := range xml.ThrottleLimits {
		params.Ullong(name, t.limits[name])
		if name == iotuneSize {
			params.String(iotuneGroup, t.group)
		}
	}
	return params
}

// askIOTune reads the limits that QEMU keeps.
func askIOTune(c *dispatch.Call, h handle, disk *xml.Disk) (t iotune, err error) {
	devices, err := query[[]struct {
		QDev     string         `json:"qdev"`
		Inserted map[string]any `json:"inserted"`
	}](c, h, "query-block", nil)
	if err != nil {
		return t, err
	}
	for _, dev := range devices {
		if dev.QDev == "" || qomAlias(dev.QDev) != disk.Alias {
			continue
		}
		if dev.Inserted == nil {
			return t, errInternal("block_io_throttle inserted entry was not in expected format")
		}
		t.limits = map[string]uint64{}
		for _, name := range xml.ThrottleLimits {
			if v, ok := dev.Inserted[qemuLimit(name)].(float64); ok {
				t.limits[name] = uint64(v)
			}
		}
		t.group, _ = dev.Inserted["group"].(string)
		return t, nil
	}
	return t, errInternal("cannot find throttling info for device '%s'", diskQOMPath(disk))
}

// emitIOTune tells of limits that were changed on a machine, by the client's word.
func (d *Driver) emitIOTune(dom remote.NonnullDomain, path string, params []remote.TypedParam) {
	o, err := d.find(dom)
	if err != nil {
		return // it is gone, and with it whoever might care
	}
	const prefix = "blkdeviotune."
	var told virtype.Params
	told.String(prefix+"disk", path)
	for _, p := range params {
		p.Field = prefix + p.Field
		told = append(told, p)
	}
	d.emitTunable(o, told)
}

// emitTunable tells of something about a machine that was tuned.
func (d *Driver) emitTunable(o *domain.Object, params virtype.Params) {
	dom := wire(o)
	d.bus.Domain(dom, virtype.DomainEventIDTunable, &remote.DomainEventCallbackTunableMsg{Dom: dom, Params: params})
}
