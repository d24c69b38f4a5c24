package qemu

import (
	"cmp"
	"reflect"
	"regexp"
	"slices"

	"virtree.dev/actors/qemu/defaults"
	machines "virtree.dev/actors/qemu/machine"
	"virtree.dev/protocol/xml/cpu"
	xml "virtree.dev/protocol/xml/domain"
)

// migratable gives the document in the form that an older libvirt takes over: without
// what that one adds by itself, and without what belongs to this host.
func (d *Driver) migratable(def *xml.Domain) (*xml.Domain, error) {
	next, err := copyMigratable(def)
	if err != nil {
		return nil, err
	}
	v := &next.Devices
	usb := -1
	if machines.Of(def).I440FX() {
		usb = only(v.Controllers, "usb", func(c *xml.Controller) bool { return c.Model == "" || c.Model == "piix3-uhci" })
	}
	pci := only(v.Controllers, "pci", func(c *xml.Controller) bool { return c.Model == "pci-root" && c.PCI.Hole64 == nil })
	v.Controllers = without(v.Controllers, usb, pci)
	v.Panics = slices.DeleteFunc(slices.Clone(v.Panics), func(p *xml.Panic) bool {
		return p.Model == "s390" || p.Model == "pseries"
	})
	v.Channels = replace(v.Channels, d.hasDefaultPath, func(c *xml.Chardev) { c.Source.Path = "" })
	v.Serials = replace(v.Serials,
		func(c *xml.Chardev) bool {
			return c.TargetType == "spapr-vio-serial" || c.TargetType == "system-serial"
		},
		func(c *xml.Chardev) { c.TargetType, c.TargetModel = "", "" })
	v.Disks = replace(v.Disks, isEmptyDrive, func(k *xml.Disk) {
		source := *k.Source
		source.Format = cmp.Or(source.Format, "raw")
		k.Source = &source
	})
	if usual, err := defaults.Audio(def, d.defaults); err == nil && usual != nil && len(v.Audios) == 1 && reflect.DeepEqual(v.Audios[0], usual) {
		v.Audios = nil
	}
	if def.CPU != nil && def.CPU.Mode == "custom" && def.CPU.Model == "Icelake-Server" {
		next.CPU = withoutPConfig(def.CPU)
	}
	return next, nil
}

// copyMigratable makes a document without what only a machine has.
func copyMigratable(def *xml.Domain) (*xml.Domain, error) {
	text := def.Format(xml.FormatOptions{Secure: true, Inactive: true, Migratable: true})
	return xml.Parse([]byte(text), xml.ParseOptions{SkipValidate: true, SkipPostParse: true, Inactive: true})
}

// only gives the place of the one controller of its type, if it is the first of that
// type, plain and without a name of the user's; else -1.
func only(list []*xml.Controller, kind string, plain func(*xml.Controller) bool) int {
	found := -1
	for i, c := range list {
		if c.Type != kind {
			continue
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	if found < 0 || list[found].Index != 0 || !plain(list[found]) || userAlias.MatchString(list[found].Alias) {
		return -1
	}
	return found
}

// userAlias are the aliases that documents may choose.
var userAlias = regexp.MustCompile(`^ua-`)

func without(list []*xml.Controller, places ...int) []*xml.Controller {
	var out []*xml.Controller
	for i, c := range list {
		if !slices.Contains(places, i) {
			out = append(out, c)
		}
	}
	return out
}

// hasDefaultPath says whether a channel's socket is where this daemon puts it.
func (d *Driver) hasDefaultPath(c *xml.Chardev) bool {
	if c.TargetType != "virtio" || c.Source.Type != "unix" || c.Source.Path == "" {
		return false
	}
	usual := "^" + regexp.QuoteMeta(d.files.ChannelTarget) + `/([^/]+\.)|(domain-[^/]+/)` + regexp.QuoteMeta(c.Name) + "$"
	ok, err := regexp.MatchString(usual, c.Source.Path)
	return err == nil && ok
}

// withoutPConfig switches a feature off that the model once had by name only.
func withoutPConfig(c *xml.CPU) *xml.CPU {
	next := *c
	next.Features = slices.Clone(c.Features)
	for i := range next.Features {
		if next.Features[i].Name == "pconfig" {
			next.Features[i].Policy = "disable"
			return &next
		}
	}
	next.Features = append(next.Features, cpu.Feature{Name: "pconfig", Policy: "disable"})
	return &next
}
