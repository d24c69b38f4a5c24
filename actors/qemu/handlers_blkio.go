package qemu

import (
	"fmt"
	"strconv"
	"strings"

	"virtree.dev/actors/dispatch"
	"virtree.dev/protocol/remote"
	"virtree.dev/protocol/virerr"
	"virtree.dev/protocol/virtype"
	xml "virtree.dev/protocol/xml/domain"
)

// blkioWeight is the share of a whole domain; the others are lists of "device,number".
const blkioWeight = "weight"

// blkioLists are the parameters by device, in the order of the answer.
var blkioLists = []struct {
	name string
	get  func(d *xml.BlkioDevice) uint64
	set  func(d *xml.BlkioDevice, v uint64)
	bits int
}{
	{"device_weight", func(d *xml.BlkioDevice) uint64 { return uint64(d.Weight) },
		func(d *xml.BlkioDevice, v uint64) { d.Weight = uint(v) }, 32},
	{"device_read_iops_sec", func(d *xml.BlkioDevice) uint64 { return uint64(d.ReadIOPS) },
		func(d *xml.BlkioDevice, v uint64) { d.ReadIOPS = uint(v) }, 32},
	{"device_write_iops_sec", func(d *xml.BlkioDevice) uint64 { return uint64(d.WriteIOPS) },
		func(d *xml.BlkioDevice, v uint64) { d.WriteIOPS = uint(v) }, 32},
	{"device_read_bytes_sec", func(d *xml.BlkioDevice) uint64 { return d.ReadBPS },
		func(d *xml.BlkioDevice, v uint64) { d.ReadBPS = v }, 64},
	{"device_write_bytes_sec", func(d *xml.BlkioDevice) uint64 { return d.WriteBPS },
		func(d *xml.BlkioDevice, v uint64) { d.WriteBPS = v }, 64},
}

func (d *Driver) blkioParameters(c *dispatch.Call, a *remote.DomainGetBlkioParametersArgs) (*remote.DomainGetBlkioParametersRet, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)|virtype.TypedParamStringOkay); err != nil {
		return nil, err
	}
	if err := d.mayTune(a.Dom, "Block I/O tuning", virerr.ConfigUnsupported); err != nil {
		return nil, err
	}
	if a.Nparams == 0 {
		return &remote.DomainGetBlkioParametersRet{Nparams: int32(1 + len(blkioLists))}, nil
	}
	def, err := d.readTuning(a.Dom, a.Flags, noBlkioGroup)
	if err != nil {
		return nil, err
	}
	var params virtype.Params
	params.Uint(blkioWeight, uint32(def.BlkioTune.Weight))
	for _, l := range blkioLists {
		var items []string
		for i := range def.BlkioTune.Devices {
			if v := l.get(&def.BlkioTune.Devices[i]); v != 0 {
				items = append(items, fmt.Sprintf("%s,%d", def.BlkioTune.Devices[i].Path, v))
			}
		}
		params.String(l.name, strings.Join(items, ","))
	}
	params = room(params, a.Nparams)
	return &remote.DomainGetBlkioParametersRet{Params: params, Nparams: int32(len(params))}, nil
}

func (d *Driver) setBlkioParameters(c *dispatch.Call, a *remote.DomainSetBlkioParametersArgs) (*dispatch.Void, error) {
	if err := checkFlags(c, a.Flags, uint32(affectMask)); err != nil {
		return nil, err
	}
	allowed := virtype.Allowed{Types: map[string]int32{blkioWeight: virtype.TypedParamUint}}
	for _, l := range blkioLists {
		allowed.Types[l.name] = virtype.TypedParamString
	}
	if err := allowed.Check(a.Params); err != nil {
		return nil, err
	}
	if err := d.mayTune(a.Dom, "Block I/O tuning", virerr.ConfigUnsupported); err != nil {
		return nil, err
	}
	return nil, d.edit(c, a.Dom, a.Flags, change{
		live: noGroup(noBlkioGroup),
		config: func(def *xml.Domain) error {
			for i := range a.Params {
				if err := setBlkio(&def.BlkioTune, &a.Params[i]); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

func setBlkio(t *xml.BlkioTune, p *remote.TypedParam) error {
	if p.Field == blkioWeight {
		t.Weight = uint(p.Value.Ui)
		return nil
	}
	devices := append([]xml.BlkioDevice(nil), t.Devices...)
	for _, l := range blkioLists {
		if l.name != p.Field {
			continue
		}
		for i := range devices {
			l.set(&devices[i], 0)
		}
		items := strings.Split(p.Value.S, ",")
		if len(items)%2 != 0 {
			return errInvalidArg("unable to parse blkio device '%s' '%s'", p.Field, p.Value.S)
		}
		for i := 0; i < len(items); i += 2 {
			v, err := strconv.ParseUint(items[i+1], 10, l.bits)
			if err != nil {
				return errInvalidArg("invalid value '%s' for parameter '%s' of device '%s'", items[i+1], p.Field, items[i])
			}
			devices = withBlkioDevice(devices, items[i], func(d *xml.BlkioDevice) { l.set(d, v) })
		}
	}
	t.Devices = devices
	return nil
}

func withBlkioDevice(list []xml.BlkioDevice, path string, set func(*xml.BlkioDevice)) []xml.BlkioDevice {
	for i := range list {
		if list[i].Path == path {
			set(&list[i])
			return list
		}
	}
	fresh := xml.BlkioDevice{Path: path}
	set(&fresh)
	return append(list, fresh)
}
